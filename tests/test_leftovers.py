"""A run that leaves a process behind fails and names it; one that does not is left alone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from core.confined_process import start_confined
from tests.kit.leftovers import MARK, end, of_dead_runs, survivors
from tests.kit.waiting import wait_until

ROOT = Path(__file__).parents[1]
TEST = """
import subprocess, sys
def test_it():
    command = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE)
    process.stdout.readline()  # just after its start a process has no environment yet
    if {stops}:
        process.kill()
        process.wait()
"""


STORAGE = """
from core.engine.emulator import Emulator
from core.engine.home import free_ports
def test_it(tmp_path):
    Emulator(tmp_path, *free_ports([0])).start()
"""


# Ends only when it is told to; a session's fixture is what an interrupted run has left set up.
ENDLESS = """
import pathlib, subprocess, sys, time
import pytest
@pytest.fixture(scope="session")
def child():
    command = [sys.executable, "-c", "import time; print(flush=True); time.sleep(300)"]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE)
    process.stdout.readline()  # just after its start a process has no environment yet
    yield process
    process.kill()
    process.wait()
def test_it(child):
    pathlib.Path("child").write_text(str(child.pid))
    time.sleep(300)
"""


def run(folder: Path, *, stops: bool) -> subprocess.CompletedProcess[str]:
    (folder / "test_inner.py").write_text(TEST.format(stops=stops))
    return run_in(folder)


def run_in(folder: Path) -> subprocess.CompletedProcess[str]:
    """Pytest over a folder, with the check of this project."""
    process = start_in(folder)
    try:
        out, _ = process.communicate(timeout=200)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out)


def start_in(folder: Path) -> subprocess.Popen[str]:
    """Start it as a run of its own: its processes do not have this run's mark."""
    (folder / "conftest.py").write_text("from tests.kit.leftover_check import *\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "."]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CONTACT_SHEET_TEST_GRACE_S": "0.5"}
    path = environment["PATH"].split(os.pathsep)
    environment["PATH"] = os.pathsep.join(one for one in path if MARK not in one)
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)


def interrupted(folder: Path, how: signal.Signals) -> tuple[str, int]:
    """What an endless run says that gets a signal, and its child's id."""
    (folder / "test_inner.py").write_text(ENDLESS)
    process = start_in(folder)
    pid_file = folder / "child"
    try:
        wait_until(lambda: pid_file.is_file() and pid_file.read_text() != "", "the test runs", 200)
        process.send_signal(how)
        out, _ = process.communicate(timeout=200)
    finally:
        process.kill()
    return out, int(pid_file.read_text())


def command_line(pid: int) -> bytes:
    """Of a process that is gone, or a zombie, it is empty."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.slow
def test_a_run_that_is_told_to_end_tears_down_first(tmp_path: Path) -> None:
    out, child = interrupted(tmp_path, signal.SIGTERM)
    assert "KeyboardInterrupt" in out and "outlived" not in out
    assert command_line(child) == b""


def test_what_a_killed_run_has_left_ends_with_the_next(tmp_path: Path) -> None:
    _, child = interrupted(tmp_path, signal.SIGKILL)
    assert b"time.sleep(300)" in command_line(child)
    assert of_dead_runs(ROOT).keys().isdisjoint({child})  # of another folder
    left = of_dead_runs(tmp_path)
    assert left.keys() == {child}
    end(left)
    wait_until(lambda: command_line(child) == b"", "it is gone", 30)


@pytest.mark.slow
def test_a_survivor_fails_the_run_and_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, stops=False)
    assert "1 passed" in done.stdout
    assert done.returncode == 1, done.stdout
    (pid,) = re.findall(r"process (\d+) outlived the tests: .*time\.sleep\(60\)", done.stdout)
    with suppress(OSError):  # killed; of a zombie the command line is empty
        assert Path(f"/proc/{pid}/cmdline").read_bytes() == b""


@pytest.mark.slow
def test_a_run_that_ends_what_it_starts_passes(tmp_path: Path) -> None:
    done = run(tmp_path, stops=True)
    assert done.returncode == 0, done.stdout
    assert "outlived" not in done.stdout


@pytest.mark.slow
def test_the_storage_of_an_engine_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text(STORAGE)
    done = run_in(tmp_path)
    assert "1 passed" in done.stdout and done.returncode == 1, done.stdout
    assert re.search(r"process \d+ outlived the tests: .*core\.engine\.emulator", done.stdout)


def test_a_confined_process_is_found_by_its_path() -> None:
    process = start_confined("code", stdin=subprocess.PIPE)  # a console, which waits for input
    try:  # for a moment after its start a process has no environment yet
        wait_until(lambda: process.pid in survivors(os.environ[MARK], grace_s=0), "it is found")
    finally:
        process.kill()
        process.communicate()


def test_an_orphan_is_found_by_its_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, "a-run-of-this-test")
    # A parent that is gone at once, as a killed engine is; its child is another's now.
    child = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    code = f"import subprocess, sys; subprocess.Popen({child})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
    wait_until(lambda: survivors("a-run-of-this-test", grace_s=0), "it has its environment")
    alive = survivors("a-run-of-this-test", grace_s=0)
    try:
        assert [command for command in alive.values() if "time.sleep(60)" in command]
        assert survivors("another-run", grace_s=0) == {}
    finally:
        end(alive)
    assert survivors("a-run-of-this-test", grace_s=5) == {}
