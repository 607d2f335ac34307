"""Clients of a backend, and every error they may raise."""

from __future__ import annotations

import inspect
import time
from typing import Any

import grpc
import pytest
from google.api_core import exceptions as google
from google.auth import exceptions as auth

from core.errors import (
    BackendDenied,
    BackendError,
    BackendUnavailable,
    NotOffered,
    OperationNotFound,
    QuotaExceeded,
    RequestRefused,
    SubmissionUncertain,
)
from core.jobs.batch.features import FEATURES
from core.jobs.service.connection import Backend, Connection, connect
from core.jobs.service.vision_errors import translate, translated
from tests.kit.services.jobs_rig import REQUEST, Rig

CALL_ERRORS = sorted(
    {
        kind
        for kind in vars(google).values()
        if inspect.isclass(kind) and issubclass(kind, google.GoogleAPICallError)
    },
    key=lambda kind: kind.__name__,
)
# Only these say "not accepted" when a batch was being submitted; all the rest leaves doubt.
CLEAR = (google.ClientError, google.Redirection, google.MethodNotImplemented)
BROKEN_OFF = (google.Cancelled, google.Aborted)


@pytest.mark.parametrize("kind", CALL_ERRORS, ids=lambda kind: kind.__name__)
def test_every_class_is_translated(kind: type[google.GoogleAPICallError]) -> None:
    error = translate(kind("it went wrong"), "here")
    assert type(error) is not BackendError, "no rule"
    assert isinstance(error, BackendError)
    assert error.where == "here" and error.what and "it went wrong" in error.then
    lasting = issubclass(kind, google.ClientError) and not issubclass(kind, BROKEN_OFF)
    assert not (lasting and "Try again" in error.then)


@pytest.mark.parametrize("kind", CALL_ERRORS, ids=lambda kind: kind.__name__)
def test_doubt_about_a_submission_is_never_lost(kind: type[google.GoogleAPICallError]) -> None:
    error = translate(kind("x"), "here", submitting=True)
    clear = issubclass(kind, CLEAR) and not issubclass(kind, BROKEN_OFF)
    assert isinstance(error, SubmissionUncertain) is not clear
    assert not isinstance(error, OperationNotFound)


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (google.PermissionDenied("x"), BackendDenied),
        (google.Unauthenticated("x"), BackendDenied),
        (google.Forbidden("x"), BackendDenied),
        (google.ResourceExhausted("x"), QuotaExceeded),
        (google.TooManyRequests("x"), QuotaExceeded),
        (google.NotFound("x"), OperationNotFound),
        (google.InvalidArgument("x"), RequestRefused),
        (google.FailedPrecondition("x"), RequestRefused),
        (google.MethodNotImplemented("x"), NotOffered),
        (google.DeadlineExceeded("x"), BackendUnavailable),
        (google.ServiceUnavailable("x"), BackendUnavailable),
        (google.InternalServerError("x"), BackendUnavailable),
        (google.Unknown("x"), BackendUnavailable),
        (google.RetryError("x", cause=google.ServiceUnavailable("y")), BackendUnavailable),
        (auth.DefaultCredentialsError("x"), BackendDenied),
        (auth.RefreshError("x"), BackendDenied),
        (auth.TransportError("x"), BackendUnavailable),
        (
            google.ServiceUnavailable("Getting metadata from plugin failed with error: x"),
            BackendDenied,
        ),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_kind(error: Exception, ours: type[BackendError]) -> None:
    assert type(translate(error, "here")) is ours


def test_failed_token_refresh_means_that_nothing_was_sent() -> None:
    error = google.ServiceUnavailable("Getting metadata from plugin failed with error: expired")
    assert isinstance(translate(error, "here", submitting=True), BackendDenied)


def test_other_exceptions_pass() -> None:
    with pytest.raises(ZeroDivisionError), translated("here"):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, RequestRefused),
        (grpc.StatusCode.PERMISSION_DENIED, BackendDenied),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, QuotaExceeded),
        (grpc.StatusCode.UNAVAILABLE, SubmissionUncertain),
        (grpc.StatusCode.INTERNAL, SubmissionUncertain),
        (grpc.StatusCode.UNKNOWN, SubmissionUncertain),
        (grpc.StatusCode.ABORTED, SubmissionUncertain),
        (grpc.StatusCode.DATA_LOSS, SubmissionUncertain),
        (grpc.StatusCode.OUT_OF_RANGE, RequestRefused),
        (grpc.StatusCode.UNIMPLEMENTED, NotOffered),
    ],
)
def test_submission_over_the_wire(
    rig: Rig, code: grpc.StatusCode, ours: type[BackendError]
) -> None:
    rig.service.refuse = (code, "the reason")
    with pytest.raises(ours, match="the reason"):
        rig.connection.submit(REQUEST.to_proto(["gs://b/x"], "gs://b/out/"))
    assert rig.service.submissions == 1  # never retried by the client


