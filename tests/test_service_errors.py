"""Every answer of Google's has its own cause and cure, and is cut only behind what matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from google.api_core import exceptions as google
from google.auth.exceptions import RefreshError, TransportError
from google.rpc import error_details_pb2 as details

from core.bucket_errors import translated
from core.errors import (
    BucketDenied,
    BucketError,
    BucketNotFound,
    BucketRefused,
    BucketUnavailable,
    ObjectNotFound,
)
from core.foreign_text import said
from core.service_errors import ROLES, ErrorKind, explain, explain_token, pause_s

ENABLE = "https://console.developers.google.com/apis/api/vision.googleapis.com/overview?project=12"


def denied(reason: str, message: str = "No.", **metadata: str) -> google.PermissionDenied:
    info = details.ErrorInfo(reason=reason, domain="googleapis.com", metadata=metadata)
    return google.PermissionDenied(message, details=[info], error_info=info)


VISION = {"service": "vision.googleapis.com", "consumer": "projects/my-project"}


@pytest.mark.parametrize(
    ("error", "kind", "what", "then"),
    [
        (
            denied("SERVICE_DISABLED", "x", **VISION, activationUrl=ENABLE),
            ErrorKind.DENIED,
            "The Cloud Vision API is not enabled in the project my-project",
            ENABLE,
        ),
        (
            denied("SERVICE_DISABLED", f"Enable it by visiting {ENABLE} then retry.", **VISION),
            ErrorKind.DENIED,
            "not enabled",
            f"{ENABLE} and try",
        ),
        (
            denied("SERVICE_DISABLED", "x", **VISION),
            ErrorKind.DENIED,
            "not enabled",
            "console.cloud.google.com/apis/library/vision.googleapis.com?project=my-project",
        ),
        (
            denied("SERVICE_DISABLED", "x", consumer="projects/764086051850"),
            ErrorKind.DENIED,
            "No project is set to be charged",
            "GOOGLE_CLOUD_PROJECT",
        ),
        (
            denied("BILLING_DISABLED", "x", **VISION),
            ErrorKind.DENIED,
            "Billing is not enabled for the project my-project",
            "console.cloud.google.com/billing/linkedaccount?project=my-project",
        ),
        (
            denied("USER_PROJECT_DENIED", "x", **VISION),
            ErrorKind.DENIED,
            "may not let the project my-project pay",
            "Service Usage Consumer",
        ),
        (
            denied("CONSUMER_INVALID", "x", **VISION),
            ErrorKind.DENIED,
            "does not exist",
            "projects list",
        ),
        (denied("CONSUMER_SUSPENDED", "x", **VISION), ErrorKind.DENIED, "suspended", "support"),
        (denied("ACCESS_TOKEN_EXPIRED"), ErrorKind.DENIED, "access token", "gcloud auth"),
        (
            denied("ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
            ErrorKind.DENIED,
            "lacks a scope",
            "cloud-platform",
        ),
        (denied("ACCOUNT_STATE_INVALID"), ErrorKind.DENIED, "disabled or deleted", "gcloud auth"),
        (
            denied("RATE_LIMIT_EXCEEDED", "x", **VISION, quota_limit_value="1800"),
            ErrorKind.QUOTA,
            "A quota of 1800 is used up",
            "quotas?project=my-project",
        ),
        (
            denied(
                "SECURITY_POLICY_VIOLATED",
                "Request is prohibited by organization's policy. "
                "vpcServiceControlsUniqueIdentifier: eYhD-kfY",
            ),
            ErrorKind.DENIED,
            "VPC Service Controls",
            "name eYhD-kfY",
        ),
        (
            denied("ORG_RESTRICTION_VIOLATION", "Constraint constraints/gcp.resourceLocations"),
            ErrorKind.DENIED,
            "policy of the organization constraints/gcp.resourceLocations",
            "administrators",
        ),
        (
            denied("IAM_PERMISSION_DENIED", "x", permission="storage.objects.get"),
            ErrorKind.DENIED,
            "lacks the right storage.objects.get",
            ROLES,
        ),
        (google.Unknown("no rule has a word for this"), None, "", ""),
    ],
)
def test_each_reason_has_its_cure(
    error: Exception, kind: ErrorKind | None, what: str, then: str
) -> None:
    fault = explain(error)
    if kind is None:
        assert fault is None
        return
    assert fault is not None
    assert fault.kind is kind and what in fault.what and then in fault.then


def answer(status: int, message: str, reason: str = "") -> Exception:
    """An error as Cloud Storage's client raises it."""
    errors = [{"message": message, "domain": "global", "reason": reason}]
    line = f"GET https://storage.googleapis.com/storage/v1/b/x/o?projection=noAcl: {message}"
    error: Exception = google.from_http_status(status, line, errors=errors)
    return error


