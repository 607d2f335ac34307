"""What is on disk, or in memory, is not as it should be: a restored ledger, a suspended sender.

A ``Drill`` is as in ``kinds``.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from core.jobs.ledger.records import JobState
from scripts.drill.drill import Drill
from scripts.drill.rig import ROOT, START_S, DrillFailed, until

SENT = 0.2  # of a job's time: its upload is over, see ``kinds.UPLOADING``
LATER_S = 150.0  # longer than any sender is waited for
_PAGE = 4096


def restore_ledger(drill: Drill) -> None:
    """The ledger becomes a copy of itself from before the batch was sent."""
    drill.at_random(0.0, SENT * 0.8)
    rig = drill.rig
    ledger, copy = rig.home / "ledger.sqlite3", rig.folder / "backup.sqlite3"
    _copy(ledger, copy)
    drill.at_random(SENT)
    rig.kill_dashboard()
    _copy(copy, ledger)
    drill.details.append("restored")
    rig.start_dashboard()


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def suspend_sender(drill: Drill) -> None:
    """The dashboard stands still about the submission; another one, much later, takes over."""
    drill.at_random(SENT * 0.9, SENT)
    rig = drill.rig
    rig.suspend_dashboard()
    rig.clocks["second"].set(LATER_S)
    other = rig.start_second()
    try:
        drill.hold(5, 12)
        rig.resume_dashboard()
        drill.hold(1, 3)
    finally:
        rig.resume_dashboard()
        other.kill()
        other.wait()


def poison_row(drill: Drill) -> None:
    """Another job's record is damaged; this one must not notice, and that one is forgettable."""
    drill.at_random(0.0, 0.5)
    job, bad = drill.job, f"{drill.job.id}-bad"
    column, value = drill.chance.choice(
        (("state", "RUNNINF"), ("sent_at", "yesterday"), ("pictures", "many"), ("name", b"\xff"))
    )
    drill.details.append(f"operations.{column} is {value!r}")
    file = drill.rig.home / "ledger.sqlite3"
    with closing(sqlite3.connect(file, timeout=20)) as db, db:
        for table, key in (("jobs", "id"), ("operations", "job_id")):
            db.execute(f"CREATE TEMP TABLE one AS SELECT * FROM {table} WHERE {key} = ?", (job.id,))
            db.execute(f"UPDATE one SET {key} = ?", (bad,))
            new = ("id = NULL", f"{column} = ?") if table == "operations" else ("draft_id = ?",)
            given = (value,) if table == "operations" else (bad,)
            db.execute(f"UPDATE one SET {', '.join(new)}", given)
            db.execute(f"INSERT INTO {table} SELECT * FROM one")
            db.execute("DROP TABLE one")
    shown = drill.rig.patiently(lambda: drill.rig.hub.jobs.get(bad))
    if shown.state is not JobState.UNREADABLE or column not in shown.unreadable:
        raise DrillFailed(f"the damaged job is shown as {shown.state}: {shown.unreadable}")
    drill.at_random(0.5)
    drill.rig.hub.jobs.forget(bad)


def damage_journal(drill: Drill) -> None:
    """The engine's journal is spoiled; the engine says so, and the user sets it aside."""
    drill.at_random(SENT * 0.5, 0.95)
    rig = drill.rig
    pid = rig.engine_pid()
    rig.kill_dashboard()
    rig.kill(pid)
    drill.kills += 1
    drill.retry = True  # what the journal held is gone; the user has to ask for the rest
    _spoil(rig.home / "engine" / "operations.sqlite3", drill.chance)
    status = rig.home / "engine" / "status.txt"
    rig.start_dashboard()
    until(lambda: "--set-aside" in status.read_text(), "the engine says what to do", START_S)
    rig.kill_dashboard()
    until(lambda: not _set_aside(rig.home), "the journal is set aside", START_S)
    rig.start_dashboard()
    until(lambda: rig.hub.starting() == "", "the engine starts again", START_S)


def _spoil(journal: Path, chance: random.Random) -> None:
    data = bytearray(journal.read_bytes())
    for page in range(len(data) // _PAGE):
        data[page * _PAGE : page * _PAGE + 2000] = chance.randbytes(2000)
    journal.write_bytes(data)
    journal.with_name(journal.name + "-wal").unlink(missing_ok=True)


def _set_aside(home: Path) -> int:
    command = [sys.executable, "-m", "core.engine", "--home", str(home), "--set-aside"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=START_S, check=False)
    return done.returncode  # not 0 while an engine that is ending has the home
