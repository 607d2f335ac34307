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
    from google.api_core.exceptions import from_grpc_error
    from google.auth.exceptions import GoogleAuthError

    if isinstance(error, grpc.RpcError):
        error = from_grpc_error(error)
    said = f"The service said: {' '.join(str(error).split())[:300]}"
    if isinstance(error, GoogleAuthError) or "metadata from plugin failed" in str(error):
        # gRPC reports a failed token refresh as UNAVAILABLE, before anything is sent.
        return BackendDenied(
            "No usable Google Cloud credentials were found",
            where=where,
            then=f"Run `gcloud auth application-default login`. {said}",
        )
    for kinds, ours, what, cure in (*_clear(submitting), *_unclear(submitting)):
        if isinstance(error, kinds):
            return ours(what, where=where, then=f"{cure} {said}".strip())
    return BackendError("The Vision service failed", where=where, then=said)


_Rule = tuple[tuple[type[Exception], ...], type[BackendError], str, str]


def _clear(submitting: bool) -> Iterator[_Rule]:
    """Answers that leave no doubt, the more special ones first."""
    from google.api_core import exceptions as google

    yield (
        (google.Unauthorized, google.Forbidden),
        BackendDenied,
        "The service refused access",
        "Enable the Cloud Vision API for the project, and give the account the role Service "
        "Usage Consumer.",
    )
    yield (
        (google.TooManyRequests,),
        QuotaExceeded,
        "A quota of the service is used up",
        "Wait a minute and send it again, or ask Google for more quota.",
    )
    yield (google.MethodNotImplemented,), NotOffered, "The service does not offer this call", ""
    yield (
        (google.NotFound,),
        RequestRefused if submitting else OperationNotFound,
        "The service does not know it",
        "Check the name, and that it belongs to this backend and project.",
    )


def _unclear(submitting: bool) -> Iterator[_Rule]:
    """The rest; of these only a plain client error tells that a batch was not accepted."""
    from google.api_core import exceptions as google

    doubtful = (google.Cancelled, google.Aborted, google.ServerError, google.RetryError)
    if submitting:
        yield (
            doubtful,
            SubmissionUncertain,
            "The batch was sent, but no clear answer came back",
            "It will be looked for before anything is sent again.",
        )
    yield (
        (google.ServiceUnavailable, google.GatewayTimeout),
        BackendUnavailable,
        "The Vision service cannot be reached",
        "Check that it runs, and that the network lets you through.",
    )
    yield (
        doubtful,
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
