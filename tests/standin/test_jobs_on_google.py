"""Whole jobs against the stand-in: who pays, what is counted, and what is told for each fault."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.app.hub import Hub
from core.errors import BucketRefused
from core.jobs.ledger.records import JobState
from core.jobs.ledger.schema import jobs, spending
from core.jobs.service.answer_key import work_of
from tests.kit.standin.dashboards import (
    PICTURES,
    REQUEST,
    UNITS,
    Dashboard,
    LogIn,
    StandIn,
    accepted,
    counted,
    create,
    create_paged,
    finish,
)
from tests.kit.standin.desk import ACCOUNT, BUCKET, OWN, Rule
from tests.kit.standin.vision import BILLING, ENABLE, RETRY_S


@pytest.mark.parametrize(
    ("login", "env", "payer", "named"),
    [
        ("robot", {}, OWN, {None}),
        ("robot", {"GOOGLE_CLOUD_PROJECT": "payer-1"}, "payer-1", {"payer-1"}),
        ("robot", {"GOOGLE_CLOUD_QUOTA_PROJECT": "payer-2"}, "payer-2", {"payer-2"}),
        ("person", {}, OWN, {OWN}),
        ("person-no-project", {"GOOGLE_CLOUD_PROJECT": "payer-1"}, "payer-1", {"payer-1"}),
    ],
)
def test_every_call_is_charged_to_the_project_that_is_shown(
    standin: StandIn,
    dashboard: Dashboard,
    log_in: LogIn,
    tmp_path: Path,
    login: str,
    env: dict[str, str],
    payer: str,
    named: set[str | None],
) -> None:
    log_in(login)
    hub = dashboard(**env)
    assert f"the project {payer} (" in hub.connection().payer
    job = finish(hub, create(hub, tmp_path))
    assert (job.state, job.backend) == (JobState.SUCCEEDED, f"google:{payer}")
    assert job.operations[0].name.startswith(f"projects/{OWN}/operations/")
    stored = standin.desk.calls("storage")
    # What uploads is this dashboard; an earlier test's may still look at the bucket.
    tokens = {call["token"] for call in stored if call["method"] != "GET"}
    for calls in (
        standin.desk.calls("vision"),
        [call for call in stored if call["token"] in tokens],
    ):
        assert len(calls) > 2
        assert [call for call in calls if call["payer"] != payer] == []
        assert {call["named"] for call in calls} == named
    assert accepted(standin) == counted(hub) == UNITS
    assert {call["parent"] for call in standin.desk.calls("vision")} == {""}


def test_nobody_pays_is_reported_and_nothing_is_sent(
    standin: StandIn, dashboard: Dashboard, log_in: LogIn, tmp_path: Path
) -> None:
    log_in("person-no-project")
    hub = dashboard()
    job = create(hub, tmp_path)
    hub.jobs.send(job.id)
    job = hub.jobs.get(job.id)
    assert job.state is JobState.STOPPED and "No project is set to be charged" in job.fault
    assert standin.desk.calls("vision") == [] and counted(hub) == 0


@pytest.mark.parametrize(
    ("method", "paged"), [("AsyncBatchAnnotateImages", False), ("AsyncBatchAnnotateFiles", True)]
)
def test_a_location_goes_along_as_the_parent(
    standin: StandIn,
    dashboard: Dashboard,
    log_in: LogIn,
    tmp_path: Path,
    method: str,
    paged: bool,
) -> None:
    log_in("robot")
    standin.desk.paused = True
    hub = dashboard(CONTACT_SHEET_LOCATION="eu", GOOGLE_CLOUD_PROJECT="payer-1")
    job = create_paged(hub, tmp_path) if paged else create(hub, tmp_path)
    hub.jobs.send(job.id)
    (sent,) = (call for call in standin.desk.calls("vision") if call["units"])
    assert (sent["method"], sent["parent"]) == (method, "projects/payer-1/locations/eu")
    assert sent["payer"] == sent["named"] == "payer-1"


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("", "vision.googleapis.com"),
        ("us", "us-vision.googleapis.com"),
        ("eu", "eu-vision.googleapis.com"),
    ],
)
def test_pictures_and_files_go_to_the_location_s_own_endpoint(
    dashboard: Dashboard, log_in: LogIn, location: str, host: str
) -> None:
    log_in("robot")
    hub = dashboard(CONTACT_SHEET_LOCATION=location, CONTACT_SHEET_VISION_ENDPOINT="")
    # One client sends both; see ``Connection.submit``.
    assert hub.connection().annotator.transport.host == f"{host}:443"


# Fault -> whether it passes by itself, and words that the job shows.
TOLD = {
    "api_disabled": (False, ("The Cloud Vision API is not enabled", ENABLE)),
    "billing": (False, ("Billing is not enabled", BILLING)),
    "no_quota_project": (False, ("No project is set to be charged", "GOOGLE_CLOUD_PROJECT")),
    "user_project": (False, ("may not let the project demo-project pay", "iam-admin/iam")),
    "token": (False, ("does not accept the access token", "gcloud auth")),
    "quota": (True, ("A quota of 1800 is used up", "Quota exceeded for quota metric")),
    "perimeter": (False, ("VPC Service Controls", "uQ-1")),
    "org_policy": (False, ("constraints/gcp.resourceLocations", "administrators")),
    "no_such_project": (False, ("does not exist", "gcloud projects list")),
    "unimplemented": (False, ("does not offer this call",)),
}


@pytest.mark.parametrize("fault", TOLD)
def test_each_refusal_is_reported_costs_nothing_and_goes_on(
    standin: StandIn, cloud: Hub, tmp_path: Path, fault: str
) -> None:
    standin.desk.rules = [Rule("vision", fault, "AsyncBatch", times=1)]
    job = create(cloud, tmp_path)
    cloud.jobs.send(job.id)
    now = cloud.jobs.get(job.id)
    passes, words = TOLD[fault]
    assert (now.retry_at is not None) is passes
    for word in words:
        assert word in now.fault
    assert ACCOUNT not in now.fault and "…" not in now.fault
    assert accepted(standin) == counted(cloud) == 0
    cloud.jobs.send(job.id)  # the fault is mended
    assert finish(cloud, job).state is JobState.SUCCEEDED
    assert accepted(standin) == counted(cloud) == UNITS


def test_the_service_s_own_pause_is_kept(standin: StandIn, cloud: Hub, tmp_path: Path) -> None:
    standin.desk.rules = [Rule("vision", "quota", "AsyncBatch", times=1)]
    job = create(cloud, tmp_path)
    before = cloud.jobs._clock()
    cloud.jobs.send(job.id)
    after = cloud.jobs._clock()
    again = cloud.jobs.get(job.id).retry_at
    assert again is not None
    pause = timedelta(seconds=RETRY_S)
    assert before + pause <= again <= after + pause  # however slow the machine is


@pytest.mark.parametrize("fault", ["unavailable", "internal"])
def test_a_lost_answer_is_never_sent_twice(
    standin: StandIn, cloud: Hub, tmp_path: Path, fault: str
) -> None:
    standin.desk.rules = [Rule("vision", fault, "AsyncBatch", times=1, after=True)]
    job = create(cloud, tmp_path)
    cloud.jobs.send(job.id)
    finish(cloud, job)
    assert accepted(standin) == counted(cloud) == UNITS


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("role", "lacks the right storage.objects.list"),
        ("billing", "Billing is not enabled"),
        ("api_disabled", "not enabled"),
        ("user_project", "may not let the project demo-project pay"),
        ("perimeter", "VPC Service Controls"),
        ("precondition", "condition"),
        ("requester_pays", "CONTACT_SHEET_REQUESTER_PROJECT"),
        ("no_bucket", "no such bucket"),
    ],
)
def test_a_bucket_s_lasting_fault_stops_the_job_before_anything_is_sent(
    standin: StandIn, cloud: Hub, tmp_path: Path, fault: str, words: str
) -> None:
    job = create(cloud, tmp_path)
    standin.desk.rules = [Rule("storage", fault)]
    cloud.jobs.send(job.id)
    now = cloud.jobs.get(job.id)
    assert now.state is JobState.STOPPED and words in now.fault
    assert "Try again" not in now.fault and ACCOUNT not in now.fault
    assert standin.desk.calls("vision") == []
    standin.desk.rules = []
    cloud.jobs.send(job.id)
    assert finish(cloud, job).state is JobState.SUCCEEDED


def test_requester_pays(standin: StandIn, dashboard: Dashboard, log_in: LogIn) -> None:
    log_in("robot")
    standin.desk.requester_pays = {BUCKET}
    with pytest.raises(BucketRefused, match="CONTACT_SHEET_REQUESTER_PROJECT"):
        list(dashboard().buckets.list_objects(f"gs://{BUCKET}/"))
    buckets = dashboard(CONTACT_SHEET_REQUESTER_PROJECT="my-purse").connection().buckets
    buckets.write(f"gs://{BUCKET}/paid/x.txt", b"12345")
    assert buckets.read(f"gs://{BUCKET}/paid/x.txt") == b"12345"
    assert [one.size for one in buckets.list_objects(f"gs://{BUCKET}/paid/")] == [5]
    buckets.check_bucket(BUCKET)
    assert buckets.location(BUCKET) == "US-CENTRAL1"
    paid = [c for c in standin.desk.calls("storage") if str(c["answer"]) != "requester_pays"]
    assert {call["user_project"] for call in paid} == {"my-purse"}


def test_the_variable_set_later_keeps_month_reuse_and_running_jobs(
    standin: StandIn, dashboard: Dashboard, log_in: LogIn, tmp_path: Path
) -> None:
    log_in("robot")
    first = dashboard()
    job = create(first, tmp_path)
    first.jobs.send(job.id)  # and the dashboard is stopped
    second = dashboard(GOOGLE_CLOUD_PROJECT=OWN)
    assert second.elsewhere(second.jobs.get(job.id)) == ""
    assert finish(second, job).state is JobState.SUCCEEDED
    assert counted(second) == UNITS
    again = create(second, tmp_path)
    assert again.reused == PICTURES and accepted(standin) == UNITS


def test_another_project_shows_the_job_as_elsewhere_and_uses_its_answers(
    standin: StandIn, dashboard: Dashboard, log_in: LogIn, tmp_path: Path
) -> None:
    log_in("robot")
    first = dashboard()
    job = finish(first, create(first, tmp_path))
    second = dashboard(GOOGLE_CLOUD_PROJECT="payer-1")
    assert f"GOOGLE_CLOUD_PROJECT={OWN}" in second.elsewhere(second.jobs.get(job.id))
    assert second.holds_results(job)
    assert counted(second) == 0  # another project's month
    assert create(second, tmp_path).reused == PICTURES
    assert accepted(standin) == UNITS
    assert list(second.buckets.list_objects(job.prefix))


def test_a_ledger_of_an_earlier_version_keeps_its_month_its_reuse_and_its_running_job(
    standin: StandIn, dashboard: Dashboard, log_in: LogIn, tmp_path: Path
) -> None:
    log_in("robot")
    first = dashboard()
    job = create(first, tmp_path)
    first.jobs.send(job.id)
    capabilities = first.connection().capabilities
    work = work_of(REQUEST, "google:", capabilities, by_project=True)
    with first._runner.ledger.writing() as db:  # as it was written where no variable was set
        db.execute(sa.update(jobs).values(backend="google:", work=work))
        db.execute(sa.update(spending).values(backend="google:"))
    second = dashboard()
    assert finish(second, job).backend == f"google:{OWN}"
    assert counted(second) == accepted(standin) == UNITS
    assert create(second, tmp_path).reused == PICTURES
