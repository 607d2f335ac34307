"""What a page's script asks in JSON: read whole, within limits of length and time."""

from __future__ import annotations

import json
from typing import Any

import anyio
from starlette.requests import ClientDisconnect, Request

SILENT_S = 60.0  # a body of which nothing comes for so long has broken off


class BadBody(Exception):
    """A body that cannot be answered, with the status that says why."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status, self.what = status, what


async def read_json(request: Request, most: int, within_s: float = SILENT_S) -> dict[str, Any]:
    """A request's body, which is a JSON object.

    Args:
        most: bytes at most; what is longer is not read to its end.
        within_s: seconds until all of it has to be there.

    Raises:
        BadBody: 400 if it broke off or is no JSON object, 408 too late, 413 too long.
    """
    body = bytearray()
    try:
        with anyio.fail_after(within_s):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise BadBody(413, "The question is too long")
        asked = json.loads(body)
    except TimeoutError as error:
        raise BadBody(408, "The question did not arrive in time") from error
    except ClientDisconnect as error:
        raise BadBody(400, "The question broke off") from error
    except (ValueError, RecursionError) as error:
        raise BadBody(400, "The question is no JSON") from error
    if not isinstance(asked, dict):
        raise BadBody(400, "The question is no JSON object")
    return asked
