"""A journal that cannot be read: reported in words, set aside on request, started again."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from core.app.engine_process import EngineProcess
from core.doctor import local_engine
from core.doctor.findings import Check, Level, run
from core.engine.home import EngineHome
from core.engine.operations.schema import check, opened, set_aside
from core.engine.operations.store import OperationStore
from core.errors import JournalDamaged
from core.settings import Settings

ROOT = Path(__file__).parents[3]
PAGE = 4096


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Of an engine that was killed with 60 operations."""
    path = EngineHome(tmp_path).operations
    store = OperationStore(path)
    for number in range(60):
        record = store.create(b"request" * 200, f"gs://b/{number}/", 20, 45, "projects/local")
        store.journal(record.name, [(n, '{"labelAnnotations": []}' * 20) for n in range(5)])
    store.close()
    return path


def junk_pages(path: Path) -> None:
    data, chance = bytearray(path.read_bytes()), random.Random(5)
    for page in range(1, len(data) // PAGE, 3):
        data[page * PAGE : page * PAGE + 2000] = chance.randbytes(2000)
    path.write_bytes(data)


def one_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-PAGE:] = bytes(PAGE)
    path.write_bytes(data)


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def junk_header(path: Path) -> None:
    path.write_bytes(random.Random(5).randbytes(100) + path.read_bytes()[100:])


def text(path: Path) -> None:
    path.write_text("<html>504 Gateway Timeout</html>" * 50)


def sql(change: str, path: Path) -> None:
    with sqlite3.connect(path) as db:
        assert db.execute(change).rowcount


DAMAGES: dict[str, Callable[[Path], None]] = {
    "junk pages": junk_pages,
    "halved": halved,
    "junk header": junk_header,
    "text": text,
    "last page": one_page,
    **{
        change: partial(sql, f"UPDATE operations SET {change}")
        for change in (
            "state = 'RUNNINF' WHERE number = 3",
            "state = 99 WHERE number = 3",
            "batch_size = 0 WHERE number = 3",
            "pictures = 'many'",
            "created = 'yesterday'",
            "request = NULL WHERE number = 3",
            "output_uri = x'ff'",
        )
    },
}


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_journal_is_said_and_set_aside(journal: Path, how: str) -> None:
    DAMAGES[how](journal)
    before = journal.read_bytes()
    for look in (OperationStore, opened, check):
        with pytest.raises(JournalDamaged) as said:
            look(journal)
        assert str(journal) in str(said.value) and "--set-aside" in str(said.value)
    aside = set_aside(journal)
    assert aside is not None and aside.parent == journal.parent
    assert aside.read_bytes() == before  # so that it can be mended
    store = OperationStore(journal)
    assert store.unfinished() == [] and store.find() == []
    store.close()
    assert set_aside(journal) is None


def test_sound_journal_is_not_set_aside(journal: Path) -> None:
    assert set_aside(journal) is None and set_aside(journal.with_name("none")) is None
    store = OperationStore(journal)
    assert len(store.unfinished()) == 60
    store.close()


@pytest.mark.slow
def test_locked_journal_is_not_called_damaged(journal: Path) -> None:
    with sqlite3.connect(journal, isolation_level=None) as db:
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError):
            check(journal)


def test_doctor_names_the_file(journal: Path, tmp_path: Path) -> None:
    settings = Settings.from_env({"CONTACT_SHEET_HOME": str(tmp_path)})
    looks = [Check("Journal", lambda: local_engine.journal(settings))]
    assert run(looks)[0].level is Level.OK
    halved(journal)
    (finding,) = run(looks)
    assert (finding.level, finding.where) == (Level.FAIL, str(journal))
    assert "--set-aside" in finding.then


@pytest.mark.slow
def test_engine_says_it_to_the_dashboard_and_the_command_sets_it_aside(
    journal: Path, tmp_path: Path
) -> None:
    halved(journal)
    home = EngineHome(tmp_path)
    with pytest.raises(JournalDamaged) as error:
        OperationStore(journal)
    home.status(f"Failed: {error.value}")  # what the engine's ``main`` does with any error
    words = EngineProcess(tmp_path, 1)._last_words()
    assert "damaged" in words and "--set-aside" in words and str(journal) in words
    command = [sys.executable, "-m", "core.engine", "--home", str(tmp_path), "--set-aside"]
    with home.lock():
        refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 3 and "is running here" in refused.stderr and journal.exists()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, journal.exists()) == (0, False), done.stderr
    assert len([*journal.parent.glob("operations.sqlite3.damaged-*")]) >= 1
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert again.returncode == 0 and "nothing was done" in again.stderr
