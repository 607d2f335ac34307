"""A worker of a cluster uses its own machine's folders where the engine's are not there."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from core.engine.workers import cluster_worker
from core.engine.workers.cluster_worker import COPIES_KEPT, on_worker
from core.engine.workers.file_pages import PageTask
from core.engine.workers.worker import WorkerConfig
from tests.kit.services.fake_kit import FAKE_KIT


@pytest.fixture(autouse=True)
def log_of_the_test_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker takes its whole process's log over; this process is not one."""
    monkeypatch.setattr(cluster_worker, "_keep_log", lambda: None)


def folders(config: WorkerConfig, task: PageTask | bytes, *_: object) -> bytes:
    """Tells which folders it was given."""
    copy = task.copy if isinstance(task, PageTask) else ""
    return f"{config.models} {copy}".encode()


def test_the_engines_folders_where_they_are(tmp_path: Path) -> None:
    config = WorkerConfig(FAKE_KIT, tmp_path, "http://127.0.0.1:1")
    task = PageTask(b"", tmp_path / "copy-0", 1)
    output = on_worker(partial(folders, config), task, True, "x").decode()
    assert output == f"{tmp_path} {tmp_path / 'copy-0'}"


def test_its_own_where_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTACT_SHEET_HOME", str(tmp_path))
    config = WorkerConfig(FAKE_KIT, Path("/nowhere/models"), "http://127.0.0.1:1")
    run = partial(folders, config)
    own = tmp_path / "engine"
    assert on_worker(run, b"request", True, "x").decode() == f"{own / 'models'} "
    for number in range(COPIES_KEPT + 3):
        task = PageTask(b"", Path("/nowhere/files") / f"copy-{number}", 1)
        models, _, copy = on_worker(run, replace(task, page=2), True, "x").decode().partition(" ")
        assert (models, copy) == (str(own / "models"), str(own / "cluster-files" / task.copy.name))
        Path(copy).write_bytes(b"x")
    copies = list((own / "cluster-files").iterdir())
    assert len(copies) == COPIES_KEPT
    assert own / "cluster-files" / f"copy-{COPIES_KEPT + 2}" in copies
