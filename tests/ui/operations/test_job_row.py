"""What a row of Operations says of the rate, and of what to expect."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.app.batches.live_rows import POINTS
from core.jobs.batch.features import FEATURES
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job, JobState, OperationState
from core.ui.operations import job_row
from core.ui.operations.failures import count_of
from tests.kit.services.jobs_rig import REQUEST
from tests.kit.services.ledger import NOW, add


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Forty pictures, planned."""
    ledger = Ledger(f"sqlite:///{tmp_path}/jobs.db")
    add(ledger, "j", "d", pictures=40)
    record = ledger.job("j")
    assert record is not None
    return replace(record, uploaded=record.uploads)


def running(job: Job, done: int, seconds: float) -> Job:
    operation = replace(
        job.operations[0], state=OperationState.RUNNING, sent_at=NOW, pictures_done=done,
        progress_at=NOW + timedelta(seconds=seconds),
    )  # fmt: skip
    return replace(job, operations=(operation,))


def test_what_to_expect_is_said_before_the_first_shard(job: Job) -> None:
    assert job_row.rate(job, []) is None
    said = job_row.rate(job, [], usual=4.0)
    assert said is not None and (said["label"], said["value"]) == ("Expected", "10 s")
    assert said["note"] == "4.0 a second"
    assert job_row.rate(running(job, 0, 5), [], usual=4.0) == said


def test_a_batch_that_waits_for_room_shows_no_rate_of_nought(job: Job) -> None:
    first, second = running(job, 20, 10).operations[0], job.operations[0]
    done = replace(first, state=OperationState.SUCCEEDED, pictures=20, ended_at=first.progress_at)
    waiting = replace(job, operations=(done, replace(second, id=second.id + 1, part=2)))
    assert job_row.rate(waiting, [0.0, 0.0]) is None
    said = job_row.rate(waiting, [0.0, 0.0], usual=2.0)
    assert said is not None and said["value"] == "20 s"


def test_a_slow_rate_is_said_by_the_minute(job: Job) -> None:
    fast, slow = running(job, 20, 10), running(job, 2, 40)
    said = job_row.rate(fast, [])
    assert said is not None and (said["value"], said["unit"]) == ("2.0", "a second")
    said = job_row.rate(slow, [])
    assert said is not None and (said["value"], said["unit"]) == ("3.0", "a minute")
    # The last shard came some seconds ago: the last minute counts, not the last moment.
    said = job_row.rate(fast, [0.0, 4.0, 2.0, 0.0, *[1.5] * (POINTS - 4)])
    assert said is not None and said["value"] == "1.5"


def test_the_rate_of_the_first_minute_is_the_one_that_the_time_left_is_of(job: Job) -> None:
    batch = running(job, 20, 10)
    said = job_row.rate(batch, [0.0, 0.4, 1.0])
    assert said is not None and said["value"] == "2.0"
    assert batch.progress.seconds_left == pytest.approx(20 / 2.0)


def test_pictures_of_a_cancelled_batch_have_no_result_and_did_not_fail(job: Job) -> None:
    first = running(job, 15, 5).operations[0]
    stopped = replace(first, state=OperationState.CANCELLED, pictures_done=15, pictures=20)
    still = replace(first, id=first.id + 1, part=2, pictures=20)
    cancelling = replace(job, cancelled=True, operations=(stopped, still))
    assert cancelling.state is JobState.CANCELLING
    assert ("5 without a result so far", "bad") in job_row.line(cancelling)
    cancelled = replace(job, operations=(replace(stopped, pictures=40),))
    assert ("25 without a result", "bad") in job_row.line(cancelled)
    assert count_of(cancelled) == "25 without a result"
    failed = replace(stopped, state=OperationState.SUCCEEDED, pictures=40)
    assert count_of(replace(job, operations=(failed,))) == "25 failed pictures"


def test_pictures_that_are_sent_again_have_not_failed_so_far(job: Job) -> None:
    first = replace(running(job, 30, 5).operations[0], state=OperationState.SUCCEEDED, errors=2)
    again = replace(
        first, id=first.id + 1, attempt=2, state=OperationState.RUNNING, pictures=10, errors=0,
        pictures_done=4,
    )  # fmt: skip
    retried = replace(job, attempt=2, operations=(first, again))
    assert retried.progress.failed == 8  # two bad ones are not sent again; six still wait
    assert [text for text, kind in job_row.line(retried) if kind == "bad"] == ["2 failed so far"]


def test_many_features_are_counted_and_few_are_named(job: Job) -> None:
    assert ", ".join(FEATURES[name].title for name in REQUEST.features) in job_row.about(job, NOW)
    every = replace(job, request=replace(REQUEST, features=tuple(FEATURES)))
    assert f"{len(FEATURES)} features" in job_row.about(every, NOW)
