"""One page of a file -> its response, inside a worker process.

Every file lies as a copy in the engine's own folder while it is worked on: fetched once, whole,
and the same bytes for all of its pages even if the object is replaced meanwhile.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from google.cloud import vision
from google.protobuf import json_format

from core.engine.workers.page_grid import to_page_grid
from core.engine.workers.worker import (
    INTERNAL,
    INVALID_ARGUMENT,
    WorkerConfig,
    annotate,
    annotate_picture,
    bucket_faults,
    for_shard,
    reader,
)
from core.errors import PictureError
from core.logs import about
from core.pictures.limits import MAX_FILE_BYTES
from core.pictures.paged_files import PagedFile, open_paged
from core.pictures.picture import BadPicture, Picture

OPEN_FILES = 2  # kept open in a worker: two operations in turn do not reopen theirs each time
COUNT_PAGES = 0
PAGE_PATIENCE_S = 120.0  # to open a file, or to draw a page


@dataclass(frozen=True, slots=True)
class PageTask:
    """One page to annotate, or a file to open.

    Attributes:
        request: a serialised ``AnnotateFileRequest`` without content; its ``pages`` are not read.
        copy: where the file lies, or is to lie once it is fetched from its ``gcs_source``.
        page: from 1, or ``COUNT_PAGES``.
    """

    request: bytes
    copy: Path
    page: int


def run(config: WorkerConfig, task: bytes | PageTask, as_json: bool, label: str = "") -> bytes:
    """What the executor runs: a picture (``AnnotateImageRequest``), or a page of a file.

    Returns:
        An ``AnnotateImageResponse``, as JSON for a shard or serialised; for ``COUNT_PAGES`` always
        the JSON of an ``AnnotateFileResponse`` that has ``total_pages`` or ``error``.
    """
    operation = label.partition("#")[0]
    with about(operation=operation if "/" in operation else "", picture=label):
        return _run(config, task, as_json, label)


def _run(config: WorkerConfig, task: bytes | PageTask, as_json: bool, label: str) -> bytes:
    if isinstance(task, bytes):
        return annotate(config, task, as_json, label)
    if task.page == COUNT_PAGES:
        return _count(config, task)
    response, picture = _annotate_page(config, task, label)
    if as_json:
        return for_shard(config, response, picture)
    serialised: bytes = vision.AnnotateImageResponse.serialize(response)
    return serialised


def unreadable(uri: str, mime_type: str, why: str) -> str:
    """The service's words for a file that cannot be read, with the reason that it leaves out.

    Source: google-cloud-python #5671, cloud-vision #159: "Error in extracting images from PDF file
    gs://...".
    """
    kind = mime_type.rpartition("/")[2].upper()
    return f"Error in extracting images from {kind} file{f' {uri}' if uri else ''}: {why}."


def lost_page(request: bytes, page: int, *, as_json: bool) -> bytes:
    """The response of a page that no worker survived."""
    response = _for_page(vision.AnnotateFileRequest.deserialize(request), page)
    response.error.code, response.error.message = INTERNAL, "Internal error."
    raw = vision.AnnotateImageResponse.pb(response)
    text: bytes = json_format.MessageToJson(raw, indent=None).encode()
    return text if as_json else raw.SerializeToString()


def _count(config: WorkerConfig, task: PageTask) -> bytes:
    asked = vision.AnnotateFileRequest.deserialize(task.request)
    answer = vision.AnnotateFileResponse()
    uri, mime_type = asked.input_config.gcs_source.uri, asked.input_config.mime_type
    try:
        _fetch(config, task, uri)
    except BadPicture as fault:
        answer.error.code, answer.error.message = fault.code, fault.message
    else:
        try:
            with _in_time():
                answer.total_pages = _shelf.opened(task.copy, mime_type).pages
        except PictureError as fault:
            answer.error.code = INVALID_ARGUMENT
            answer.error.message = unreadable(uri, mime_type, fault.what)
    text = json_format.MessageToJson(vision.AnnotateFileResponse.pb(answer), indent=None)
    return text.encode()


def _annotate_page(
    config: WorkerConfig, task: PageTask, label: str
) -> tuple[vision.AnnotateImageResponse, Picture | None]:
    asked = vision.AnnotateFileRequest.deserialize(task.request)
    response = _for_page(asked, task.page)
    try:
        _fetch(config, task, asked.input_config.gcs_source.uri)
        with _in_time():
            page = _shelf.opened(task.copy, asked.input_config.mime_type).page(task.page)
    except BadPicture as fault:
        response.error.code, response.error.message = fault.code, fault.message
        return response, None
    except PictureError:  # it could be opened when its pages were counted
        response.error.code, response.error.message = INVALID_ARGUMENT, "Bad image data."
        return response, None
    request = vision.AnnotateImageRequest(
        features=asked.features, image_context=asked.image_context
    )
    annotate_picture(config, page.picture, request, response, label)
    size = (page.picture.width, page.picture.height)
    if page.picture.orientation >= 5:  # places are in the file's own grid by now
        size = (size[1], size[0])
    raw = vision.AnnotateImageResponse.pb(response)
    to_page_grid(raw, size, (page.width, page.height))
    return response, page.picture


@contextmanager
def _in_time() -> Iterator[None]:
    # Native code that a hostile file keeps busy can only be ended with its process; the dispatcher
    # knows what to do then.
    watchdog = threading.Timer(PAGE_PATIENCE_S, os._exit, (1,))
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()


def _for_page(asked: vision.AnnotateFileRequest, page: int) -> vision.AnnotateImageResponse:
    context = vision.ImageAnnotationContext(uri=asked.input_config.gcs_source.uri, page_number=page)
    return vision.AnnotateImageResponse(context=context)


def _fetch(config: WorkerConfig, task: PageTask, uri: str) -> None:
    if task.copy.exists():
        return
    if not uri:
        raise BadPicture("Internal error.", code=INTERNAL)  # sent with the request, and now gone
    # Another worker may be fetching it too: the first that is done gives the whole file its name.
    part = task.copy.with_suffix(f".{os.getpid()}.part")
    try:
        with bucket_faults(uri):
            whole = reader(config.storage).save(uri, part, MAX_FILE_BYTES)
        if not whole:
            raise BadPicture(f"File size exceeds the limit of {MAX_FILE_BYTES} bytes.")
        part.replace(task.copy)
    finally:
        part.unlink(missing_ok=True)


class _Shelf:
    """The files that this worker has open, those used last."""

    def __init__(self) -> None:
        self._files: OrderedDict[Path, PagedFile] = OrderedDict()

    def opened(self, path: Path, mime_type: str) -> PagedFile:
        if path not in self._files:
            self._files[path] = open_paged(path, mime_type)
            if len(self._files) > OPEN_FILES:
                self._files.popitem(last=False)[1].close()
        self._files.move_to_end(path)
        return self._files[path]

    def close(self) -> None:
        """Let go of all."""
        while self._files:
            self._files.popitem()[1].close()


_shelf = _Shelf()
