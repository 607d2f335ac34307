"""Bodies of HTTP: requests within their limits, answers as JSON or protobuf, gzip both ways."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc import status_pb2
from starlette.requests import Request
from starlette.responses import Response

from core import gzip_content
from core.engine.protocol import json_requests
from core.engine.protocol.request_checks import MAX_REQUEST_BYTES, too_large
from core.engine.protocol.system_parameters import Parameters
from core.engine.refusals import CODES, UNKNOWN, Refused, quoted
from core.errors import BadObject

BINARY = "application/x-protobuf"
GZIP_FROM = 1024  # bytes: below, the header costs more than it saves
GZIP_LEVEL = 4


async def read_body(request: Request) -> bytes:
    """The body as it was sent.

    Raises:
        Refused: it is too large.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_REQUEST_BYTES:
            raise too_large()
    return bytes(body)


def read_message(body: bytes, headers: Mapping[str, str], kind: Any) -> Any:
    """A body as a message of a protobuf class.

    Raises:
        Refused: too large, packed in another way, or no such message.
    """
    declared = headers.get("content-type", "application/json")
    content_type = declared.partition(";")[0].strip().lower()
    if content_type not in ("application/json", BINARY):
        raise Refused("Invalid content type. Send the request as application/json.")
    body = _unpacked(body, headers.get("content-encoding", ""))
    message = kind()
    if content_type == BINARY:
        try:
            message.ParseFromString(body)
        except DecodeError as error:
            raise Refused("Invalid protobuf payload received.") from error
        return message
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("Invalid JSON payload received. It is not UTF-8.") from error
    json_requests.parse(text, message)
    return message


def render(message: Any, parameters: Parameters, headers: Mapping[str, str]) -> Response:
    """What goes well."""
    if parameters.binary:
        return _response(message.SerializeToString(), BINARY, 200, headers)
    text = json_format.MessageToJson(
        message,
        use_integers_for_enums=parameters.numbers,
        indent=2 if parameters.pretty else None,
    )
    return _response((text + "\n").encode(), "", 200, headers)


def render_error(
    status: status_pb2.Status, parameters: Parameters, headers: Mapping[str, str]
) -> Response:
    """What does not."""
    name, http = CODES.get(status.code, CODES[UNKNOWN])
    if parameters.binary:
        return _response(status.SerializeToString(), BINARY, http, headers)
    error: dict[str, Any] = {"code": http, "message": status.message}
    if parameters.error_format == 1:
        reason = "badRequest" if http == 400 else name.lower()
        error["errors"] = [{"message": status.message, "domain": "global", "reason": reason}]
    error["status"] = name
    if status.details:
        error["details"] = [json_format.MessageToDict(detail) for detail in status.details]
    indent = 2 if parameters.pretty else None
    text = json.dumps({"error": error}, indent=indent, ensure_ascii=False)
    return _response((text + "\n").encode("utf-8", "replace"), "", http, headers)


def _unpacked(body: bytes, encoding: str) -> bytes:
    """A few kilobytes can become gigabytes: the limit holds for what is unpacked."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise Refused(f"Unsupported content encoding: {quoted(encoding)}. Send gzip or none.")
    if body and not body.startswith(b"\x1f\x8b"):
        raise Refused("The request is declared as gzip and is not.")
    try:
        pieces = list(
            gzip_content.unpacked([body] if body else [], MAX_REQUEST_BYTES + 1, "the request")
        )
    except BadObject as error:
        raise Refused("The request is declared as gzip, and its bytes are damaged.") from error
    if sum(map(len, pieces)) > MAX_REQUEST_BYTES:
        raise too_large()
    return b"".join(pieces)


def _response(body: bytes, media_type: str, status: int, headers: Mapping[str, str]) -> Response:
    # The first header keeps a browser from taking texts found in pictures for anything but JSON.
    all_headers = {
        "x-content-type-options": "nosniff",
        "cache-control": "private",
        "vary": "Accept-Encoding",
    }
    if len(body) >= GZIP_FROM and _takes_gzip(headers.get("accept-encoding", "")):
        body = gzip.compress(body, GZIP_LEVEL)
        all_headers["content-encoding"] = "gzip"
    kind = media_type or "application/json; charset=UTF-8"
    return Response(body, status, headers=all_headers, media_type=kind)


def _takes_gzip(accepted: str) -> bool:
    for entry in accepted.lower().split(","):
        name, _, weight = entry.partition(";")
        if name.strip() in ("gzip", "x-gzip", "*"):
            return weight.replace(" ", "").rstrip("0.") not in ("q=", "q")
    return False
