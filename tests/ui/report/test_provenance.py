"""What a report's method says of its job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import OperationState
from core.ui.components import times
from core.ui.report import provenance
from tests.kit.services.ledger import NOW, add


def test_when_a_job_ended(tmp_path: Path) -> None:
    """One whose pictures were all answered before was "still running" for ever."""
    ledger = Ledger(f"sqlite:///{tmp_path}/jobs.db")
    add(ledger, "j", "d", pictures=40)
    job = ledger.job("j")
    assert job is not None

    def said(state: OperationState, *, sent: bool = True) -> str:
        over = replace(job.operations[0], state=state, ended_at=NOW)
        shown = replace(job, operations=(over,) if sent else (), uploaded=job.uploads)
        return dict(provenance._asked(shown, ""))["Ended"]

    assert said(OperationState.RUNNING) == "still running"
    assert said(OperationState.SUCCEEDED) == times.moment(NOW)
    assert said(OperationState.SUCCEEDED, sent=False) == "at once: nothing was sent"
