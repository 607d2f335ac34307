"""Google Cloud: credentials, the bucket and what may be done in it, the Vision API.

Nothing here costs anything: no picture is annotated and no object is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.doctor.findings import Finding, Level
from core.errors import BackendDenied, BackendUnavailable, OperationNotFound, RequestRefused
from core.jobs.connection import Backend, connect
from core.settings import Settings

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TIMEOUT_S = 8.0
RIGHTS = (
    "storage.objects.create",
    "storage.objects.get",
    "storage.objects.list",
    "storage.objects.delete",
)
NO_SUCH_OPERATION = "projects/{project}/operations/0"
_LOGIN = "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS."


def _credentials() -> tuple[Any, str | None]:
    import google.auth

    found: tuple[Any, str | None] = google.auth.default(scopes=[SCOPE])
    return found


def _refresh(credentials: Any) -> None:
    from google.auth.transport.requests import Request

    credentials.refresh(Request())


def _bucket(settings: Settings) -> Any:
    from google.cloud.storage import Client

    return Client(project=settings.project).bucket(settings.bucket)


def _status(settings: Settings, name: str) -> object:
    connection = connect(Backend(project=settings.project))
    try:
        return connection.status(name)
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Google:
    """How Google is asked; tests put others in.

    Attributes:
        credentials: Application Default Credentials with their project.
        refresh: get a token for them.
        bucket: the client's bucket.
        status: ask the Vision service about an operation.
    """

    credentials: Callable[[], tuple[Any, str | None]] = _credentials
    refresh: Callable[[Any], None] = _refresh
    bucket: Callable[[Settings], Any] = _bucket
    status: Callable[[Settings, str], object] = _status


def credentials(settings: Settings, google: Google) -> Finding:
    """Whose credentials are found, whether they are still good, and who pays."""
    from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError

    name = "Credentials"
    try:
        found, project = google.credentials()
    except (DefaultCredentialsError, OSError):
        return Finding(name, Level.FAIL, "none were found", then=_LOGIN)
    try:
        google.refresh(found)
    except TransportError:
        what = "found; Google cannot be reached from here to try them"
        return Finding(name, Level.WARN, what, then="Check the network and its proxy.")
    except RefreshError:
        return Finding(name, Level.FAIL, "they have expired or were taken back", then=_LOGIN)
    account = getattr(found, "service_account_email", "") or "a person's own account"
    project = settings.project or project
    payer = getattr(found, "quota_project_id", None) or project
    if not payer:
        cure = "Set GOOGLE_CLOUD_PROJECT, or: gcloud auth application-default set-quota-project."
        return Finding(name, Level.FAIL, f"{account}; no project is set to be charged", then=cure)
    return Finding(name, Level.OK, f"{account}, project {project or payer}, charged to {payer}")


def bucket(settings: Settings, google: Google) -> Finding:
    """Whether the account may do in the bucket what a batch needs, and where the bucket is."""
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError
    from requests import RequestException

    where = f"gs://{settings.bucket}"
    try:
        asked = google.bucket(settings)
        held = asked.test_iam_permissions(list(RIGHTS), timeout=TIMEOUT_S)
    except exceptions.NotFound:
        cure = "Create it, or correct CONTACT_SHEET_BUCKET."
        return Finding("Bucket", Level.FAIL, "there is no such bucket", where, cure)
    except (exceptions.Forbidden, exceptions.Unauthorized, GoogleAuthError):
        cure = "Grant the account Storage Object User on it."
        return Finding("Bucket", Level.FAIL, "access was refused", where, cure)
    except (exceptions.GoogleAPIError, RequestException, OSError):
        cure = "Check the network and its proxy."
        return Finding("Bucket", Level.FAIL, "Cloud Storage does not answer", where, cure)
    missing = [right for right in RIGHTS if right not in held]
    if missing:
        cure = "Grant the account Storage Object User on it."
        return Finding("Bucket", Level.FAIL, f"not allowed: {', '.join(missing)}", where, cure)
    try:
        asked.reload(timeout=TIMEOUT_S)
        place = str(asked.location)
    except (exceptions.GoogleAPIError, RequestException, OSError):
        place = "a location that the account may not see"
    return Finding("Bucket", Level.OK, f"may be read and written; in {place}", where)


def vision(settings: Settings, google: Google) -> Finding:
    """Ask about an operation that does not exist: NOT_FOUND tells that the API would answer."""
    name = "Vision API"
    project = settings.project or "-"
    try:
        google.status(settings, NO_SUCH_OPERATION.format(project=project))
    except (OperationNotFound, RequestRefused):
        return Finding(name, Level.OK, "enabled, and it answers")
    except BackendDenied as error:
        return Finding(name, Level.FAIL, error.what, error.where, error.then)
    except BackendUnavailable as error:
        cure = error.then or "Check the network and its proxy."
        return Finding(name, Level.FAIL, error.what, error.where, cure)
    return Finding(name, Level.OK, "enabled, and it answers")
