"""Processes of a test run that outlive it, found by a mark that every one of them inherits."""

from __future__ import annotations

import os
import re
import secrets
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

MARK = "CONTACT_SHEET_TEST_RUN"
_RUN = re.compile(MARK.encode() + rb"=([\w-]+)")
GRACE_S = 10.0  # what was asked to end a moment ago still does
HELPER = "multiprocessing.resource_tracker"  # ends with the process that started it


def mark() -> str:
    """Put a mark of this run into the environment, for all processes that it starts; return it.

    It stands at the end of ``PATH`` too, as a folder that is not there: a confined process gets
    little more of the environment than that. A run within a run (a test that starts pytest) has a
    mark of its own.
    """
    run = f"{os.getpid()}-{secrets.token_hex(8)}"
    os.environ[MARK] = run
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/{MARK}={run}"
    return run


def survivors(run: str, grace_s: float = GRACE_S) -> Mapping[int, str]:
    """Processes with a run's mark, but this one: command lines by process id.

    An orphan counts too, its environment still has the mark. Waits up to ``grace_s`` seconds for
    them to end. Linux only; elsewhere there is nothing to find.
    """
    end = time.monotonic() + grace_s
    while (alive := _marked(run)) and time.monotonic() < end:
        time.sleep(0.1)
    return alive


def end(pids: Mapping[int, str]) -> None:
    """Kill what was found, so that it does not disturb the next run."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def of_dead_runs(root: Path) -> dict[int, str]:
    """Processes that runs in ``root`` left because they were killed: command lines by id.

    An engine outlives a killed dashboard on purpose, for the next one to go on with; of a killed
    test run nobody does.
    """
    commands: dict[int, str] = {}
    for pid, runs, command in _processes():
        with suppress(OSError):
            alive = any(Path("/proc", run.partition("-")[0]).exists() for run in runs)
            if not alive and Path("/proc", str(pid), "cwd").readlink() == root:
                commands[pid] = command
    return commands


def _marked(run: str) -> dict[int, str]:
    return {pid: command for pid, runs, command in _processes() if run in runs}


def _processes() -> Iterator[tuple[int, set[str], str]]:
    """Id, marks and command line of each process with a mark, but this one."""
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if pid == os.getpid():
            continue
        with suppress(OSError):
            # Of a zombie both files are empty: it is gone but for its parent's wait.
            runs = {run.decode() for run in _RUN.findall((folder / "environ").read_bytes())}
            command = (
                (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            )
            if runs and command and HELPER not in command:
                yield pid, runs, command.strip()
