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
    from google.api_core import exceptions as google
    from google.auth.exceptions import GoogleAuthError

    said = f"The service said: {' '.join(str(error).split())[:300]}"
    if isinstance(error, GoogleAuthError) or "metadata from plugin failed" in str(error):
        # gRPC reports a failed token refresh as UNAVAILABLE, before anything is sent.
        return BackendDenied(
            "No usable Google Cloud credentials were found",
            where=where,
            then=f"Run `gcloud auth application-default login`. {said}",
        )
    rules: tuple[tuple[tuple[type[Exception], ...], type[BackendError], str, str], ...] = (
        (
            (google.Unauthorized, google.Forbidden),
            BackendDenied,
            "The service refused access",
            "Enable the Cloud Vision API for the project, and give the account the role "
            "Service Usage Consumer.",
        ),
        (
            (google.TooManyRequests,),
            QuotaExceeded,
            "A quota of the service is used up",
            "Wait a minute and send it again, or ask Google for more quota.",
        ),
        (
            (google.MethodNotImplemented,),
            NotOffered,
            "The service does not offer this call",
            "",
        ),
        (
            (google.NotFound,),
            RequestRefused if submitting else OperationNotFound,
            "The service does not know it",
            "Check the name, and that the operation was made with this backend and project.",
        ),
        (
            (google.Cancelled, google.Aborted),
            SubmissionUncertain if submitting else BackendUnavailable,
            "The call was broken off",
            "Try again.",
        ),
        (
            (google.ClientError, google.Redirection),
            RequestRefused,
            "The service refused the request",
            "Change the batch as it says.",
        ),
    )
    for kinds, ours, what, cure in rules:
        if isinstance(error, kinds):
            return ours(what, where=where, then=f"{cure} {said}".strip())
    if submitting:
        return SubmissionUncertain(
            "The batch was sent, but no clear answer came back",
            where=where,
            then=f"It will be looked for before anything is sent again. {said}",
        )
    return BackendUnavailable(
        "The Vision service did not answer properly", where=where, then=f"Try again. {said}"
    )
