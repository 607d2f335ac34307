"""The list of jobs: a browser sends labels back, so no two may be alike."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from core.jobs.ledger.records import Job, Operation, OperationState
from core.ui.components import times
from core.ui.components.header.batch import job_titles, newest_shown

JOB = Job(
    id="20261124-141117-000001",
    draft_id="a",
    title="holiday",
    created_at=datetime(2026, 11, 24, 14, 11, 17, tzinfo=UTC),
    prefix="gs://b/p/",
    backend="local",
    request=None,
    source="",
    attempt=1,
    pictures=1,
    uploads=0,
    uploaded=0,
    lost=0,
    cancelled=False,
    fault="",
    retry_at=None,
    operations=(),
)


def test_jobs_of_one_name_and_minute_are_distinguished() -> None:
    twin = dataclasses.replace(JOB, id="20261124-141142-000002")
    other = dataclasses.replace(JOB, id="20261124-141143-000003", title="work")
    titles = job_titles([JOB, twin, other])
    assert list(titles) == [JOB.id, twin.id, other.id]
    assert len(set(titles.values())) == 3
    assert titles[JOB.id].endswith(JOB.id)
    assert other.id not in titles[other.id]  # the plain name does where it is the only one


def test_a_title_says_when_as_people_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "zone", lambda: UTC)
    at = datetime(2026, 11, 24, 14, 11, tzinfo=UTC)
    job = dataclasses.replace(JOB, created_at=at)
    for now, said in (
        (at + timedelta(minutes=5), "holiday · Today 14:11"),
        (at + timedelta(days=1), "holiday · Yesterday 14:11"),
        (at + timedelta(days=9), "holiday · 24 Nov 14:11"),
        (at + timedelta(days=400), "holiday · 24 Nov 2026"),
    ):
        assert job_titles([job], now) == {JOB.id: said}


def part(state: OperationState, shards: int) -> Operation:
    return Operation(
        id=1,
        job_id=JOB.id,
        attempt=1,
        part=1,
        prefix="gs://b/p/1/",
        pictures=1,
        batch_size=1,
        state=state,
        name="",
        sender="",
        service_state="",
        error="",
        cancel="",
        sending_at=None,
        sent_at=None,
        ended_at=None,
        shards_done=shards,
        pictures_done=shards,
        errors=0,
        progress_at=None,
    )


def test_first_batch_is_shown_before_its_first_result() -> None:
    """Who opens Explore in the first minute is not told that nothing is chosen."""
    runs, fills, failed, done = (
        dataclasses.replace(JOB, id=id, operations=(part(state, shards),))
        for id, state, shards in (
            ("runs", OperationState.RUNNING, 0),
            ("fills", OperationState.RUNNING, 1),
            ("failed", OperationState.FAILED, 0),
            ("done", OperationState.SUCCEEDED, 1),
        )
    )
    assert newest_shown([failed, runs]) == "runs"
    assert newest_shown([runs, fills, done]) == "fills" and newest_shown([runs, done]) == "done"
    assert newest_shown([failed]) == newest_shown([]) == ""
