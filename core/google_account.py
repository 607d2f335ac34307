"""Whose Google account is used and which project pays, found out before anything is sent.

Without a project of its own, a call is charged to the project of its service account; a person's
login has none, and Vision refuses it. So a project that is named goes along with every call
(``x-goog-user-project``), and a login without one is reported at once.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.cloud_settings import CloudSettings
from core.errors import BackendDenied, BackendError, BackendUnavailable
from core.service_errors import LOGIN, NO_PROJECT, ErrorKind, explain_token

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
AGAIN_S = 10.0  # a failure is believed that long
Find = Callable[[str | None], tuple[Any, str | None]]


@dataclass(frozen=True, slots=True)
class GoogleAccount:
    """Credentials, and who pays for what is done with them.

    Attributes:
        credentials: of google-auth, with the project that pays where one is named.
        email: of a service account; "" for a person's login and where it is not known.
        person: whether it is a person's own login.
        project: the project that pays; "" if there is none, and Vision would refuse.
        named_by: what names that project, in words.
        anonymous: there is none, and none is wanted.
    """

    credentials: Any = field(repr=False)
    email: str
    person: bool
    project: str
    named_by: str
    anonymous: bool = False

    @property
    def kind(self) -> str:
        """What kind of account it is, without a name: fit for everybody's eyes."""
        if self.anonymous:
            return "no account, as CONTACT_SHEET_STORAGE_ACCESS says"
        return "a person's own account" if self.person else "a service account"

    @property
    def paying(self) -> str:
        """Who pays, as words.

        Raises:
            BackendDenied: nobody does.
        """
        self.check()
        return f"the project {self.project} ({self.named_by})"

    def client_options(self, endpoint: str) -> dict[str, str]:
        """What a client of Google's is made with: who pays, and where ("" for the usual place)."""
        quota = getattr(self.credentials, "quota_project_id", None)
        options = {"quota_project_id": quota, "api_endpoint": endpoint}
        return {name: value for name, value in options.items() if value}

    def check(self) -> None:
        """See that somebody pays.

        Raises:
            BackendDenied: no project is named, and the account has none of its own.
        """
        if not self.project:
            raise BackendDenied("No project is set to be charged", where=self.kind, then=NO_PROJECT)


def default_credentials(quota_project: str | None) -> tuple[Any, str | None]:
    """Application Default Credentials, and the project that they come with."""
    import google.auth

    credentials: tuple[Any, str | None] = google.auth.default(
        scopes=[SCOPE], quota_project_id=quota_project
    )
    return credentials


def find_account(cloud: CloudSettings, find: Find = default_credentials) -> GoogleAccount:
    """The account that the environment gives; no request is sent to Vision or Cloud Storage.

    Raises:
        BackendDenied: there are no credentials, or their file cannot be used.
        BackendUnavailable: the machine's metadata server does not answer.
    """
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import GoogleAuthError

    if cloud.anonymous:
        return GoogleAccount(AnonymousCredentials(), "", False, "", "", anonymous=True)
    try:
        credentials, own = find(cloud.project)
    except (GoogleAuthError, OSError, ValueError, TypeError, AttributeError) as error:
        raise _no_account(error) from error
    person = _is_person(credentials)
    email = str(getattr(credentials, "service_account_email", "") or "")
    email = "" if email == "default" else email  # a machine's, before it was first asked
    quota = getattr(credentials, "quota_project_id", None)
    if cloud.project:
        project, named_by = cloud.project, cloud.project_variable or "the settings"
    elif quota:
        project, named_by = str(quota), "the credentials' quota project"
    elif person:
        project, named_by = "", ""
    else:
        project, named_by = own or _project_of(email), "the service account's own"
    return GoogleAccount(credentials, email, person, project, named_by)


