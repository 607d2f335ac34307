"""What is late, reordered, nameless, away, expired: nothing is lost by it, and it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.app.hub import Hub
from core.jobs.ledger.records import Job, JobState
from tests.kit.standin.dashboards import (
    PICTURES,
    UNITS,
    Dashboard,
    LogIn,
    StandIn,
    accepted,
    counted,
    create,
    finish,
)
from tests.kit.standin.desk import OWN, Rule, until

LIST = "GET .*/o$"


def sent(hub: Hub, folder: Path) -> Job:
    job = create(hub, folder)
    return hub.jobs.send(job.id)


def written(hub: Hub, job: Job) -> list[str]:
    """Addresses of the job's shards, once all are there; no round of the watcher has passed."""
    uris: list[str] = []

    def there() -> bool:
        every = hub.buckets.list_objects(job.prefix)
        uris[:] = [one.uri for one in every if "/output-" in one.uri]
        return len(uris) == 2

    until(there)
    return uris


def test_one_not_found_ends_nothing(standin: StandIn, cloud: Hub, tmp_path: Path) -> None:
    job = sent(cloud, tmp_path)
    standin.desk.rules = [Rule("vision", "not_found", "GetOperation", times=1)]
    cloud.watcher.round()
    now = cloud.jobs.get(job.id)
    assert now.not_found or now.state is JobState.SUCCEEDED  # all of its shards are proof, too
    assert finish(cloud, job).state is JobState.SUCCEEDED
    assert accepted(standin) == counted(cloud) == UNITS


def test_shards_that_show_late_are_waited_for(standin: StandIn, cloud: Hub, tmp_path: Path) -> None:
    job = sent(cloud, tmp_path)
    written(cloud, job)
    standin.desk.rules = [Rule("storage", "late", LIST)]

    def done() -> bool:
        cloud.watcher.round()
        return cloud.jobs.get(job.id).final

    until(done)
    late = cloud.jobs.get(job.id)
    assert (late.state, late.progress.pictures_done, late.progress.failed) == (
        JobState.SUCCEEDED,
        0,
        0,
    )
    standin.desk.rules = []
    assert finish(cloud, job).progress.failed == 0
    assert accepted(standin) == counted(cloud) == UNITS


@pytest.mark.parametrize("named", [True, False])
def test_answers_in_another_order_and_without_names(
    standin: StandIn, cloud: Hub, tmp_path: Path, named: bool
) -> None:
    job = sent(cloud, tmp_path)
    for uri in written(cloud, job):
        content = json.loads(cloud.buckets.read(uri))
        if named:
            content["responses"].reverse()
        else:
            for response in content["responses"]:
                del response["context"]
        cloud.connection().buckets.write(uri, json.dumps(content).encode(), "application/json")
    done = finish(cloud, job)
    assert (done.state, done.progress.failed) == (JobState.SUCCEEDED, 0)


@pytest.mark.parametrize(
    ("api", "fault", "match"),
    [
        ("storage", "unavailable", ""),
        ("storage", "slower", ""),
        ("vision", "unavailable", "GetOperation"),
        ("vision", "quota", "GetOperation"),
        ("vision", "token", "GetOperation"),
    ],
)
def test_an_outage_is_told_and_passes(
    standin: StandIn,
    dashboard: Dashboard,
    log_in: LogIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    api: str,
    fault: str,
    match: str,
) -> None:
    monkeypatch.setattr("core.app.job_watcher.STORAGE_S", 0.5)
    log_in("robot")
    hub = dashboard()
    job = sent(hub, tmp_path)
    standin.desk.rules = [Rule(api, fault, match)]

    def is_reported() -> bool:
        hub.watcher.round()
        return bool(hub.watcher.problems or hub.troubles(hub.jobs.get(job.id)))

    until(is_reported)
    standin.desk.rules = []
    assert finish(hub, job).state is JobState.SUCCEEDED
    assert accepted(standin) == counted(hub) == UNITS


def test_tokens_that_expire_are_fetched_again(
    standin: StandIn, dashboard: Dashboard, log_in: LogIn, tmp_path: Path
) -> None:
    log_in("person")
    standin.desk.expires_in = 1
    hub = dashboard()
    assert finish(hub, create(hub, tmp_path)).state is JobState.SUCCEEDED
    assert len(standin.desk.calls("token")) > 5
    assert "token" not in {call["answer"] for call in standin.desk.calls("storage")}


def test_a_token_server_that_is_away_holds_up_and_is_told(
    standin: StandIn, dashboard: Dashboard, log_in: LogIn, tmp_path: Path
) -> None:
    log_in("person")
    standin.desk.expires_in = 1
    hub = dashboard()
    job = create(hub, tmp_path)
    hub.connection()
    standin.desk.rules = [Rule("token", "away")]
    hub.jobs.send(job.id)
    now = hub.jobs.get(job.id)
    assert now.retry_at is not None and "does not answer" in now.fault
    assert "expired" not in now.fault and standin.desk.calls("vision") == []
    standin.desk.rules = []
    hub.jobs.send(job.id)
    assert finish(hub, job).state is JobState.SUCCEEDED
    assert accepted(standin) == counted(hub) == UNITS


def test_tokens_that_are_revoked_are_told_and_work_goes_on_with_new_ones(
    standin: StandIn, dashboard: Dashboard, log_in: LogIn, tmp_path: Path
) -> None:
    log_in("person")
    first = dashboard()
    job = sent(first, tmp_path)
    standin.desk.revoke()
    first.watcher.round()
    problems = [*first.watcher.problems, *first.troubles(first.jobs.get(job.id))]
    # Storage's client gets itself a new token: where all shards are written, they are proof enough.
    assert first.jobs.get(job.id).state in (JobState.RUNNING, JobState.SUCCEEDED)
    assert "access token" in " ".join(map(str, problems))
    second = dashboard()  # started again, as the message says
    assert finish(second, job).state is JobState.SUCCEEDED
    assert accepted(standin) == counted(second) == UNITS


def test_a_machine_of_the_cloud_s_needs_no_key_file(
    standin: StandIn, dashboard: Dashboard, log_in: LogIn, tmp_path: Path
) -> None:
    log_in("machine")
    hub = dashboard(GOOGLE_CLOUD_PROJECT="payer-1")
    job = finish(hub, create(hub, tmp_path))
    assert (job.state, job.progress.pictures_done) == (JobState.SUCCEEDED, PICTURES)
    for api in ("vision", "storage"):
        assert {call["payer"] for call in standin.desk.calls(api)} == {"payer-1"}
    asked = {call["method"] for call in standin.desk.calls("metadata")}
    assert any(method.endswith("/token") for method in asked)
    assert standin.desk.calls("token") == []


def test_a_machine_s_own_project_pays(
    standin: StandIn, dashboard: Dashboard, log_in: LogIn
) -> None:
    log_in("machine")
    assert f"the project {OWN} (the service account's own)" in dashboard().connection().payer


@pytest.mark.parametrize("header", [None, "Basic eA==", "Bearer ya29.foreign", "Bearer a.b.c"])
def test_missing_and_foreign_tokens_are_refused(standin: StandIn, header: str | None) -> None:
    assert standin.desk.who(header) is None
