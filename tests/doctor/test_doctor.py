"""The doctor: each fault is named with a cure, nothing hangs, no secret is told."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from google.oauth2.credentials import Credentials

from core.doctor import local_engine, machine
from core.doctor.access import sign_in
from core.doctor.checkup import checks, examine, look_at_google
from core.doctor.cloud import RIGHTS, Cloud, Google, network
from core.doctor.findings import Check, Finding, Level, run, worst
from core.errors import (
    BackendDenied,
    BackendError,
    BackendUnavailable,
    BucketNotFound,
    NotOffered,
    OperationNotFound,
    QuotaExceeded,
)
from core.settings import Settings

ROOT = Path(__file__).parents[2]


def settings(home: Path, **env: str) -> Settings:
    return Settings.from_env({"CONTACT_SHEET_HOME": str(home), **env})


def cloud_settings(home: Path, **env: str) -> Settings:
    cloud = {"CONTACT_SHEET_BACKEND": "cloud", "CONTACT_SHEET_BUCKET": "b"}
    return settings(home, **{**cloud, **env})


def raising(error: Exception) -> Callable[..., Any]:
    def raises(*_: Any, **__: Any) -> Any:
        raise error

    return raises


class Account:
    """A service account's credentials."""

    service_account_email = "me@p.iam.gserviceaccount.com"
    quota_project_id: str | None = "p"
    token = "ya29.secret"


class FakeBuckets:
    """A bucket in which the account may do so much."""

    def __init__(self, rights: tuple[str, ...] = RIGHTS, place: str = "EU") -> None:
        self._rights = rights
        self._place = place

    def rights(self, name: str, wanted: Sequence[str]) -> frozenset[str]:
        return frozenset(self._rights) & frozenset(wanted)

    def location(self, name: str) -> str:
        return self._place


def google(**parts: Any) -> Google:
    usual: dict[str, Any] = {
        "credentials": lambda _: (Account(), "p"),
        "refresh": lambda _: None,
        "buckets": lambda *_: FakeBuckets(),
        "status": raising(OperationNotFound("No such operation")),
    }
    return Google(**{**usual, **parts})


def test_all_is_well_on_the_cloud(tmp_path: Path) -> None:
    env = {
        "CONTACT_SHEET_HOME": str(tmp_path),
        "CONTACT_SHEET_BACKEND": "cloud",
        "CONTACT_SHEET_BUCKET": "b",
    }
    by_name = {finding.name: finding for finding in examine(env, google())}
    assert by_name["Credentials"] == Finding(
        "Credentials",
        Level.OK,
        "a service account; the project p (the credentials' quota project) pays",
        Account.service_account_email,
    )
    assert by_name["Bucket"] == Finding(
        "Bucket", Level.OK, "may be read and written; in EU", "gs://b"
    )
    assert by_name["Vision API"].level is Level.OK
    assert "vision.googleapis.com" in by_name["Network"].what
    assert Account.token not in str(by_name)


def test_without_a_bucket_all_else_is_looked_at(tmp_path: Path) -> None:
    env = {"CONTACT_SHEET_HOME": str(tmp_path), "CONTACT_SHEET_BACKEND": "cloud"}
    by_name = {finding.name: finding for finding in examine(env, google())}
    assert (by_name["Bucket"].level, by_name["Bucket"].where) == (
        Level.FAIL,
        "CONTACT_SHEET_BUCKET",
    )
    assert by_name["Credentials"].level is by_name["Vision API"].level is Level.OK


def test_what_follows_from_bad_credentials_is_not_told_again(tmp_path: Path) -> None:
    lost = raising(RefreshError("invalid_grant: Token has been expired or revoked."))
    denied = raising(BackendDenied("The service does not accept the access token"))
    (only,) = look_at_google(cloud_settings(tmp_path), google(refresh=lost, status=denied))
    assert (only.name, only.level) == ("Credentials", Level.FAIL)
    findings = look_at_google(cloud_settings(tmp_path), google(status=denied))
    assert [one.name for one in findings if one.level is Level.FAIL] == ["Vision API"]


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (BackendUnavailable("Away"), True),
        (QuotaExceeded("Used up"), True),
        (BackendDenied("Not enabled"), False),
        (NotOffered("No such call"), False),
    ],
)
def test_it_is_known_what_may_pass_by_itself(
    tmp_path: Path, error: BackendError, passes: bool
) -> None:
    settings = cloud_settings(tmp_path)
    assert Cloud(settings, google(status=raising(error))).vision().passes is passes