class AccountFinder:
    """Finds the account once, and after a failure not at every call. Safe to share between threads.

    A file of credentials that was written since, as by a new login, is read again. Without
    credentials, google-auth asks for a metadata server for seconds.
    """

    def __init__(self, cloud: CloudSettings, find: Find = default_credentials) -> None:
        self._cloud = cloud
        self._find = find
        self._lock = threading.Lock()
        self._account: GoogleAccount | None = None
        self._fault: BackendError | None = None
        self._failed_at = 0.0
        self._file: tuple[int, int] | None = None

    def get(self) -> GoogleAccount:
        """The account; once found it stays the same while its file does.

        Raises:
            BackendDenied, BackendUnavailable: as ``find_account``; believed for some seconds.
        """
        with self._lock:
            file = _credentials_file()
            changed = file is not None and file != self._file
            if self._account is not None and not changed:
                return self._account
            recent = time.monotonic() - self._failed_at < AGAIN_S
            if self._fault is not None and recent and not changed:
                raise self._fault
            self._file, self._account = file, None
            try:
                self._account = find_account(self._cloud, self._find)
            except BackendError as error:
                self._fault, self._failed_at = error, time.monotonic()
                raise
            return self._account


def _credentials_file() -> tuple[int, int] | None:
    """When the file of credentials was written, and its size; None where there is none."""
    named = os.environ.get(FILE_VARIABLE)
    gcloud = Path(os.environ.get("CLOUDSDK_CONFIG") or "~/.config/gcloud")
    path = Path(named) if named else gcloud / "application_default_credentials.json"
    try:
        stat = path.expanduser().stat()
    except (OSError, ValueError, RuntimeError):
        return None
    return stat.st_mtime_ns, stat.st_size


def _is_person(credentials: Any) -> bool:
    from google.auth import external_account_authorized_user
    from google.oauth2.credentials import Credentials

    return isinstance(credentials, (Credentials, external_account_authorized_user.Credentials))


def _project_of(email: str) -> str:
    match = re.fullmatch(r"[^@]+@([^@]+)\.iam\.gserviceaccount\.com", email)
    return match[1] if match else ""


def _no_account(error: Exception) -> BackendError:
    """Why there is no account; the path of a credentials file is left out."""
    from google.auth.exceptions import RefreshError, TransportError

    if isinstance(error, (TransportError, RefreshError)):
        fault = explain_token(error)
        kind = BackendDenied if fault.kind is ErrorKind.DENIED else BackendUnavailable
        return kind(fault.what, where="Application Default Credentials", then=fault.then)
    named = os.environ.get(FILE_VARIABLE, "")
    if not named and "credentials were not found" in str(error):
        return BackendDenied(
            "No Google Cloud credentials were found",
            where="Application Default Credentials",
            then=LOGIN,
        )
    where = FILE_VARIABLE if named else "the file of gcloud's application-default login"
    cure = f"Correct {FILE_VARIABLE}, or unset it and " if named else ""
    login = "run `gcloud auth application-default login`."
    then = f"{cure}{login}" if cure else f"{login[0].upper()}{login[1:]}"
    return BackendDenied(
        f"The credentials file cannot be used: {_reason(error, named)}", where=where, then=then
    )


def _reason(error: Exception, named: str) -> str:
    """What is wrong with the credentials file; neither its path nor its content is shown."""
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    if named and (wrong := _looked_at(Path(named), str(error))):
        return wrong
    text = str(error.args[0]) if error.args else ""
    return (text.replace(named, "it") if named else text)[:300].rstrip(".") or "it is damaged"


def _looked_at(path: Path, error: str) -> str:
    """What is plainly wrong with the file; "" if nothing is."""
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if text.strip() else None
    except OSError as fault:
        return (fault.strerror or type(fault).__name__).lower()
    except json.JSONDecodeError as fault:
        return f"it is not JSON ({fault.msg}, line {fault.lineno})"
    except (ValueError, RecursionError):
        return "it is no text in UTF-8"
    if not isinstance(content, dict):
        return "it is empty" if content is None else "it does not hold a JSON object"
    if "installed" in content or "web" in content:
        return "it is an OAuth client's file and not an account's key"
    if "type" not in content:
        return "it names no type, as an account's key does"
    damaged = "private_key" in content and "credentials from" in error
    return "its private key is damaged or cut off" if damaged else ""
