"""Up to 100 calls in one request.

Source: cloud.google.com/storage/docs/batch
"""

from __future__ import annotations

import email
import secrets
from collections.abc import Awaitable, Callable
from email import policy
from email.message import Message
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core.engine.emulator.errors import ApiError, invalid, unsupported
from core.engine.emulator.handlers.call import Call

MAX_CALLS = 100
Answer = Callable[[Request], Awaitable[Response]]


async def batch(call: Call, answer: Answer) -> Response:
    """POST /batch/storage/v1: each part is a request, answered by ``answer``."""
    content_type = call.request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/mixed"):
        raise ApiError(400, "badRequest", "A batch request is multipart/mixed.")
    data = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1") + await call.body()
    message = email.message_from_bytes(data, policy=policy.compat32)
    parts = message.get_payload()
    if not isinstance(parts, list) or not parts:
        raise ApiError(400, "badRequest", "Failed to parse batch request: it has no parts.")
    if len(parts) > MAX_CALLS:
        raise ApiError(400, "badRequest", f"The batch has {len(parts)} calls; 100 are allowed.")
    boundary = f"batch_{secrets.token_hex(16)}"
    pieces = []
    for part in parts:
        assert isinstance(part, Message)  # what a list of parts holds
        response = await _one(call, part, answer)
        number = str(part.get("Content-ID") or "")
        pieces.append(_written(boundary, number, response))
    pieces.append(f"--{boundary}--\r\n".encode())
    return Response(
        b"".join(pieces), headers={"Content-Type": f"multipart/mixed; boundary={boundary}"}
    )


async def _one(call: Call, part: Message, answer: Answer) -> Response:
    try:
        return await answer(_request(call, part))
    except ApiError as error:
        return error.response()


def _request(call: Call, part: Message) -> Request:
    """The request that a part holds; the surrounding one's headers have passed all checks."""
    payload = part.get_payload(decode=True)
    raw = (payload if isinstance(payload, bytes) else b"").lstrip().replace(b"\r\n", b"\n")
    head, _, body = raw.partition(b"\n\n")
    first, _, lines = head.partition(b"\n")
    words = first.decode("latin-1").split(" ")
    if len(words) not in (2, 3) or not words[1]:
        raise invalid("Failed to parse batch request: a part holds no HTTP request.")
    target = words[1]
    if target.startswith("http://"):
        target = "/" + target.removeprefix("http://").partition("/")[2]
    path, _, query = target.partition("?")
    if path.startswith(("/upload", "/download", "/resumable", "/batch")) or "alt=media" in query:
        raise unsupported("uploads and downloads in a batch")
    given = email.message_from_bytes(lines + b"\n\n")
    headers = [
        (key.lower().encode("latin-1"), str(value).encode("latin-1", "replace"))
        for key, value in given.items()
        if key.lower() not in ("host", "content-length")
    ]
    scope = dict(call.request.scope)
    scope |= {
        "method": words[0],
        "raw_path": path.encode("latin-1"),
        "path": path,
        "query_string": query.encode("latin-1"),
        "headers": [*headers, (b"host", call.request.headers["host"].encode("latin-1"))],
    }
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        sent, before = True, sent
        return {"type": "http.request", "body": b"" if before else body, "more_body": False}

    return Request(scope, receive)


def _written(boundary: str, number: str, response: Response) -> bytes:
    # The client's own parser wants "response-" between the bracket and its id.
    answered = f"<response-{number.removeprefix('<')}" if number else ""
    length = len(response.body)
    lines = [
        f"--{boundary}",
        "Content-Type: application/http",
        *([f"Content-ID: {answered}"] if answered else []),
        "",
        f"HTTP/1.1 {response.status_code} {_REASONS.get(response.status_code, 'Answer')}",
        *(
            f"{key}: {value}"
            for key, value in response.headers.items()
            if key.lower() != "content-length"
        ),
        f"Content-Length: {length}",
        "",
    ]
    return ("\r\n".join(lines) + "\r\n").encode("latin-1") + bytes(response.body) + b"\r\n"


_REASONS = {
    200: "OK",
    204: "No Content",
    304: "Not Modified",
    400: "Bad Request",
    404: "Not Found",
    409: "Conflict",
    412: "Precondition Failed",
}