@pytest.mark.parametrize(
    ("part", "level", "words"),
    [
        (
            {
                "credentials": raising(
                    DefaultCredentialsError("Your default credentials were not found")
                )
            },
            Level.FAIL,
            "No Google Cloud credentials were found",
        ),
        ({"refresh": raising(TransportError("away"))}, Level.WARN, "does not answer"),
        (
            {"refresh": raising(RefreshError("internal_failure: Backend Error", retryable=True))},
            Level.WARN,
            "does not answer",
        ),
        (
            {"refresh": raising(RefreshError("invalid_grant: Token has been expired or revoked."))},
            Level.FAIL,
            "expired or were revoked",
        ),
        (
            {"refresh": raising(RefreshError("invalid_grant: Invalid JWT Signature."))},
            Level.FAIL,
            "expired or were revoked",
        ),
        (
            {"refresh": raising(RefreshError("deleted_client: The OAuth client was deleted."))},
            Level.FAIL,
            "not accepted",
        ),
    ],
)
def test_credentials(
    tmp_path: Path, part: Any, level: Level, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    (finding,) = run([credentials_check(cloud_settings(tmp_path), google(**part))])
    assert finding.level is level and words in finding.what and finding.then


def credentials_check(settings: Settings, asked: Google) -> Check:
    return next(check for check in checks(settings, asked) if check.name == "Credentials")


def test_without_credentials_the_fault_is_reported_once(tmp_path: Path) -> None:
    none = google(credentials=raising(DefaultCredentialsError("no")))
    cloud = Cloud(cloud_settings(tmp_path), none)
    for finding in (cloud.bucket(), cloud.vision()):
        assert finding.level is Level.WARN and "not looked at" in finding.what


def test_a_person_s_login_needs_a_project_that_pays(tmp_path: Path) -> None:
    person = Credentials("ya29.secret")

    def login(quota: str | None) -> tuple[Any, str]:
        return (person.with_quota_project(quota) if quota else person), "of-gcloud"

    (finding,) = run([credentials_check(cloud_settings(tmp_path), google(credentials=login))])
    assert finding.level is Level.FAIL and "set-quota-project" in finding.then
    named = cloud_settings(tmp_path, GOOGLE_CLOUD_PROJECT="mine")
    finding = Cloud(named, google(credentials=login)).credentials()
    assert finding.level is Level.OK
    assert finding.what == "a person's own account; the project mine (GOOGLE_CLOUD_PROJECT) pays"


@pytest.mark.parametrize(
    ("asked", "level", "words"),
    [
        (
            raising(BucketNotFound("There is no such bucket", then="x")),
            Level.FAIL,
            "no such bucket",
        ),
        (lambda *_: FakeBuckets(RIGHTS[1:]), Level.FAIL, "not allowed: storage.objects.create"),
        (lambda *_: FakeBuckets(()), Level.FAIL, "storage.objects.delete"),
        (lambda *_: FakeBuckets(place="US"), Level.WARN, "gs://b lies in US"),
        (lambda *_: FakeBuckets(place=""), Level.OK, "may not see"),
    ],
)
def test_bucket(tmp_path: Path, asked: Any, level: Level, words: str) -> None:
    settings = cloud_settings(tmp_path, CONTACT_SHEET_LOCATION="eu")
    finding = Cloud(settings, google(buckets=asked)).bucket()
    assert finding.level is level and words in finding.what
    assert bool(finding.then) is (level is not Level.OK)


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (BackendDenied("The API is not enabled", then="Enable it."), Level.FAIL),
        (BackendUnavailable("No answer", then="Wait."), Level.FAIL),
        (QuotaExceeded("Used up", then="Wait."), Level.FAIL),
        (NotOffered("Not here", then="Use another."), Level.FAIL),
        (OperationNotFound("No such operation"), Level.OK),
    ],
)
def test_vision(tmp_path: Path, error: Exception, level: Level) -> None:
    finding = Cloud(cloud_settings(tmp_path), google(status=raising(error))).vision()
    assert finding.level is level
    assert bool(finding.then) == (level is Level.FAIL)


