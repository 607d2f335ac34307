"""How often Google is called, and how much is in processing at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from core.app.hub import Hub
from core.app.job_watcher import LOOKED_AT_S, UNWATCHED_S, JobWatcher
from core.jobs.batch.features import GOOGLE_QUOTA
from core.jobs.batch.sources import ImageRef
from core.jobs.ledger.records import Job, JobState, OperationState
from core.results.tables.cache import ResultsCache
from core.results.tables.run_choice import ATTEMPTS
from tests.kit.services.jobs_rig import Clock
from tests.kit.standin.dashboards import PICTURES as FEW
from tests.kit.standin.dashboards import (
    REQUEST,
    Dashboard,
    LogIn,
    StandIn,
    create,
    draft,
    finish,
)
from tests.kit.standin.desk import BUCKET, Rule, until

PICTURES = 10_000
MINUTE_S = 60


def minute(hub: Hub, clock: Clock, standin: StandIn, every_s: float) -> Counter[str]:
    """Calls of a minute with a round every so many seconds; the clock alone goes on."""
    standin.desk.log = []
    for _ in range(int(MINUTE_S / every_s)):
        hub.watcher.round()
        clock.forward(every_s)
    every = [*standin.desk.calls("vision"), *standin.desk.calls("storage")]
    return Counter(str(call["method"]) for call in every)


@pytest.fixture
def timed(dashboard: Dashboard, log_in: LogIn) -> tuple[Hub, Clock]:
    """A dashboard whose clock is set."""
    log_in("robot")
    clock = Clock()
    hub = dashboard(clock)
    hub.watcher = JobWatcher(
        hub._runner, hub.connection, lambda: None, clock=lambda: clock().timestamp()
    )
    return hub, clock


def running(hub: Hub, standin: StandIn, folder: Path) -> Job:
    standin.desk.paused = True
    return hub.jobs.send(create(hub, folder).id)


def test_idle_it_calls_nobody(timed: tuple[Hub, Clock], standin: StandIn) -> None:
    hub, clock = timed
    assert minute(hub, clock, standin, LOOKED_AT_S) == {}


def test_a_running_job_is_asked_about_once_a_round(
    timed: tuple[Hub, Clock], standin: StandIn, tmp_path: Path
) -> None:
    hub, clock = timed
    running(hub, standin, tmp_path)
    watched = MINUTE_S / LOOKED_AT_S
    assert minute(hub, clock, standin, LOOKED_AT_S) == {"GetOperation": watched, "GET": watched}
    alone = MINUTE_S / UNWATCHED_S
    assert minute(hub, clock, standin, UNWATCHED_S) == {"GetOperation": alone, "GET": alone}


def test_an_unconfirmed_one_is_looked_for_less_and_less(
    timed: tuple[Hub, Clock], standin: StandIn, tmp_path: Path
) -> None:
    hub, clock = timed
    standin.desk.rules = [Rule("vision", "unavailable", "AsyncBatch")]
    job = running(hub, standin, tmp_path)
    assert hub.jobs.get(job.id).operations[0].state is OperationState.UNCONFIRMED
    calls = [minute(hub, clock, standin, LOOKED_AT_S) for _ in range(6)]
    assert {method for one in calls for method in one} == {"GET"}
    counts = [one["GET"] for one in calls]
    assert counts[0] <= MINUTE_S / LOOKED_AT_S and counts[1] <= 6
    assert all(count <= 1 for count in counts[2:])


def test_what_a_batch_costs_in_calls(standin: StandIn, cloud: Hub, tmp_path: Path) -> None:
    """The table of docs/google-cloud.md, with fewer pictures."""
    job = cloud.jobs.send(create(cloud, tmp_path).id)
    mark = 1
    assert storage_calls(standin) == {"list": 3, "upload": FEW + mark, "bucket": 1}
    assert Counter(call["method"] for call in standin.desk.calls("vision")) == {
        "GetOperation": 1,  # whether Vision answers, before anything is marked as sent
        "AsyncBatchAnnotateImages": 1,
    }
    until(lambda: "output-" in " ".join(o.uri for o in cloud.buckets.list_objects(job.prefix)))
    standin.desk.log = []
    finish(cloud, job)
    looks = len(standin.desk.calls("vision"))
    assert storage_calls(standin) == {"list": looks, "download": job.operations[0].shards}
    standin.desk.log = []
    ResultsCache(tmp_path / "cache").load(cloud.buckets, job.prefix, ATTEMPTS)
    assert storage_calls(standin) == {"list": 1, "download": job.operations[0].shards}


def storage_calls(standin: StandIn) -> Counter[str]:
    """By kind."""
    kinds = {"GET": "list", "POST": "upload"}
    counts: Counter[str] = Counter()
    for call in standin.desk.calls("storage"):
        kind = "bucket" if call["path"].endswith(f"/b/{BUCKET}") else kinds[call["method"]]
        counts["download" if "/download/" in call["path"] else kind] += 1
    return counts


def test_of_ten_thousand_pictures_eight_thousand_are_in_processing(
    timed: tuple[Hub, Clock], standin: StandIn
) -> None:
    hub, clock = timed
    standin.desk.paused = True
    refs = [ImageRef(f"gs://{BUCKET}/many/{number:05d}.jpg") for number in range(PICTURES)]
    request = replace(REQUEST, batch_size=100)
    job = hub.jobs.send(hub.jobs.create(draft(), refs, request).id)
    states = Counter(operation.state for operation in job.operations)
    assert states == {OperationState.RUNNING: 4, OperationState.PLANNED: 1}
    assert hub.jobs.in_processing() == GOOGLE_QUOTA.pictures == 8_000
    assert not job.fault  # it waits for room, which is no fault
    minute(hub, clock, standin, LOOKED_AT_S)
    assert taken(standin) == []  # nothing more is tried
    standin.desk.finished = {job.operations[0].name}
    minute(hub, clock, standin, LOOKED_AT_S)
    hub.jobs.send(job.id)
    assert hub.jobs.in_processing() == 8_000
    after = hub.jobs.get(job.id)
    assert after.state is JobState.RUNNING
    assert {operation.state for operation in after.operations[1:]} == {OperationState.RUNNING}
    names = [operation.name for operation in after.operations]
    assert len(set(names)) == 5


def taken(standin: StandIn) -> list[int]:
    """Pictures of each batch in the log."""
    return [call["pictures"] for call in standin.desk.calls("vision") if call["pictures"]]
