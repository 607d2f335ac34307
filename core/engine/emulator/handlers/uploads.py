"""Bytes coming in: in one request, or in two parts of one (metadata and media).

Source: cloud.google.com/storage/docs/json_api/v1/how-tos/upload (and ``resumable.py``)
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from email.message import Message
from typing import Any

from starlette.responses import Response

from core.engine.emulator.errors import ApiError, invalid, unsupported
from core.engine.emulator.handlers.call import MAX_JSON, Call, parse_json
from core.engine.emulator.names import check_object
from core.engine.emulator.objects.blobs import BlobWriter
from core.engine.emulator.objects.records import Content
from core.engine.emulator.resources import object_fields

_HEAD_END = re.compile(rb"\r?\n\r?\n")


async def upload(call: Call) -> Response:
    """POST /upload/.../o with ``uploadType`` media or multipart."""
    kind = call.params.get("uploadType", "")
    if kind == "media":
        body: dict[str, Any] = {}
        media: AsyncIterator[bytes]
        content_type = call.request.headers.get("content-type", "")
        media = call.request.stream()
    elif kind == "multipart":
        parts = Multipart(call)
        body, content_type = await parts.metadata(), ""
        media = parts.media()
    else:
        raise invalid(f"Invalid value for uploadType: {kind[:40]!r}.")
    name, fields = destination(call, body, content_type, kind)
    conditions = call.conditions
    call.store.check_destination(call.bucket, name, conditions)
    writer = call.store.blobs.writer()
    try:
        async for piece in media:
            writer.write(piece)
        check_hashes(writer, body, call.request.headers.get("x-goog-hash", ""))
        stored = call.store.commit(writer, call.bucket, name, fields, conditions)
    except BaseException:
        writer.abort()
        raise
    return call.answer_object(stored)


def destination(
    call: Call, body: dict[str, Any], content_type: str, kind: str
) -> tuple[str, dict[str, Any]]:
    """Name and fields of an object that is to be uploaded.

    Raises:
        ApiError: 400, 501, by names and fields.
    """
    if call.request.headers.get("x-goog-encryption-algorithm") or call.params.get("kmsKeyName"):
        raise unsupported("encryption with keys of your own")
    name = check_object(call.params.get("name") or body.get("name"))
    fields = object_fields(body)
    if kind == "media" and call.params.get("contentEncoding"):
        fields |= object_fields({"contentEncoding": call.params["contentEncoding"]})
    if "contentType" not in fields and content_type:
        fields |= object_fields({"contentType": content_type})
    return name, fields


def check_hashes(writer: BlobWriter, body: dict[str, Any], header: str) -> Content:
    """Hold the checksums that the client gave against what came.

    Raises:
        ApiError: 400, they differ.
    """
    content = writer.content()
    given = dict(part.strip().partition("=")[::2] for part in header.split(",") if part.strip())
    for name, said, actual in (
        ("MD5", body.get("md5Hash") or given.get("md5"), content.md5),
        ("CRC32C", body.get("crc32c") or given.get("crc32c"), content.crc32c),
    ):
        if said and said != actual:
            raise invalid(
                f"Provided {name} hash {str(said)[:40]!r} doesn't match calculated {name} hash "
                f"{actual!r}."
            )
    return content


class Multipart:
    """A body of two parts: JSON, then media, which is handed on as it comes.

    Raises:
        ApiError: 400, it is not such a body.
    """

    def __init__(self, call: Call) -> None:
        boundary = _header(call.request.headers.get("content-type", "")).get_param("boundary")
        if not isinstance(boundary, str) or not 0 < len(boundary) <= 200:
            raise _malformed("the Content-Type has no boundary")
        self._stream = call.request.stream()
        self._mark = b"--" + boundary.encode()
        self._data = b""
        self._type = ""

    async def metadata(self) -> dict[str, Any]:
        """The first part; the second one's type fills in for a missing ``contentType``."""
        await self._read_past(re.compile(rb"(?:^|\r?\n)" + re.escape(self._mark) + rb"[ \t]*\r?\n"))
        await self._part_head()
        body = await self._read_past(
            re.compile(rb"\r?\n" + re.escape(self._mark) + rb"[ \t]*\r?\n")
        )
        head = await self._part_head()
        metadata = parse_json(body)
        if "contentType" not in metadata and head["content-type"]:
            metadata["contentType"] = str(head["content-type"])
        if str(head["content-transfer-encoding"] or "").lower() == "base64":
            self._type = "base64"
        return metadata

    async def media(self) -> AsyncIterator[bytes]:
        """The second part; what may be the last boundary is held back until the end."""
        if self._type == "base64":
            yield await self._decoded()
            return
        tail = len(self._mark) + 64
        async for piece in self._stream:
            self._data += piece
            if len(self._data) > tail:
                yield self._data[:-tail]
                self._data = self._data[-tail:]
        yield self._without_end(self._data)

    async def _decoded(self) -> bytes:
        async for piece in self._stream:
            self._data += piece
        try:
            return base64.b64decode(self._without_end(self._data))
        except ValueError:
            raise _malformed("the second part is not base64") from None

    def _without_end(self, data: bytes) -> bytes:
        match = re.search(rb"\r?\n" + re.escape(self._mark) + rb"--\s*$", data)
        if not match:
            raise _malformed("the last boundary is missing")
        return data[: match.start()]

    async def _part_head(self) -> Message:
        if self._data.startswith((b"\r\n", b"\n")):  # a part without headers
            self._data = self._data.removeprefix(b"\r").removeprefix(b"\n")
            return Message()
        head = await self._read_past(_HEAD_END)
        message = Message()
        for line in head.decode("latin-1").splitlines():
            key, _, value = line.partition(":")
            message[key.strip()] = value.strip()
        return message

    async def _read_past(self, pattern: re.Pattern[bytes]) -> bytes:
        """What comes before a pattern; the data then begins behind it."""
        while not (match := pattern.search(self._data)):
            piece = await anext(self._stream, None)
            if piece is None:
                raise _malformed("it ends in the middle")
            self._data += piece
            if len(self._data) > MAX_JSON + 256 * 1024:
                raise _malformed("its first part is too long")
        before, self._data = self._data[: match.start()], self._data[match.end() :]
        return before


def _header(content_type: str) -> Message:
    message = Message()
    message["content-type"] = content_type
    return message


def _malformed(why: str) -> ApiError:
    return ApiError(400, "badContent", f"Malformed multipart body: {why}.")
