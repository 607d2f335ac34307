"""The dashboard's hold on the engine: found, not found, dead, someone else's number."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from core.app.engine_process import EngineProcess
from tests.kit.waiting import wait_until

SAYS = {"vision_address": "127.0.0.1:1", "storage_address": "http://127.0.0.1:2", "workers": 2}


def engine_json(home: Path, pid: int) -> None:
    (home / "engine").mkdir(exist_ok=True)
    said = SAYS | {"pid": pid, "capabilities": {}}
    (home / "engine" / "engine.json").write_text(json.dumps(said))


def test_no_engine_yet(tmp_path: Path) -> None:
    assert EngineProcess(tmp_path, 1).info() is None
    assert EngineProcess(tmp_path, 1).status() == "starting"


def test_number_of_another_process_is_no_engine(tmp_path: Path) -> None:
    engine_json(tmp_path, os.getpid())  # this is pytest
    assert EngineProcess(tmp_path, 1).info() is None


def test_running_engine_is_found_and_a_dead_one_is_not(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()", "core.engine"], stdin=-1)
    engine_json(tmp_path, process.pid)
    engine = EngineProcess(tmp_path, 1)
    wait_until(lambda: engine.info() is not None, "the process shows its command line", 10)
    info = engine.info()
    assert info is not None
    assert info.vision_address == SAYS["vision_address"]
    process.kill()
    process.wait()
    assert EngineProcess(tmp_path, 1).info() is None


def test_damaged_note_is_no_engine(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "engine.json").write_text('{"pid": ')
    assert EngineProcess(tmp_path, 1).info() is None


def test_engine_of_a_killed_dashboard_is_stopped_too(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()", "core.engine"], stdin=-1)
    engine_json(tmp_path, process.pid)
    taken_over = EngineProcess(tmp_path, 1)
    wait_until(lambda: taken_over.info() is not None, "the process shows its command line", 10)
    taken_over.stop()
    assert process.wait(5) == -signal.SIGTERM
