"""Cloud Storage's errors to ours: each with a cause and a cure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import (
    NO_OBJECT,
    BucketDenied,
    BucketError,
    BucketNotFound,
    BucketRefused,
    BucketUnavailable,
    ObjectNotFound,
)
from core.foreign_text import said
from core.service_errors import (
    NETWORK,
    ROLES,
    ErrorKind,
    ServiceFault,
    explain,
    explain_token,
    is_token_error,
)

_PASSING = (408, 429)  # of all client errors; the client library has retried them already
_OURS: dict[ErrorKind, type[BucketError]] = {
    ErrorKind.DENIED: BucketDenied,
    ErrorKind.REFUSED: BucketRefused,
    ErrorKind.QUOTA: BucketUnavailable,
    ErrorKind.UNAVAILABLE: BucketUnavailable,
}


@contextmanager
def translated(where: str, *, object_name: str = "") -> Iterator[None]:
    """Turn the client's errors into ours.

    Args:
        where: a ``gs://`` address.
        object_name: of the one object that is asked for; "" where only its bucket can be missing.
    """
    import requests
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption

    try:
        yield
    except BucketError:
        raise
    except (
        GoogleAPIError,
        GoogleAuthError,
        requests.RequestException,
        DataCorruption,
        OSError,
    ) as error:
        raise _ours(error, where, object_name) from error


def _ours(error: Exception, where: str, object_name: str) -> BucketError:
    from google.api_core import exceptions as google

    if isinstance(error, google.RetryError) and isinstance(error.cause, Exception):
        error = error.cause
    if isinstance(error, google.NotFound):
        if object_name and "bucket does not exist" not in str(error):
            return ObjectNotFound(
                NO_OBJECT, where=where, then="Check the name, or list the folder."
            )
        return BucketNotFound(
            "There is no such bucket", where=where, then="Check its name, or create it."
        )
    fault = explain_token(error) if is_token_error(error) else explain(error)
    fault = fault or _by_class(error)
    return _OURS[fault.kind](fault.what, where=where, then=fault.then)


def _by_class(error: Exception) -> ServiceFault:
    from google.api_core import exceptions as google

    code = int(getattr(error, "code", None) or 0) if isinstance(error, google.GoogleAPIError) else 0
    text = said(error)
    if isinstance(error, (google.Forbidden, google.Unauthorized)):
        return ServiceFault(
            ErrorKind.DENIED, "Access was refused", f"These roles are enough: {ROLES}. {text}"
        )
    if code == 429:
        what = "Cloud Storage asks to be called less often"
        return ServiceFault(ErrorKind.QUOTA, what, f"It goes on after a pause. {text}")
    if 300 <= code < 500 and code not in _PASSING:
        return ServiceFault(ErrorKind.REFUSED, "The storage server refuses the request", text)
    if isinstance(error, OSError) and not code:  # as requests' own errors are
        return ServiceFault(
            ErrorKind.UNAVAILABLE, "The storage server cannot be reached", f"{NETWORK} {text}"
        )
    what = "The storage server did not do it"
    return ServiceFault(ErrorKind.UNAVAILABLE, what, f"Try again in a moment. {text}")
