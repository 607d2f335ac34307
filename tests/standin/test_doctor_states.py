"""The doctor in every state of a Google project, over real clients, TLS and tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.doctor.checkup import checks
from core.doctor.cloud import Google
from core.doctor.findings import Finding, Level, run
from core.settings import Settings
from tests.kit.standin.dashboards import LogIn, StandIn
from tests.kit.standin.desk import ACCOUNT, BUCKET, OWN, Rule
from tests.kit.standin.vision import BILLING, ENABLE

OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL
ALONE = (OK, OK)  # levels of bucket and Vision where only the credentials are in question
NEITHER = (WARN, WARN)  # not looked at


@dataclass
class State:
    """A state, and what the doctor says of it: levels, and words that have to be in the text."""

    name: str
    login: str = "robot"
    env: dict[str, str] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    location: str | None = "US-CENTRAL1"
    levels: tuple[Level, Level, Level] = (OK, OK, OK)  # credentials, bucket, Vision
    words: tuple[str, ...] = ()


def storage(fault: str) -> list[Rule]:
    return [Rule("storage", fault)]


def vision(fault: str) -> list[Rule]:
    return [Rule("vision", fault)]


NAMED = {"GOOGLE_CLOUD_PROJECT": OWN}
EVERYTHING = {f"storage.objects.{verb}" for verb in ("create", "get", "list", "delete")}
CREATE, LIST = "storage.objects.create", "storage.objects.list"
BUCKET_FAILS, VISION_FAILS = (OK, FAIL, OK), (OK, OK, FAIL)
STATES = [
    State("all right",
          words=(f"the project {OWN} (the service account's own) pays", "US-CENTRAL1")),
    State("project named", env=NAMED, words=(f"the project {OWN} (GOOGLE_CLOUD_PROJECT) pays",)),
    State("another project named", env={"GOOGLE_CLOUD_PROJECT": "other-project"},
          words=("the project other-project (GOOGLE_CLOUD_PROJECT) pays",)),
    State("a quota project named", env={"GOOGLE_CLOUD_QUOTA_PROJECT": "payer-2"},
          words=("the project payer-2 (GOOGLE_CLOUD_QUOTA_PROJECT) pays",)),
    State("a person's login", "person", words=("a person's own account", f"project {OWN}")),
    State("a person without project", "person-no-project", levels=(FAIL, OK, FAIL),
          words=("No project is set to be charged", "set-quota-project")),
    State("a person, project named", "person-no-project", NAMED,
          words=(f"the project {OWN} (GOOGLE_CLOUD_PROJECT) pays",)),
    State("login revoked", "person-revoked", levels=(FAIL, FAIL, FAIL),
          words=("expired or were revoked", "gcloud auth application-default login")),
    State("login to be renewed", "person-reauth", levels=(FAIL, FAIL, FAIL),
          words=("expired or were revoked",)),
    State("no credentials at all", "", levels=(FAIL, *NEITHER),
          words=("No Google Cloud credentials were found", "auth application-default login")),
    State("a machine of the cloud's", "machine",
          words=(f"the project {OWN} (the service account's own) pays", "a service account")),
    State("a machine, project named", "machine", {"GOOGLE_CLOUD_PROJECT": "payer-1"},
          words=("the project payer-1 (GOOGLE_CLOUD_PROJECT) pays",)),
    State("file missing", "nowhere", levels=(FAIL, *NEITHER), words=("no such file",)),
    State("file no JSON", "no-json", levels=(FAIL, *NEITHER), words=("it is not JSON",)),
    State("file empty", "empty", levels=(FAIL, *NEITHER), words=("it is empty",)),
    State("odd type", "odd-type", levels=(FAIL, *NEITHER), words=("does not have a valid type",)),
    State("an OAuth client", "oauth-client", levels=(FAIL, *NEITHER), words=("OAuth client",)),
    State("key cut off", "cut", levels=(FAIL, *NEITHER), words=("private key is damaged",)),
    State("key deleted", "robot-old-key", levels=(FAIL, FAIL, FAIL),
          words=("expired or were revoked", "new key", "does not accept the access token")),
    State("account deleted", rules=[Rule("token", "no_account")], levels=(FAIL, FAIL, OK),
          words=("expired or were revoked", "new key", "account not found")),
    State("client deleted", "person", rules=[Rule("token", "no_client")],
          levels=(FAIL, FAIL, FAIL), words=("not accepted",)),
    State("token server away", rules=[Rule("token", "away")], levels=(WARN, FAIL, OK),
          words=("does not answer", "proxy")),
    State("no bucket set", env={"CONTACT_SHEET_BUCKET": ""}, levels=BUCKET_FAILS,
          words=("needs a bucket for uploads and results", "that your account may write to")),
    State("no bucket", env={"CONTACT_SHEET_BUCKET": "nosuch"}, levels=BUCKET_FAILS,
          words=("There is no such bucket",)),
    State("no right to list", denied={LIST}, levels=BUCKET_FAILS,
          words=(f"not allowed: {LIST}", "Storage Object User")),
    State("no right at all", denied=EVERYTHING, levels=BUCKET_FAILS,
          words=("storage.objects.delete", "Storage Object User")),
    State("no right to create", denied={CREATE}, levels=BUCKET_FAILS, words=(CREATE,)),
    State("bucket's metadata hidden", location=None, words=("may not see",)),
    State("bucket elsewhere", env={"CONTACT_SHEET_LOCATION": "eu"}, levels=(OK, WARN, OK),
          words=("processed in the EU", f"gs://{BUCKET} lies in US-CENTRAL1")),
    State("storage 401", rules=storage("token"), levels=BUCKET_FAILS, words=("access token",)),
    State("storage 403", rules=storage("role"), levels=BUCKET_FAILS, words=(LIST, "roles")),
    State("storage 412", rules=storage("precondition"), levels=BUCKET_FAILS, words=("condition",)),
    State("storage 429", rules=storage("slower"), levels=BUCKET_FAILS, words=("quota",)),
    State("storage 503", rules=storage("unavailable"), levels=BUCKET_FAILS,
          words=("Backend Error", "Try again")),
    State("storage requester pays", rules=storage("requester_pays"), levels=BUCKET_FAILS,
          words=("CONTACT_SHEET_REQUESTER_PROJECT",)),
    State("storage billing", rules=storage("billing"), levels=BUCKET_FAILS,
          words=("Billing is not enabled", "console.cloud.google.com/billing")),
    State("storage disabled", rules=storage("api_disabled"), levels=BUCKET_FAILS,
          words=("not enabled", "console.cloud.google.com/apis")),
    State("storage perimeter", rules=storage("perimeter"), levels=BUCKET_FAILS,
          words=("VPC Service Controls", "uQ-2")),
    State("project may not be charged", env={"GOOGLE_CLOUD_PROJECT": "closed-one"},
          closed={"closed-one"}, levels=(OK, FAIL, FAIL), words=("Service Usage Consumer",)),
    State("Vision disabled", rules=vision("api_disabled"), levels=VISION_FAILS,
          words=("The Cloud Vision API is not enabled in the project 123456789012", ENABLE)),
    State("Vision billing", rules=vision("billing"), levels=VISION_FAILS,
          words=("Billing is not enabled for the project 123456789012", BILLING)),
    State("Vision role", rules=vision("user_project"), levels=VISION_FAILS,
          words=("may not let the project demo-project pay", "iam-admin/iam")),
    State("Vision token", rules=vision("token"), levels=VISION_FAILS, words=("access token",)),
    State("Vision quota", rules=vision("quota"), levels=VISION_FAILS, words=("quota of 1800",)),
    State("Vision perimeter", rules=vision("perimeter"), levels=VISION_FAILS, words=("uQ-1",)),
    State("Vision policy", rules=vision("org_policy"), levels=VISION_FAILS,
          words=("constraints/gcp.resourceLocations",)),
    State("no such project", rules=vision("no_such_project"), levels=VISION_FAILS,
          words=("does not exist", "gcloud projects list")),
    State("Vision away", rules=vision("unavailable"), levels=VISION_FAILS,
          words=("cannot be reached",)),
    State("Vision hangs", rules=vision("hangs"), levels=VISION_FAILS,
          words=("cannot be reached",)),
    State("Vision internal", rules=vision("internal"), levels=VISION_FAILS, words=("Internal",)),
    State("Vision elsewhere", rules=vision("unimplemented"), levels=VISION_FAILS,
          words=("does not offer this call",)),
]  # fmt: skip


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_state(
    state: State,
    standin: StandIn,
    log_in: LogIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.doctor.cloud.TIMEOUT_S", 1.5)
    log_in(state.login)
    desk = standin.desk
    desk.rules, desk.denied, desk.location = list(state.rules), state.denied, state.location
    desk.closed_projects = state.closed
    findings = look(standin.env(tmp_path, **state.env))
    by_name = {finding.name: finding for finding in findings}
    names = ("Credentials", "Bucket", "Vision API")
    assert tuple(by_name[name].level for name in names) == state.levels, findings
    text = " ".join(f"{one.what} {one.then}" for one in findings)
    for words in state.words:
        assert words in text
    assert all(one.then or one.level is OK or "not looked at" in one.what for one in findings), (
        findings
    )
    assert str(standin.keys.folder) not in text and ACCOUNT not in text
    assert "ya29." not in str(findings)


def look(env: dict[str, str]) -> list[Finding]:
    asked = {"Credentials", "Network", "Bucket", "Vision API"}
    every = checks(Settings.from_env(env, bucket_needed=False), Google(), env)
    return run([check for check in every if check.name in asked])


def test_a_certificate_that_is_not_trusted_is_a_fault_of_the_network(
    standin: StandIn, log_in: LogIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.doctor.cloud.TIMEOUT_S", 1.5)
    log_in("robot")
    foreign = Path("/etc/ssl/certs/ca-certificates.crt")
    if not foreign.is_file():
        pytest.skip("no certificates of this system to trust instead")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(foreign))
    by_name = {one.name: one for one in look(standin.env(tmp_path))}
    assert by_name["Credentials"].level is WARN and by_name["Bucket"].level is FAIL
    assert by_name["Vision API"].level is FAIL
    for name in ("Credentials", "Bucket", "Vision API"):
        assert "network" in by_name[name].then.lower(), by_name[name]


def test_the_doctor_says_where_google_is_reached(
    standin: StandIn, log_in: LogIn, tmp_path: Path
) -> None:
    log_in("robot")
    env = standin.env(
        tmp_path, CONTACT_SHEET_REQUESTER_PROJECT="payer", CONTACT_SHEET_LOCATION="us"
    )
    by_name = {one.name: one for one in look(env)}
    network = by_name["Network"].what
    assert standin.vision.address in network and standin.web.storage_url in network
    assert "charged to payer" in network
    assert "processed in the US" in by_name["Vision API"].what
    assert by_name["Bucket"].where == f"gs://{BUCKET}"
