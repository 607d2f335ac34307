"""What ImageAnnotator's four calls do, whichever way they come in: gRPC and REST share this.

Requests and answers are plain protobuf messages. Requests are checked in ``request_checks``,
operations live in ``operations.store``, pictures and pages are annotated by ``batch_runner``.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google.cloud import vision
from google.longrunning import operations_pb2
from google.protobuf import json_format

from core.buckets import Buckets, GcsUri
from core.engine.annotators.capabilities import Capabilities
from core.engine.api_versions import V1, from_v1, to_v1
from core.engine.operations.batch_runner import BatchRunner
from core.engine.operations.shard_writer import DEFAULT_BATCH_SIZE
from core.engine.operations.store import OperationStore
from core.engine.protocol.operations_service import to_operation
from core.engine.protocol.request_checks import (
    DEFAULT_PARENT,
    MAX_SYNC_PAGES,
    check_async,
    check_files_async,
    check_files_sync,
    check_sync,
)
from core.engine.refusals import DEADLINE_EXCEEDED, INVALID_ARGUMENT, Refused
from core.engine.workers.file_pages import COUNT_PAGES, PageTask, lost_page, unreadable
from core.engine.workers.worker import INTERNAL, bucket_faults
from core.errors import ObjectNotFound
from core.pictures.limits import MAX_FILE_BYTES
from core.pictures.picture import BadPicture

log = logging.getLogger("engine.service")

MAX_ANNOTATE_S = 600.0  # the default of Google's clients; those without one cannot wait for ever


class AnnotateService:
    """ImageAnnotator. Every method raises ``Refused`` with code and message, and nothing else.

    Args:
        buckets: where the files of a request are looked for before it is accepted.
        capabilities: feature name -> supported, limits.
    """

    def __init__(
        self,
        store: OperationStore,
        runner: BatchRunner,
        buckets: Buckets,
        capabilities: Capabilities,
    ) -> None:
        self._store = store
        self._runner = runner
        self._buckets = buckets
        self._capabilities = capabilities

    def call(
        self,
        version: str,
        method: str,
        request: Any,
        *,
        parent: str = "",
        timeout: float | None = None,
    ) -> Any:
        """One of ``api_versions.METHODS``, asked and answered in the messages of a version.

        Args:
            parent: goes before the request's own.
            timeout: seconds that the client waits; None if it does not say.
        """
        asked = to_v1(version, request, method)
        if parent:
            asked.parent = parent
        if method == "BatchAnnotateImages":
            return from_v1(version, self.annotate_images(asked, timeout))
        if method == "BatchAnnotateFiles":
            return from_v1(version, self.annotate_files(asked, timeout))
        submit = {
            "AsyncBatchAnnotateImages": self.submit_images,
            "AsyncBatchAnnotateFiles": self.submit_files,
        }
        return submit[method](asked, version)

    def annotate_images(self, request: Any, timeout: float | None = None) -> Any:
        """Up to 16 pictures, while the client waits so many seconds, ``MAX_ANNOTATE_S`` at most."""
        check_sync(request, self._capabilities)
        images = [one.SerializeToString() for one in request.requests]
        try:
            answers = self._runner.annotate(images, _bounded(timeout))
        except TimeoutError as error:
            raise Refused("Deadline Exceeded", DEADLINE_EXCEEDED) from error
        response = vision.BatchAnnotateImagesResponse.pb()()
        for answer in answers:
            response.responses.add().ParseFromString(answer)
        return response

    def submit_images(self, request: Any, version: str = V1) -> operations_pb2.Operation:
        """Up to 2,000 pictures of Cloud Storage; results go there too."""
        check_async(request, self._capabilities)
        return self._submit(
            request,
            version,
            request.output_config.gcs_destination.uri,
            request.output_config.batch_size or DEFAULT_BATCH_SIZE,
        )

    def annotate_files(self, request: Any, timeout: float | None = None) -> Any:
        """Up to 5 pages of one file, while the client waits so many seconds, as for pictures."""
        check_files_sync(request, self._capabilities)
        end = time.monotonic() + _bounded(timeout)
        response = vision.BatchAnnotateFilesResponse.pb()()
        copy = self._runner.copies / f"{secrets.token_hex(8)}-direct"
        try:
            self._annotate_file(request.requests[0], copy, end, response.responses.add())
        except TimeoutError as error:
            raise Refused("Deadline Exceeded", DEADLINE_EXCEEDED) from error
        finally:
            copy.unlink(missing_ok=True)
        return response

    def submit_files(self, request: Any, version: str = V1) -> operations_pb2.Operation:
        """Up to 100 files of Cloud Storage, 2,000 pages each; results go there too.

        A file that is not there is refused at once, as the service does.
        """
        check_files_async(request, self._capabilities)
        response = vision.AsyncBatchAnnotateFilesResponse.pb()()
        for asked in request.requests:
            self._check_file(asked.input_config.gcs_source.uri)
            config = response.responses.add().output_config
            config.CopyFrom(asked.output_config)
            config.batch_size = config.batch_size or DEFAULT_BATCH_SIZE
        first = response.responses[0].output_config
        serialised = response.SerializeToString()
        uri = first.gcs_destination.uri
        return self._submit(request, version, uri, first.batch_size, serialised)

    def _submit(
        self,
        request: Any,
        version: str,
        output_uri: str,
        batch_size: int,
        response: bytes | None = None,
    ) -> operations_pb2.Operation:
        serialised = request.SerializeToString()
        parent = request.parent or DEFAULT_PARENT
        count = len(request.requests)
        record = self._store.create(
            serialised, output_uri, batch_size, count, parent, response=response, version=version
        )
        self._runner.submit(record, serialised)
        kind = "pictures" if response is None else "files"
        log.info("operation=%s accepted: %d %s", record.name, record.pictures, kind)
        return to_operation(record)

    def _check_file(self, uri: str) -> None:
        try:
            with bucket_faults(uri):
                size = self._size(uri)
        except BadPicture as fault:
            raise Refused(fault.message, fault.code) from fault
        if size > MAX_FILE_BYTES:
            raise Refused(f"File size exceeds the limit of {MAX_FILE_BYTES} bytes.")

    def _size(self, uri: str) -> int:
        try:
            return self._buckets.info(uri).size
        except ObjectNotFound:
            self._buckets.check_bucket(GcsUri.parse(uri).bucket)  # perhaps that is what is missing
            raise

    def _annotate_file(self, asked: Any, copy: Path, end: float, answer: Any) -> None:
        if asked.input_config.content:
            copy.write_bytes(asked.input_config.content)
            asked.input_config.ClearField("gcs_source")
            asked.input_config.ClearField("content")
        answer.input_config.CopyFrom(asked.input_config)
        request = asked.SerializeToString()
        (counted,) = self._runner.annotate(
            [PageTask(request, copy, COUNT_PAGES)], _left(end), lambda _: _not_opened(asked)
        )
        json_format.Parse(counted, answer)
        if answer.error.code:
            return
        pages = _present(asked.pages, answer.total_pages)
        if not pages:
            for page in asked.pages:  # an answer without any entry would say nothing
                _no_such_page(asked, page, answer)
            return
        answers = self._runner.annotate(
            [PageTask(request, copy, page) for page in pages],
            _left(end),
            lambda place: lost_page(request, pages[place], as_json=False),
        )
        for page in answers:
            answer.responses.add().ParseFromString(page)


def _bounded(timeout: float | None) -> float:
    return MAX_ANNOTATE_S if timeout is None else min(timeout, MAX_ANNOTATE_S)


def _left(end: float) -> float:
    return max(0.0, end - time.monotonic())


def _not_opened(asked: Any) -> bytes:
    """A file that no worker survived."""
    source = asked.input_config
    message = unreadable(source.gcs_source.uri, source.mime_type, "internal error")
    answer: dict[str, Any] = {"error": {"code": INTERNAL, "message": message}}
    parsed = json_format.ParseDict(answer, vision.AnnotateFileResponse.pb()())
    return json_format.MessageToJson(parsed).encode()


def _present(asked: Sequence[int], total: int) -> list[int]:
    """The pages meant, from 1, without those that are not there.

    Google's own sample (batch-annotate-files.js) asks for the pages 1, 2 and -1 of a file that has
    one page, and reads the text of every entry: what is not there has none.
    """
    pages = [page if page > 0 else total + 1 + page for page in asked]
    if not pages:
        return list(range(1, min(total, MAX_SYNC_PAGES) + 1))
    missing = [page for page, meant in zip(asked, pages, strict=True) if not 1 <= meant <= total]
    if missing:
        log.warning("pages %s are not there: the file has %d", missing, total)
    return [meant for meant in pages if 1 <= meant <= total]


def _no_such_page(asked: Any, page: int, answer: Any) -> None:
    entry = answer.responses.add()
    entry.context.uri = asked.input_config.gcs_source.uri
    entry.context.page_number = page
    entry.error.code = INVALID_ARGUMENT
    count = f"{answer.total_pages} page{'s' if answer.total_pages > 1 else ''}"
    entry.error.message = f"Invalid page number: {page}. The file has {count}."
