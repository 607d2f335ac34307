"""Units that the stand-in accepted equal those in the ledger, whatever breaks about the sending.

One case is left in which they cannot: no answer came, nothing was accepted, and the user sends
again. Google lists no operations, so nobody can know that the first try cost nothing: the ledger
counts it as well, and so keeps to the budget.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from core.app.hub import Hub
from core.jobs.ledger.records import Job, JobState, OperationState
from tests.kit.services.crashes import Crash, Fuse, dead_process, dying
from tests.kit.standin.dashboards import (
    PICTURES,
    UNITS,
    Dashboard,
    LogIn,
    StandIn,
    accepted,
    counted,
    create,
)
from tests.kit.standin.desk import Rule, until
from tests.kit.standin.vision import FAULTS, LOST, Code

SUBMIT = "AsyncBatch"
STEPS = ("prepare_bucket", "mark_uploaded", "check_ready", "claim", "submit", "move")


def see_it_through(hub: Hub, job: Job, standin: StandIn) -> tuple[Job, int]:
    """Press what the page offers until all is there; and how often "Send it again" was pressed."""
    again: list[int] = []

    def done() -> bool:
        hub.watcher.round()
        now = hub.jobs.get(job.id)
        if now.state is JobState.STOPPED or now.retry_at is not None:
            hub.jobs.send(job.id)  # "Try again"
        for operation in now.operations:
            # Only who knows that nothing was accepted may say so; here the log tells.
            doubtful = operation.state is OperationState.UNCONFIRMED
            if doubtful and not accepted(standin):
                again.append(operation.id)
                hub.jobs.unconfirmed.send_again(operation.id)
                hub.jobs.send(job.id)
        now = hub.jobs.get(job.id)
        return now.final and now.progress.pictures_done == PICTURES

    until(done, 120)
    return hub.jobs.get(job.id), len(again)


@pytest.mark.parametrize(
    ("fault", "after"),
    [*((fault, False) for fault in FAULTS), *((fault, True) for fault in LOST)],
    ids=[*(f"{fault}-refused" for fault in FAULTS), *(f"{fault}-accepted" for fault in LOST)],
)
def test_every_fault_of_the_submitting_call(
    standin: StandIn,
    dashboard: Dashboard,
    log_in: LogIn,
    tmp_path: Path,
    fault: str,
    after: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.jobs.service.connection.SUBMIT_TIMEOUT_S", 3.0)
    log_in("robot")
    hub = dashboard()
    standin.desk.rules = [Rule("vision", fault, SUBMIT, times=1, after=after)]
    job = create(hub, tmp_path)
    hub.jobs.send(job.id)
    if FAULTS[fault][0] in (Code.INVALID_ARGUMENT, Code.NOT_FOUND):  # the request itself is wrong
        assert hub.jobs.get(job.id).state is JobState.FAILED
        assert accepted(standin) == counted(hub) == 0
        return
    final_job, again = see_it_through(hub, job, standin)
    assert final_job.state is JobState.SUCCEEDED
    assert again == (fault in LOST and not after)
    assert accepted(standin) == UNITS
    assert counted(hub) == UNITS * (1 + again)


def killed_in_doubt(passed: list[str]) -> bool:
    """Whether it was claimed, so that it may be on the wire, and the service has not taken it."""
    return "after claim" in passed and "after submit" not in passed


@pytest.mark.slow
def test_every_kill_of_the_sender(
    standin: StandIn,
    dashboard: Dashboard,
    log_in: LogIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed just before and just after every step; the next dashboard goes on, and its user."""
    log_in("robot")
    sender = f"{dead_process()}:sender"
    passed: list[str] = []
    for moment in range(100):
        standin.desk.clear()
        fuse = Fuse(moment)
        home = str(tmp_path / f"home-{moment}")
        hub = dashboard(process=sender, CONTACT_SHEET_HOME=home)
        job = create(hub, tmp_path)
        try:
            with dying(fuse, monkeypatch):
                hub.jobs.send(job.id)
        except Crash:
            pass
        else:
            passed = fuse.passed
        after = dashboard(process="another:1:next", CONTACT_SHEET_HOME=home)
        final_job, again = see_it_through(after, job, standin)
        where = f"{moment}: {fuse.passed[-1] if fuse.passed else 'before everything'}"
        assert final_job.state is JobState.SUCCEEDED, where
        assert accepted(standin) == UNITS and counted(after) == UNITS * (1 + again), where
        assert not again or killed_in_doubt(fuse.passed), where
        if passed:
            break
    assert {f"{when} {step}" for when in ("before", "after") for step in STEPS} <= set(passed)
