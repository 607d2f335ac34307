"""A request that is refused as a whole, and the ``google.rpc.Status`` that tells it.

REST and gRPC carry the same status, with the details of cloud.google.com/apis/design/errors:
``BadRequest`` names the fields, ``ErrorInfo`` gives a reason that programs can switch on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from google.rpc import error_details_pb2, status_pb2

from core.errors import ContactSheetError

CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND = 1, 2, 3, 4, 5
PERMISSION_DENIED, UNIMPLEMENTED, INTERNAL = 7, 12, 13
DOMAIN = "vision.googleapis.com"

# google/rpc/code.proto: number -> name and HTTP status.
CODES: dict[int, tuple[str, int]] = {
    1: ("CANCELLED", 499),
    2: ("UNKNOWN", 500),
    3: ("INVALID_ARGUMENT", 400),
    4: ("DEADLINE_EXCEEDED", 504),
    5: ("NOT_FOUND", 404),
    7: ("PERMISSION_DENIED", 403),
    8: ("RESOURCE_EXHAUSTED", 429),
    12: ("UNIMPLEMENTED", 501),
    13: ("INTERNAL", 500),
    14: ("UNAVAILABLE", 503),
}

Violation = tuple[str, str]  # path of a field, or "", and what is wrong with it


class Refused(ContactSheetError):
    """A whole request is refused.

    Attributes:
        code: number of the ``google.rpc.Code``.
        message: what the client reads.
        violations: the fields that are wrong, each with its own description.
        reason: of ``ErrorInfo``; the code's name where there is no better one.
    """

    def __init__(
        self,
        message: str,
        code: int = INVALID_ARGUMENT,
        *,
        field: str = "",
        violations: Sequence[Violation] = (),
        reason: str = "",
    ) -> None:
        super().__init__(message.rstrip("."))
        self.message = message
        self.code = code
        self.violations = tuple(violations) or (((field, message),) if field else ())
        self.reason = reason or CODES.get(code, CODES[UNKNOWN])[0]

    def status(self) -> status_pb2.Status:
        """With its details."""
        status = status_pb2.Status(code=self.code, message=self.message)
        if self.violations:
            bad = error_details_pb2.BadRequest()
            for field, description in self.violations:
                bad.field_violations.add(field=field, description=description)
            status.details.add().Pack(bad)
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN)
        info.metadata["service"] = DOMAIN
        status.details.add().Pack(info)
        return status


def quoted(text: object, most: int = 100) -> str:
    """Some untrusted value inside a message: on one line, and not too long."""
    shown = re.sub(r"\s+", " ", str(text))
    return shown if len(shown) <= most else shown[:most] + "..."
