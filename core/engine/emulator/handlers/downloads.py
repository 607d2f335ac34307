"""An object's bytes, whole or in part.

Sources: cloud.google.com/storage/docs/transcoding, RFC 9110 section 14
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from email.utils import formatdate
from functools import partial
from typing import IO
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from core.engine.emulator.errors import ApiError
from core.engine.emulator.handlers.call import Call
from core.engine.emulator.objects.blobs import PIECE
from core.engine.emulator.objects.records import StoredObject
from core.gzip_content import ENCODING, unpacked

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_NO_LIMIT = 2**63
AT_ONCE = 2 * 1024 * 1024  # bytes read without a pause for others


async def download(call: Call) -> Response:
    """GET or HEAD of the bytes; one stored as gzip is unpacked unless the client takes gzip."""
    stored = call.store.object(call.bucket, call.name, call.conditions)
    headers = _headers(stored)
    packed = stored.fields.get("contentEncoding") == ENCODING
    as_stored = ENCODING in call.request.headers.get("accept-encoding", "").lower()
    if "no-transform" in stored.fields.get("cacheControl", ""):
        as_stored = True
    head = call.request.method == "HEAD"
    if packed and not as_stored:
        headers["Warning"] = "214 UploadServer gunzipped"
        return Response(headers=headers) if head else _unpacked(call, stored, headers)
    if stored.fields.get("contentEncoding"):
        headers["Content-Encoding"] = stored.fields["contentEncoding"]
    headers["Accept-Ranges"] = "bytes"
    first, end, status = _range(call.request.headers.get("range", ""), stored.content.size)
    if status == 206:
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{stored.content.size}"
    headers["Content-Length"] = str(end - first)
    if head:
        return Response(status_code=status, headers=headers)
    file = call.store.open(stored)
    file.seek(first)
    if end - first <= AT_ONCE:
        with file:
            return Response(file.read(end - first), status, headers)
    return StreamingResponse(_pieces(file, end - first), status, headers)


def _unpacked(call: Call, stored: StoredObject, headers: dict[str, str]) -> Response:
    file = call.store.open(stored)
    source = iter(partial(file.read, PIECE), b"")

    async def pieces() -> AsyncIterator[bytes]:
        with file:
            for piece in unpacked(source, _NO_LIMIT, f"gs://{stored.bucket}/{stored.name}"):
                yield piece

    return StreamingResponse(pieces(), headers=headers)


async def _pieces(file: IO[bytes], left: int) -> AsyncIterator[bytes]:
    with file:
        while left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece


def _headers(stored: StoredObject) -> dict[str, str]:
    """Of an answer with bytes; users' texts are quoted where a header cannot hold them."""
    content, fields = stored.content, stored.fields
    hashes = [f"crc32c={content.crc32c}", *([f"md5={content.md5}"] if content.md5 else [])]
    headers = {
        "Content-Type": fields.get("contentType", "application/octet-stream"),
        "ETag": f'"{stored.etag}"',
        "Last-Modified": formatdate(stored.created / 1_000_000, usegmt=True),
        "Cache-Control": fields.get("cacheControl", "private, max-age=0"),
        "X-Goog-Generation": str(stored.generation),
        "X-Goog-Metageneration": str(stored.metageneration),
        "X-Goog-Hash": ",".join(hashes),
        "X-Goog-Storage-Class": fields.get("storageClass", "STANDARD"),
        "X-Goog-Stored-Content-Encoding": fields.get("contentEncoding", "identity"),
        "X-Goog-Stored-Content-Length": str(content.size),
    }
    for key, name in (
        ("contentDisposition", "Content-Disposition"),
        ("contentLanguage", "Content-Language"),
    ):
        if fields.get(key):
            headers[name] = fields[key]
    return {key: _latin(value) for key, value in headers.items()}


def _latin(value: str) -> str:
    return value if value.isascii() else quote(value, safe=" ;=\"'/,+()")


def _range(text: str, size: int) -> tuple[int, int, int]:
    """First byte, the byte behind the last, status; what is no single range means all."""
    match = _RANGE.fullmatch(text.replace(" ", ""))
    if not match or not (match[1] or match[2]):
        return 0, size, 200
    if not match[1]:
        first, end = max(size - int(match[2][:18]), 0), size
    else:
        first = int(match[1][:18])
        end = min(int(match[2][:18]) + 1, size) if match[2] else size
        if match[2] and int(match[2][:18]) < first:
            return 0, size, 200
    if first >= size or first >= end:
        raise ApiError(
            416,
            "requestedRangeNotSatisfiable",
            "Request range not satisfiable",
            {"Content-Range": f"bytes */{size}"},
        )
    return first, end, 206
