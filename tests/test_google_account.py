"""Whose credentials are found, and who pays; a broken file is named with what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.auth import exceptions as auth
from google.oauth2.credentials import Credentials

from core.cloud_settings import CloudSettings
from core.errors import BackendDenied, BackendUnavailable
from core.google_account import AccountFinder, GoogleAccount, find_account
from core.jobs.service.connection import Backend, Connection


class Robot:
    """A service account's credentials."""

    service_account_email = "sheet@its-own.iam.gserviceaccount.com"

    def __init__(self, quota: str | None = None) -> None:
        self.quota_project_id = quota


def robot(quota: str | None) -> tuple[Any, str | None]:
    return Robot(quota), "its-own"


def person(quota: str | None) -> tuple[Any, str | None]:
    return Credentials("token", quota_project_id=quota), "of-gcloud"


NAMED = CloudSettings(project="named", project_variable="GOOGLE_CLOUD_PROJECT")


@pytest.mark.parametrize(
    ("find", "cloud", "project", "named_by"),
    [
        (robot, CloudSettings(), "its-own", "the service account's own"),
        (robot, NAMED, "named", "GOOGLE_CLOUD_PROJECT"),
        (lambda _: robot("other"), CloudSettings(), "other", "the credentials' quota project"),
        (lambda _: (Robot(), None), CloudSettings(), "its-own", "the service account's own"),
        (person, NAMED, "named", "GOOGLE_CLOUD_PROJECT"),
        (lambda _: person("mine"), CloudSettings(), "mine", "the credentials' quota project"),
        (person, CloudSettings(), "", ""),  # what gcloud works with is nobody's wish to pay
    ],
)
def test_who_pays(find: Any, cloud: CloudSettings, project: str, named_by: str) -> None:
    account = find_account(cloud, find)
    assert (account.project, account.named_by) == (project, named_by)
    assert account.person is isinstance(account.credentials, Credentials)
    backend = Backend.of_google(cloud, account)
    assert backend.id == f"google:{project}"
    if project:
        assert Connection(backend).payer == f"the project {project} ({named_by})"


def test_nobody_pays_is_reported_before_anything_is_sent() -> None:
    account = find_account(CloudSettings(), person)
    connection = Connection(Backend.of_google(CloudSettings(), account))
    for ask in (lambda: connection.payer, connection.check_ready, lambda: connection.annotator):
        with pytest.raises(BackendDenied, match="No project is set to be charged"):
            ask()


def test_the_variable_may_come_and_go_without_another_identity() -> None:
    with_it = CloudSettings(project="its-own", project_variable="GOOGLE_CLOUD_PROJECT")
    ids = {
        Backend.of_google(cloud, find_account(cloud, robot)).id
        for cloud in (with_it, CloudSettings())
    }
    assert ids == {"google:its-own"}


KEY = {
    "type": "service_account",
    "client_email": "a@b",
    "token_uri": "https://t",
    "project_id": "p",
}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file"),
        ("", "it is empty"),
        ("{ this is no JSON", "it is not JSON"),
        ("[1, 2]", "does not hold a JSON object"),
        (json.dumps({"installed": {"client_id": "x"}}), "an OAuth client's file"),
        (json.dumps({"key": 1}), "names no type"),
        (json.dumps({"type": "something_else"}), "does not have a valid type"),
        (json.dumps({**KEY, "private_key": "-----BEGIN PRIVATE KEY-----\nMIIE"}), "is damaged"),
        ("\udcff", "no text in UTF-8"),
    ],
)
def test_a_broken_file_is_named_with_its_reason(
    content: str | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret-folder" / "key.json"
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content.encode(errors="surrogateescape"))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    with pytest.raises(BackendDenied) as caught:
        find_account(CloudSettings())
    said = str(caught.value)
    assert caught.value.what.startswith("The credentials file cannot be used")
    assert reason in said.lower().replace("oauth", "OAuth").replace("json", "JSON").replace(
        "utf", "UTF"
    )
    assert "GOOGLE_APPLICATION_CREDENTIALS" in said and "gcloud auth" in said
    assert "secret-folder" not in said and "MIIE" not in said


def test_a_folder_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path))
    with pytest.raises(BackendDenied, match="is a directory"):
        find_account(CloudSettings())


def test_an_account_that_cannot_be_asked_for_is_not_missing() -> None:
    def away(_: str | None) -> Any:
        raise auth.TransportError("Failed to retrieve http://metadata.google.internal/")

    with pytest.raises(BackendUnavailable, match="does not answer"):
        find_account(CloudSettings(), away)


def test_it_is_looked_for_once_and_a_failure_is_believed_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def find(_: str | None) -> tuple[Any, str | None]:
        asked.append(1)
        if len(asked) == 1:
            raise auth.DefaultCredentialsError("Your default credentials were not found")
        return Robot(), "p"

    finder = AccountFinder(CloudSettings(), find)
    for _ in range(3):
        with pytest.raises(BackendDenied):
            finder.get()
    assert len(asked) == 1
    monkeypatch.setattr("core.google_account.AGAIN_S", 0.0)
    first = finder.get()
    assert finder.get() is first and len(asked) == 2
    assert isinstance(first, GoogleAccount) and "Robot" not in repr(first)


def test_a_new_login_is_found_without_a_restart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "key.json"
    key.write_text("{ broken")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    robots: list[Robot] = []

    def find(_: str | None) -> tuple[Any, str | None]:
        if "broken" in key.read_text():
            raise auth.DefaultCredentialsError("The file is not valid")
        robots.append(Robot())
        return robots[-1], "p"

    finder = AccountFinder(CloudSettings(), find)
    with pytest.raises(BackendDenied):
        finder.get()
    key.write_text("{}")  # at once, within the time that a failure is believed
    first = finder.get()
    assert finder.get() is first and len(robots) == 1
    key.write_text('{"another": "key"}')
    assert finder.get().credentials is robots[1]
    key.unlink()  # what is in use goes on
    assert finder.get().credentials is robots[1] and len(robots) == 2
