"""Refusals in the words and the form of the JSON API.

Source: cloud.google.com/storage/docs/json_api/v1/status-codes
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response


class ApiError(Exception):
    """A request that is answered with an error.

    Args:
        status: of HTTP.
        reason: the API's word for it, such as ``notFound``.
        message: for the user.
        headers: of the answer besides the usual ones.
    """

    def __init__(
        self, status: int, reason: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.headers = headers

    def response(self) -> Response:
        """The answer; 304 has no body."""
        if self.status == 304:
            return Response(status_code=304, headers=self.headers)
        detail = {"message": self.message, "domain": "global", "reason": self.reason}
        return json_response(
            {"error": {"code": self.status, "message": self.message, "errors": [detail]}},
            self.status,
            self.headers,
        )


def json_response(
    content: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A JSON body."""
    return Response(
        msgspec.json.encode(content), status, headers, media_type="application/json; charset=UTF-8"
    )


def invalid(message: str) -> ApiError:
    """400: the request itself is wrong."""
    return ApiError(400, "invalid", message)


def no_bucket() -> ApiError:
    """404 for a bucket; the client's users look for these words."""
    return ApiError(404, "notFound", "The specified bucket does not exist.")


def no_object(bucket: str, name: str) -> ApiError:
    """404, in the words of Cloud Storage, with the object's name."""
    return ApiError(404, "notFound", f"No such object: {bucket}/{name}")


def unsupported(what: str) -> ApiError:
    """501: Cloud Storage can do it, and this server cannot."""
    return ApiError(501, "notImplemented", f"The local Cloud Storage has no {what}.")


def failed_condition() -> ApiError:
    """412: an ``ifGenerationMatch`` or another precondition of the request does not hold."""
    return ApiError(
        412,
        "conditionNotMet",
        "At least one of the pre-conditions you specified did not hold.",
    )