@pytest.mark.parametrize(
    ("env", "level", "words"),
    [
        ({}, Level.OK, "Cloud Storage at https://storage.googleapis.com"),
        ({"https_proxy": "http://me:hunter2@proxy:3128"}, Level.OK, "https_proxy=proxy:3128"),
        ({"HTTPS_PROXY": "http://me:hunter2@proxy:3128"}, Level.WARN, "HTTPS_PROXY=proxy:3128"),
        ({"HTTPS_PROXY": "p:1", "https_proxy": "p:1"}, Level.OK, "p:1"),
        ({"REQUESTS_CA_BUNDLE": "/no/such.pem"}, Level.FAIL, "no such file of certificates"),
        ({"REQUESTS_CA_BUNDLE": __file__}, Level.OK, "REQUESTS_CA_BUNDLE="),
        ({"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": __file__}, Level.WARN, "GRPC_DEFAULT"),
    ],
)
def test_network(tmp_path: Path, env: dict[str, str], level: Level, words: str) -> None:
    finding = network(cloud_settings(tmp_path), env)
    assert finding.level is level and words in f"{finding.what} {finding.where}"
    assert not any(value in finding.what for value in env.values())  # visitors see it
    assert "hunter2" not in str(finding)
    assert bool(finding.then) is (level is not Level.OK)


def test_checks_that_hang_or_raise_are_findings_and_keep_nobody_waiting() -> None:
    never = threading.Event()
    findings = run(
        [
            Check("slow", lambda: Finding("slow", Level.OK, str(never.wait(60)))),
            Check("bad", raising(ValueError("password=hunter2"))),
            Check("good", lambda: Finding("good", Level.OK, "well")),
        ],
        patience_s=0.3,
    )
    never.set()
    assert [(one.name, one.level) for one in findings] == [
        ("slow", Level.FAIL),
        ("bad", Level.FAIL),
        ("good", Level.OK),
    ]
    assert "hunter2" not in str(findings)
    assert worst(findings) is Level.FAIL and worst([]) is Level.OK


def test_bad_settings_are_a_finding() -> None:
    first = examine({"CONTACT_SHEET_BACKEND": "azure"})[0]
    assert (first.level, first.where) == (Level.FAIL, "CONTACT_SHEET_BACKEND")


def test_a_ledger_that_cannot_be_reached_keeps_its_password(tmp_path: Path) -> None:
    config = settings(
        tmp_path, CONTACT_SHEET_LEDGER_URL="postgresql+psycopg://me:hunter2@127.0.0.1:9/x"
    )
    ledger = [check for check in checks(config, google()) if check.name == "Ledger"]
    (finding,) = run(ledger)
    assert finding.level is Level.FAIL and "hunter2" not in str(finding)


def test_home_packages_and_memory(tmp_path: Path) -> None:
    assert machine.home(settings(Path("/proc/nowhere"))).level is Level.FAIL
    assert machine.home(settings(tmp_path)).level is not Level.FAIL
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("# x\nnumpy<1\nno-such-package-at-all\npytest>=1\n")
    finding = machine.packages(settings(tmp_path), wanted)
    assert finding.level is Level.FAIL
    assert "numpy is" in finding.what and "no-such-package-at-all is not" in finding.what
    assert machine.packages(settings(tmp_path)).level is Level.OK
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 1 kB\nMemAvailable:  102400 kB\n")
    assert machine.memory(settings(tmp_path), meminfo).level is Level.WARN
    assert machine.memory(cloud_settings(tmp_path), meminfo).level is Level.OK
    assert machine.memory(settings(tmp_path), tmp_path / "none").level is Level.OK


def test_engine_models_and_emulator(tmp_path: Path) -> None:
    here = settings(tmp_path, CONTACT_SHEET_DASK="tcp://127.0.0.1:9")
    assert local_engine.emulator(here).level is Level.OK
    assert local_engine.engine(here).level is Level.OK
    assert local_engine.models(here).level is Level.WARN
    assert local_engine.dask(here).level is Level.FAIL
    folder = tmp_path / "engine"
    address = "127.0.0.1:9"
    facts = {f"{part}_address": address for part in ("vision", "storage", "rest")}
    (folder / "engine.json").write_text(json.dumps(facts))
    assert local_engine.engine(here).what == "it does not answer"
    (folder / "engine.json").write_text("{")
    assert local_engine.engine(here).level is Level.WARN