WHO = "sheet@demo-project.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("error", "ours", "words"),
    [
        (answer(400, "Bucket is a requester pays bucket but no user project provided.", "required"),
         BucketRefused, "CONTACT_SHEET_REQUESTER_PROJECT"),
        (answer(412, "At least one of the pre-conditions you specified did not hold.",
                "conditionNotMet"), BucketRefused, "condition"),
        (answer(400, "Invalid argument.", "invalid"), BucketRefused, "Invalid argument"),
        (answer(405, "Not allowed"), BucketRefused, "Not allowed"),
        (answer(409, "Conflict"), BucketRefused, "Conflict"),
        (answer(403, "The billing account for the owning project is disabled in state absent",
                "accountDisabled"), BucketDenied, "Billing is not enabled"),
        (answer(403, "Cloud Storage JSON API has not been used in project 123456789012 before or "
                "it is disabled.", "accessNotConfigured"), BucketDenied, "not enabled"),
        (answer(403, "Caller does not have required permission to use project demo-project. Grant "
                "the caller the roles/serviceusage.serviceUsageConsumer role.",
                "USER_PROJECT_DENIED"), BucketDenied, "project demo-project pay"),
        (answer(403, f"{WHO} does not have storage.objects.list access to the Google Cloud Storage "
                "bucket.", "forbidden"), BucketDenied, "lacks the right storage.objects.list"),
        (answer(403, "Request is prohibited by organization's policy. "
                "vpcServiceControlsUniqueIdentifier: abc", "vpcServiceControls"),
         BucketDenied, "VPC Service Controls"),
        (answer(403, "no words for it", "forbidden"), BucketDenied, "roles are enough"),
        (answer(401, "Invalid Credentials", "authError"), BucketDenied, "gcloud auth"),
        (answer(429, "The rate of change requests exceeds the limit.", "rateLimitExceeded"),
         BucketUnavailable, "quota"),
        (answer(503, "Backend Error", "backendError"), BucketUnavailable, "Try again"),
        (google.RetryError("late", cause=answer(503, "Backend Error")), BucketUnavailable,
         "Backend Error"),
        (google.RetryError("late", cause=answer(429, "Slower")), BucketUnavailable, "Slower"),
        (answer(404, "The specified bucket does not exist."), BucketNotFound, "no such bucket"),
        (answer(404, "No such object: b/o"), ObjectNotFound, "no such object"),
        (requests.ConnectionError("refused"), BucketUnavailable, "proxy"),
        (RefreshError("invalid_grant: Token has been expired or revoked."), BucketDenied,
         "gcloud auth"),
        (TransportError("no way"), BucketUnavailable, "does not answer"),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, Exception) else "",
)  # fmt: skip
def test_storage_by_kind(error: Exception, ours: type[BucketError], words: str) -> None:
    with pytest.raises(BucketError) as caught, translated("gs://b/o", object_name="o"):
        raise error
    assert type(caught.value) is ours
    message = str(caught.value)
    assert words in message and WHO not in message and "projection=" not in message
    assert ("Try again in a moment" in message) is (
        ours is BucketUnavailable and "Backend" in message
    )


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("requires billing to be enabled on project #123456789012 by", "project 123456789012"),
        ("requires billing to be enabled. Ask the project owner.", "for the project"),
        ("requires billing to be enabled for project resources", "for the project"),
        ("requires billing to be enabled for project my-project now", "project my-project"),
    ],
)
def test_a_project_is_read_from_the_words_only_if_it_is_one(message: str, named: str) -> None:
    fault = explain(google.PermissionDenied(message))
    assert fault is not None and fault.what.endswith(named)


def test_the_same_roles_are_advised_everywhere() -> None:
    root = Path(__file__).parents[1]
    readme, guide = ((root / name).read_text() for name in ("README.md", "docs/google-cloud.md"))
    wanted = ("Service Usage Consumer", "Storage Object User", "Storage Object Viewer")
    for role in wanted:
        assert role in readme and role in guide and role in ROLES
    for larger in ("Storage Object Admin", "Storage Admin", "Storage Object Creator"):
        assert larger not in readme + guide + ROLES


def test_the_service_is_quoted_past_what_matters_and_without_accounts_and_paths() -> None:
    message = f"{'word ' * 120}Grant it to {WHO} on /home/ada/keys/key.json now. {'x' * 2_000}"
    text = said(google.PermissionDenied(message))
    assert "Grant it to The account on the file now." in text
    assert text.endswith("…") and len(text) < 900


@pytest.mark.parametrize(
    ("detail", "seconds"),
    [
        (details.RetryInfo(retry_delay={"seconds": 7, "nanos": 500_000_000}), 7.5),
        ({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12s"}, 12.0),
        ({"retryDelay": "soon"}, None),
        (details.Help(), None),
    ],
)
def test_the_pause_that_is_asked_for(detail: Any, seconds: float | None) -> None:
    assert pause_s(google.ResourceExhausted("x", details=[detail])) == seconds


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("invalid_grant: Token has been expired or revoked.", ErrorKind.DENIED),
        ("Reauthentication is needed. Please run `gcloud auth ...`", ErrorKind.DENIED),
        ("deleted_client: The OAuth client was deleted.", ErrorKind.DENIED),
        ("internal_failure: Backend Error", ErrorKind.UNAVAILABLE),
        (
            "HTTPSConnectionPool(host='oauth2.googleapis.com'): Max retries exceeded",
            ErrorKind.UNAVAILABLE,
        ),
        ("Compute Engine Metadata server unavailable", ErrorKind.UNAVAILABLE),
    ],
)
def test_a_token_server_that_is_away_is_not_an_expired_login(text: str, kind: ErrorKind) -> None:
    plugin = google.ServiceUnavailable(f"Getting metadata from plugin failed with error: {text}")
    for error in (RefreshError(text), plugin):
        fault = explain_token(error)
        assert fault.kind is kind
        assert ("gcloud auth application-default login" in fault.then) is (kind is ErrorKind.DENIED)
