"""Google's errors to ours: each with a cause and a cure.

A submission is special: where the answer leaves open whether the batch was accepted, the error is
``SubmissionUncertain``; every other kind means that it was not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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
from core.foreign_text import said
from core.service_errors import (
    ROLES,
    ErrorKind,
    ServiceFault,
    explain,
    explain_token,
    is_token_error,
    pause_s,
)


@contextmanager
def translated(where: str, *, submitting: bool = False) -> Iterator[None]:
    """Turn every error of Google's clients into one of ours.

    Args:
        submitting: an answer that leaves open whether the batch was accepted becomes
            ``SubmissionUncertain``.
    """
    import grpc
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except (GoogleAPIError, GoogleAuthError, grpc.RpcError) as error:
        raise translate(error, where, submitting=submitting) from error


def translate(error: Exception, where: str, *, submitting: bool = False) -> BackendError:
    """Our error for one of Google's; see ``translated``."""
    import grpc
    from google.api_core.exceptions import RetryError, from_grpc_error

    if isinstance(error, grpc.RpcError):
        error = from_grpc_error(error)
    if isinstance(error, RetryError) and isinstance(error.cause, Exception) and not submitting:
        error = error.cause
    if is_token_error(error):  # nothing was sent
        return _ours(explain_token(error), where)
    fault = explain(error)
    if fault is not None and (not submitting or _is_clear(error)):
        return _ours(fault, where)
    text = said(error)
    for kinds, ours, what, cure in (*_clear(submitting), *_unclear(submitting)):
        if isinstance(error, kinds):
            translated = ours(what, where=where, then=f"{cure} {text}".strip())
            return _paused(translated, pause_s(error))
    return BackendError("The Vision service failed", where=where, then=text)


def _ours(fault: ServiceFault, where: str) -> BackendError:
    return _paused(_KINDS[fault.kind](fault.what, where=where, then=fault.then), fault.pause_s)


def _paused(error: BackendError, pause: float | None) -> BackendError:
    if isinstance(error, QuotaExceeded):
        error.pause_s = pause
    return error


def _is_clear(error: Exception) -> bool:
    """Whether the answer tells that a batch was not accepted."""
    from google.api_core.exceptions import ClientError

    return isinstance(error, ClientError) and not isinstance(error, _doubtful())


_KINDS: dict[ErrorKind, type[BackendError]] = {
    ErrorKind.DENIED: BackendDenied,
    ErrorKind.REFUSED: RequestRefused,
    ErrorKind.QUOTA: QuotaExceeded,
    ErrorKind.UNAVAILABLE: BackendUnavailable,
}
_Rule = tuple[tuple[type[Exception], ...], type[BackendError], str, str]


def _clear(submitting: bool) -> Iterator[_Rule]:
    """Answers that leave no doubt, the more special ones first."""
    from google.api_core import exceptions as google

    yield (
        (google.Unauthorized, google.Forbidden),
        BackendDenied,
        "The service refused access",
        f"These roles are enough: {ROLES}.",
    )
    yield (
        (google.TooManyRequests,),
        QuotaExceeded,
        "A quota of the service is used up",
        "It goes on after a pause. Or ask Google for more quota.",
    )
    yield (google.MethodNotImplemented,), NotOffered, "The service does not offer this call", ""
    yield (
        (google.NotFound,),
        RequestRefused if submitting else OperationNotFound,
        "The service does not know it",
        "Check the name, and that it belongs to this backend and project.",
    )


def _doubtful() -> tuple[type[Exception], ...]:
    """Answers that leave open whether a batch was accepted."""
    from google.api_core import exceptions as google

    return (google.Cancelled, google.Aborted, google.ServerError, google.RetryError)


def _unclear(submitting: bool) -> Iterator[_Rule]:
    """The rest; of these only a plain client error tells that a batch was not accepted."""
    from google.api_core import exceptions as google

    if submitting:
        yield (
            _doubtful(),
            SubmissionUncertain,
            "The batch was sent, but no clear answer came back",
            "It will be looked for before anything is sent again.",
        )
    yield (
        (google.ServiceUnavailable, google.GatewayTimeout),
        BackendUnavailable,
        "The Vision service cannot be reached",
        "Check that it runs, and that the network lets you through (docs/google-cloud.md).",
    )
    yield (
        _doubtful(),
        BackendUnavailable,
        "The Vision service did not answer properly",
        "Try again in a moment.",
    )
    yield (
        (google.ClientError, google.Redirection),
        RequestRefused,
        "The service refused the request",
        "Change it as it says.",
    )
    yield (
        (google.GoogleAPIError,),
        SubmissionUncertain if submitting else BackendUnavailable,
        "The Vision service did not answer properly",
        "Try again in a moment.",
    )
