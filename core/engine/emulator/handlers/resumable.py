"""Uploads in several requests, which go on after a lost connection and after a restart.

Source: cloud.google.com/storage/docs/performing-resumable-uploads
"""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import quote

from starlette.responses import Response

from core.engine.emulator.errors import ApiError, invalid, no_object
from core.engine.emulator.handlers.call import Call
from core.engine.emulator.handlers.uploads import check_hashes, destination
from core.engine.emulator.objects.blobs import BlobWriter, new_blob
from core.engine.emulator.objects.conditions import Conditions, integer
from core.engine.emulator.objects.records import Upload

_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(?:(\d{1,18})|\*)")
_HASHES = ("md5Hash", "crc32c")
MAX_OPEN = 64
_NO_CONTENT = 499  # what the service answers to a cancelled upload


class Resumable:
    """The uploads under way of one store; used by one thread."""

    def __init__(self) -> None:
        # Files being written, with their checksums so far. One that is not here is read again.
        self._writers: dict[str, BlobWriter] = {}
        self._busy: set[str] = set()

    async def begin(self, call: Call) -> Response:
        """POST ?uploadType=resumable: where to send the bytes is in ``Location``."""
        body = await call.json()
        headers = call.request.headers
        content_type = headers.get("x-upload-content-type", "")
        name, fields = destination(call, body, content_type, "resumable")
        conditions = call.conditions
        call.store.check_destination(call.bucket, name, conditions)
        total = integer(headers, "x-upload-content-length")
        request = {
            "fields": fields,
            "hashes": {key: body[key] for key in _HASHES if body.get(key)},
            "conditions": conditions.as_dict(),
        }
        blob = new_blob()
        started = Upload(blob, call.bucket, name, blob, total, 0, request)
        with call.store.index.change():
            call.store.index.put_upload(started)
        location = (
            f"{call.address}/upload/storage/v1/b/{quote(call.bucket)}/o"
            f"?uploadType=resumable&upload_id={blob}"
        )
        return Response(headers={"Location": location, "X-GUploader-UploadID": blob})

    async def send(self, call: Call) -> Response:
        """PUT: bytes, or a question how many there are."""
        upload = self._upload(call)
        if upload.result:
            return self._finished(call, upload)
        if upload.id in self._busy:
            raise ApiError(503, "backendError", "Another request sends to this upload. Try again.")
        self._busy.add(upload.id)
        try:
            return await self._send(call, upload)
        finally:
            self._busy.discard(upload.id)
            if upload.id in self._writers and not call.store.index.upload(upload.id):
                self._writers.pop(upload.id).abort()  # cancelled meanwhile
            self._close_some()

    def _close_some(self) -> None:
        """Uploads that nobody goes on with hold no file open."""
        idle = [number for number in self._writers if number not in self._busy]
        for number in idle[:-MAX_OPEN]:
            self._writers.pop(number).close()

    async def cancel(self, call: Call) -> Response:
        """DELETE: nothing remains."""
        upload = self._upload(call)
        with call.store.index.change():
            call.store.index.delete_upload(upload.id)
        if upload.id not in self._busy:
            self._writer(call, upload).abort()
            self._writers.pop(upload.id, None)
        return Response(status_code=_NO_CONTENT)

    async def _send(self, call: Call, upload: Upload) -> Response:
        first, total = _content_range(call.request.headers.get("content-range", ""))
        if upload.total is not None and total not in (None, upload.total):
            raise invalid(f"The upload was announced with {upload.total} bytes, not {total}.")
        known = upload.total if total is None else total
        writer = self._writer(call, upload)
        if first is None:  # a question
            await call.body()
        else:
            await _take(call, writer, first, known)
            if not call.request.headers.get("content-range"):
                known = writer.size  # one request with everything
        if known is None or writer.size < known:
            return _more(writer)
        if writer.size > known:
            raise invalid(f"The upload has {writer.size} bytes in place of {known}.")
        return self._finish(call, dataclasses.replace(upload, total=known), writer)

    def _finish(self, call: Call, upload: Upload, writer: BlobWriter) -> Response:
        request = upload.request
        try:
            check_hashes(writer, request["hashes"], call.request.headers.get("x-goog-hash", ""))
            stored = call.store.commit(
                *(writer, upload.bucket, upload.name, request["fields"]),
                Conditions(**request["conditions"]),
                upload=upload,
            )
        except ApiError:
            writer.abort()
            with call.store.index.change():
                call.store.index.delete_upload(upload.id)
            raise
        finally:
            self._writers.pop(upload.id, None)
        return call.answer_object(stored)

    def _finished(self, call: Call, upload: Upload) -> Response:
        stored = call.store.index.object(upload.bucket, upload.name)
        if stored is None or stored.generation != upload.result:
            raise no_object(upload.bucket, upload.name)
        return call.answer_object(stored)

    def _writer(self, call: Call, upload: Upload) -> BlobWriter:
        writer = self._writers.get(upload.id)
        if writer is None:
            writer = self._writers[upload.id] = call.store.blobs.writer(upload.blob)
        return writer

    def _upload(self, call: Call) -> Upload:
        upload = call.store.index.upload(call.params.get("upload_id", ""))
        if upload is None or upload.bucket != call.bucket:
            raise ApiError(404, "notFound", "There is no such upload; it may have been cancelled.")
        return upload


async def _take(call: Call, writer: BlobWriter, first: int, known: int | None) -> None:
    """Append a request's bytes, passing over those that are there already."""
    if first > writer.size:
        raise invalid(f"Bytes from {first} on were sent; the next to come is {writer.size}.")
    skip = writer.size - first
    async for piece in call.request.stream():
        fresh, skip = piece[skip:], max(skip - len(piece), 0)
        if known is not None and writer.size + len(fresh) > known:
            raise invalid(f"More came than the {known} bytes that were announced.")
        writer.write(fresh)


def _more(writer: BlobWriter) -> Response:
    have = {"Range": f"bytes=0-{writer.size - 1}"} if writer.size else {}
    return Response(status_code=308, headers=have)


def _content_range(text: str) -> tuple[int | None, int | None]:
    """First byte (None: it is a question) and the size of all (None: not known yet)."""
    if not text:
        return 0, None
    match = _CONTENT_RANGE.fullmatch(text.strip())
    if not match:
        raise invalid(f"Invalid value for Content-Range: {text[:60]!r}.")
    total = None if match[3] is None else int(match[3])
    return (None if match[1] is None else int(match[1])), total
