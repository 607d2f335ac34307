"""Pytest's hooks that fail a run which leaves a process behind; tests/conftest.py takes them."""

from __future__ import annotations

import os

import pytest

from tests.kit import leftovers

RUN = leftovers.mark()
_left: dict[int, str] = {}


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