def test_scripts_whose_data_is_missing_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.engine.ocr import language_data

    monkeypatch.setattr(language_data, "SYSTEM", ())
    here = settings(tmp_path)
    finding = local_engine.scripts(here)
    assert finding.level is Level.WARN
    assert "Cyrillic" in finding.what and "tesseract-ocr-script-cyrl" in finding.then
    folder = tmp_path / "engine" / "models" / language_data.FOLDER
    folder.mkdir(parents=True)
    for data in language_data.LANGUAGE_DATA.values():
        (folder / f"{data.file}.traineddata").write_bytes(b"data")
    assert local_engine.scripts(here).level is Level.OK


def test_a_model_that_is_not_the_one_reviewed(tmp_path: Path) -> None:
    from core.engine.models.catalog import MODELS

    here = settings(tmp_path)
    folder = tmp_path / "engine" / "models"
    folder.mkdir(parents=True)
    archive = next(iter(MODELS.values())).archive
    (folder / archive).write_bytes(b"another")
    finding = local_engine.models(here)
    assert finding.level is Level.FAIL and archive in finding.what


@pytest.mark.slow
def test_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core", "doctor", "--json"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "CONTACT_SHEET_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    report = json.loads(done.stdout)
    assert done.returncode == int(report["level"] == "fail")
    assert {"Settings", "Ledger", "Models", "Storage emulator"} <= {
        finding["name"] for finding in report["findings"]
    }


AUTH = """
[auth]
redirect_uri = "https://sheet.example/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "a"
client_secret = "b-secret"
server_metadata_url = "https://id.example/.well-known/openid-configuration"
"""


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        (None, Level.OK, "off: one user"),
        ("[other]", Level.OK, "off: one user"),
        (AUTH, Level.OK, "on, for everybody whom the provider lets in; good for 168 hours"),
        (AUTH.replace("[auth]", "[auth"), Level.FAIL, "cannot be read"),
        (AUTH.replace('client_id = "a"', ""), Level.FAIL, "not whole: client_id missing"),
        (AUTH.replace("0123456789abcdef" * 2, "short"), Level.FAIL, "fewer than 32"),
        (AUTH.replace("/oauth2callback", "/"), Level.FAIL, "does not end"),
        (AUTH + "[auth.two]\nclient_id = 'x'", Level.FAIL, "two.client_secret"),
    ],
)
def test_sign_in(tmp_path: Path, text: str | None, level: Level, words: str) -> None:
    secrets = tmp_path / "secrets.toml"
    if text is not None:
        secrets.write_text(text)
        secrets.chmod(0o600)
    finding = sign_in(settings(tmp_path), {"STREAMLIT_SECRETS_FILES": str(secrets)})
    assert finding.level is level and words in finding.what
    assert bool(finding.then) is (level is not Level.OK)
    assert "b-secret" not in str(finding) and "0123456789abcdef" not in str(finding)


def test_sign_in_that_is_asked_for_or_readable_by_others(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    env = {"STREAMLIT_SECRETS_FILES": str(secrets)}
    on = settings(tmp_path, CONTACT_SHEET_SIGN_IN="1", CONTACT_SHEET_MEMBERS="@x.org")
    assert sign_in(on, env).level is Level.FAIL
    secrets.write_text(AUTH)
    secrets.chmod(0o644)
    assert sign_in(on, env).level is Level.WARN
    secrets.chmod(0o600)
    assert "members only" in sign_in(on, env).what
    assert sign_in(settings(tmp_path, CONTACT_SHEET_SIGN_IN="0"), env).what.startswith("off")


def test_log_settings() -> None:
    assert machine.log_lines({}).level is Level.OK
    assert machine.log_lines({"CONTACT_SHEET_LOG": "json"}).what == "json"
    wrong = machine.log_lines({"CONTACT_SHEET_LOG": "xml", "CONTACT_SHEET_LOG_LEVEL": "loud"})
    assert wrong.level is Level.WARN and wrong.where.count("CONTACT_SHEET_LOG") == 2