def test_slow_service_is_not_waited_for(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.jobs.service.connection.SUBMIT_TIMEOUT_S", 1.0)
    rig.service.on_submit = lambda request: time.sleep(3)
    with pytest.raises(SubmissionUncertain):
        rig.connection.submit(REQUEST.to_proto(["gs://b/x"], "gs://b/out/"))
    assert rig.service.submissions == 1


def test_dead_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.jobs.service.connection.CONNECT_TIMEOUT_S", 0.3)
    monkeypatch.setattr("core.jobs.service.connection.POLL_TIMEOUT_S", 0.3)
    lost = connect(Backend("127.0.0.1:9", "http://127.0.0.1:9"))
    for ask in (
        lost.check_ready,
        lambda: lost.status("projects/p/operations/1"),
        lambda: lost.cancel("projects/p/operations/1"),
        lambda: lost.operations("gs://b/x/"),
    ):
        with pytest.raises(BackendUnavailable, match=r"127\.0\.0\.1:9|operations/1|gs://b/x/"):
            ask()
    lost.close()


def test_readiness(rig: Rig) -> None:
    rig.connection.check_ready()
    rig.service.known_code = grpc.StatusCode.PERMISSION_DENIED
    rig.connection.check_ready()  # whatever it says, it is there


def test_status(rig: Rig) -> None:
    name = rig.connection.submit(REQUEST.to_proto(["gs://b/x"], "gs://b/out/"))
    batch = rig.service.accepted[0]
    status = rig.connection.status(name)
    assert (status.name, status.state, status.done) == (name, "RUNNING", False)
    assert (status.created, status.output_prefix, status.error_code) == (batch.created, "", 0)
    batch.state = "DONE"
    status = rig.connection.status(name)
    assert (status.state, status.done, status.output_prefix) == ("DONE", True, "gs://b/out/")
    batch.error = (7, "no right to write")
    status = rig.connection.status(name)
    assert (status.done, status.error_code, status.error) == (True, 7, "no right to write")
    listed, exact = rig.connection.operations("gs://b/out/")
    assert ([one.name for one in listed], exact) == ([name], True)


@pytest.mark.parametrize(
    "name", ["", "x", "operations", "../operations/1", "a\nb/operations/1", "x" * 400]
)
def test_names_are_checked_before_they_are_sent(rig: Rig, name: str) -> None:
    rig.service.known_code = grpc.StatusCode.INTERNAL  # would be another error
    for ask in (rig.connection.status, rig.connection.cancel):
        if name == "../operations/1":
            continue  # odd, but it has an operation's form; the server decides
        with pytest.raises(OperationNotFound):
            ask(name)


ENGINE: dict[str, Any] = {
    "pid": 1,
    "vision_address": "127.0.0.1:1",
    "storage_address": "http://127.0.0.1:2",
    "capabilities": {
        "LABEL_DETECTION": {"supported": True, "does": "Names.", "limits": "Few.", "model": "m"},
        "SOMETHING_LATER": {"supported": True, "does": "x"},
        "LOGO_DETECTION": {"supported": False, "does": "Not here."},
    },
}


def test_engine_tells_what_it_does() -> None:
    backend = Backend.from_engine(ENGINE)
    assert (backend.vision_address, backend.storage_address) == (
        "127.0.0.1:1",
        "http://127.0.0.1:2",
    )
    assert list(backend.capabilities) == ["LABEL_DETECTION", "LOGO_DETECTION"]
    assert backend.capabilities["LABEL_DETECTION"].limits == "Few."
    assert not backend.capabilities["LOGO_DETECTION"].supported
    connection = Connection(backend)
    assert connection.id == Connection(Backend.from_engine(ENGINE | {"pid": 2})).id
    assert not connection.prices.charged


@pytest.mark.parametrize(
    "facts",
    [{}, {**ENGINE, "capabilities": None}, {**ENGINE, "capabilities": {"LABEL_DETECTION": 1}}],
)
def test_engine_that_tells_nonsense(facts: dict[str, Any]) -> None:
    with pytest.raises(BackendError, match=r"engine\.json"):
        Backend.from_engine(facts)


def test_google_does_everything_and_charges() -> None:
    connection = Connection(Backend(project="p"))
    assert set(connection.capabilities) == set(FEATURES)
    assert all(support.supported for support in connection.capabilities.values())
    assert connection.prices.charged
    assert connection.id == "google:p"
    connection.close()  # nothing was opened


def test_google_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any, **__: Any) -> Any:
        raise auth.DefaultCredentialsError("Your default credentials were not found.")

    monkeypatch.setattr("google.auth.default", none)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(BackendDenied, match="gcloud auth"):
        _ = Connection(Backend()).annotator
    with pytest.raises(BackendDenied, match="gcloud auth"):
        _ = Connection(Backend()).buckets
