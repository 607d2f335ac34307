"""Pytest's hooks that fail a run which leaves a process behind; tests/conftest.py takes them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType

import pytest

from tests.kit import leftovers

RUN = leftovers.mark()
_left: dict[int, str] = {}


def pytest_sessionstart(session: pytest.Session) -> None:
    """A run that is told to end (``timeout``, a cancelled workflow) ends what it has started."""
    signal.signal(signal.SIGTERM, _interrupt)
    leftovers.end(leftovers.of_dead_runs(Path.cwd()))  # of one that could not: it was killed


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@pytest.hookimpl(trylast=True)  # pytest's own tears down what an interrupted run has left set up
def pytest_sessionfinish(session: pytest.Session) -> None:
    """After the last fixture was torn down: whatever still runs is nobody's."""
    grace_s = float(os.environ.get("CONTACT_SHEET_TEST_GRACE_S", leftovers.GRACE_S))
    _left.update(leftovers.survivors(RUN, grace_s))
    leftovers.end(_left)
    if _left and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name them: without it the run would fail without a failed test."""
    for pid, command in _left.items():
        terminalreporter.line(f"process {pid} outlived the tests: {command[:300]}", red=True)
