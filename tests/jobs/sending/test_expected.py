"""How fast a batch is expected to be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job, OperationState
from core.jobs.sending.expected import usual_rate
from tests.kit.services.jobs_rig import REQUEST
from tests.kit.services.ledger import NOW, add


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Forty pictures of the backend "local", planned."""
    ledger = Ledger(f"sqlite:///{tmp_path}/jobs.db")
    add(ledger, "like", "like", pictures=40)
    planned = ledger.job("like")
    assert planned is not None
    return planned


def done(job: Job, pictures: int, seconds: float) -> Job:
    """As many were annotated in that time."""
    end = NOW + timedelta(seconds=seconds)
    operation = replace(
        job.operations[0], state=OperationState.SUCCEEDED, pictures=pictures,
        pictures_done=pictures, sent_at=NOW, progress_at=end, ended_at=end,
    )  # fmt: skip
    return replace(job, operations=(operation,), pictures=pictures)


def test_the_newest_batch_like_it_counts(job: Job) -> None:
    newest, older = done(job, 40, 10), done(job, 40, 40)
    assert usual_rate([newest, older], REQUEST.features, "local") == 4.0
    assert usual_rate([job, older], REQUEST.features, "local") == 1.0  # the first has not ended
    assert usual_rate([newest], tuple(reversed(REQUEST.features)), "local") == 4.0


def test_nothing_is_guessed(job: Job) -> None:
    like = done(job, 40, 10)
    assert usual_rate([], REQUEST.features, "local") == 0
    assert usual_rate([like], REQUEST.features, "another") == 0
    assert usual_rate([like], ("FACE_DETECTION",), "local") == 0
    by_name = replace(like, request=None)
    too_few, reused = done(job, 2, 10), replace(like, operations=())
    assert usual_rate([by_name, too_few, reused], REQUEST.features, "local") == 0
