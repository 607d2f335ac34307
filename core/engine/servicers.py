"""gRPC in and out: google.cloud.vision.v1.ImageAnnotator and google.longrunning.Operations.

Nothing is decided here: requests are checked in ``request_checks``, operations live in
``operation_store``, pictures are annotated by ``batch_runner``.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import grpc
from google.cloud import vision
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf import empty_pb2

from core.engine.batch_runner import BatchRunner
from core.engine.operation_records import OperationRecord
from core.engine.operation_store import MAX_PAGE, OperationStore
from core.engine.request_checks import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_PARENT,
    Refused,
    check_async,
    check_sync,
)
from core.errors import OperationNotFound

log = logging.getLogger("engine.servicers")

SERVICE = "google.cloud.vision.v1.ImageAnnotator"
MAX_WAIT_S = 60.0
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_FILTER = re.compile(r'\s*(done\s*=\s*(?P<done>true|false)|output_uri\s*=\s*"(?P<uri>[^"]*)")\s*')

Capabilities = Mapping[str, Mapping[str, Any]]


class ImageAnnotator:
    """The RPCs of ImageAnnotator, over the plain protobuf classes."""

    def __init__(
        self, store: OperationStore, runner: BatchRunner, capabilities: Capabilities
    ) -> None:
        self._store = store
        self._runner = runner
        self._capabilities = capabilities

    def handler(self) -> grpc.GenericRpcHandler:
        """For ``Server.add_generic_rpc_handlers``."""

        def unary(
            answer: Callable[[Any, grpc.ServicerContext], Any], request: Any, reply: Any
        ) -> grpc.RpcMethodHandler[Any, Any]:
            return grpc.unary_unary_rpc_method_handler(
                answer, request_deserializer=request.FromString, response_serializer=reply
            )

        operation = operations_pb2.Operation.SerializeToString
        pb = {
            name: getattr(vision, name).pb()
            for name in (
                "BatchAnnotateImagesRequest",
                "AsyncBatchAnnotateImagesRequest",
                "BatchAnnotateFilesRequest",
                "AsyncBatchAnnotateFilesRequest",
            )
        }
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "BatchAnnotateImages": unary(
                    self.batch_annotate_images,
                    pb["BatchAnnotateImagesRequest"],
                    vision.BatchAnnotateImagesResponse.serialize,
                ),
                "AsyncBatchAnnotateImages": unary(
                    self.async_batch_annotate_images,
                    pb["AsyncBatchAnnotateImagesRequest"],
                    operation,
                ),
                "BatchAnnotateFiles": unary(_no_files, pb["BatchAnnotateFilesRequest"], operation),
                "AsyncBatchAnnotateFiles": unary(
                    _no_files, pb["AsyncBatchAnnotateFilesRequest"], operation
                ),
            },
        )

    def batch_annotate_images(
        self, raw: Any, context: grpc.ServicerContext
    ) -> vision.BatchAnnotateImagesResponse:
        """Up to 16 pictures, while the client waits."""
        try:
            check_sync(raw, self._capabilities)
            images = [one.SerializeToString() for one in raw.requests]
            answers = self._runner.annotate(images, context.time_remaining())
        except Refused as refusal:
            context.abort(_CODES[refusal.code], refusal.message)
        except TimeoutError:
            context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
        return vision.BatchAnnotateImagesResponse(
            responses=[vision.AnnotateImageResponse.deserialize(answer) for answer in answers]
        )

    def async_batch_annotate_images(
        self, raw: Any, context: grpc.ServicerContext
    ) -> operations_pb2.Operation:
        """Up to 2,000 pictures of Cloud Storage; results go there too."""
        try:
            check_async(raw, self._capabilities)
        except Refused as refusal:
            context.abort(_CODES[refusal.code], refusal.message)
        serialised = raw.SerializeToString()
        record = self._store.create(
            serialised,
            raw.output_config.gcs_destination.uri,
            raw.output_config.batch_size or DEFAULT_BATCH_SIZE,
            len(raw.requests),
            raw.parent or DEFAULT_PARENT,
        )
        self._runner.submit(record, serialised)
        log.info("operation=%s accepted: %d pictures", record.name, record.pictures)
        return to_operation(record)


class Operations(operations_pb2_grpc.OperationsServicer):  # type: ignore[misc]  # untyped base
    """The RPCs of google.longrunning.Operations."""

    def __init__(self, store: OperationStore, runner: BatchRunner, waiters: int) -> None:
        self._store = store
        self._runner = runner
        # Each waiting call holds a thread; the last ones must stay free for everybody else.
        self._waiters = threading.BoundedSemaphore(waiters)

    def GetOperation(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """One operation as it stands."""
        return self._answer(context, lambda: to_operation(self._store.get(request.name)))

    def ListOperations(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Operations under ``projects/P``, oldest first.

        ``filter`` takes ``done=true|false`` and, beyond the service, ``output_uri="gs://..."``,
        joined by AND: that finds an operation whose name was lost.
        """
        done, uri = _filter(request.filter, context)
        if request.page_token and not request.page_token.isdecimal():
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Invalid page_token.")
        size = min(request.page_size, MAX_PAGE) if request.page_size > 0 else MAX_PAGE
        found = self._store.find(
            request.name.strip("/").removesuffix("operations").strip("/"),
            done=done,
            output_uri=uri,
            page_size=size + 1,
            after=int(request.page_token or 0),
        )
        page = found[:size]
        return operations_pb2.ListOperationsResponse(
            operations=[to_operation(record) for record in page],
            next_page_token=str(page[-1].number) if len(found) > size else "",
        )

    def CancelOperation(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Ask an operation to end; no effect on one that has."""
        self._answer(context, lambda: self._runner.cancel(request.name))
        return empty_pb2.Empty()

    def DeleteOperation(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Forget an operation; one that is running goes on."""
        self._answer(context, lambda: self._store.delete(request.name))
        return empty_pb2.Empty()

    def WaitOperation(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """An operation once it is done, or as it stands when the time is over."""
        timeout = request.timeout.ToTimedelta().total_seconds() or MAX_WAIT_S
        timeout = min(timeout, MAX_WAIT_S, context.time_remaining() or MAX_WAIT_S)
        if not self._waiters.acquire(blocking=False):
            return self.GetOperation(request, context)
        try:
            return self._answer(
                context, lambda: to_operation(self._store.wait(request.name, timeout))
            )
        finally:
            self._waiters.release()

    def _answer(self, context: grpc.ServicerContext, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except OperationNotFound as error:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Operation not found: {error.where}")


def to_operation(record: OperationRecord) -> operations_pb2.Operation:
    """A record as ``google.longrunning.Operation`` with its metadata and outcome."""
    operation = operations_pb2.Operation(name=record.name, done=record.done)
    metadata = vision.OperationMetadata(
        state=record.state.value,
        create_time=datetime.fromtimestamp(record.created, UTC),
        update_time=datetime.fromtimestamp(record.updated, UTC),
    )
    operation.metadata.Pack(vision.OperationMetadata.pb(metadata))
    if record.error_code:
        operation.error.code = record.error_code
        operation.error.message = record.error_message
    elif record.done:
        response = vision.AsyncBatchAnnotateImagesResponse(
            output_config=vision.OutputConfig(
                gcs_destination=vision.GcsDestination(uri=record.output_uri),
                batch_size=record.batch_size,
            )
        )
        operation.response.Pack(vision.AsyncBatchAnnotateImagesResponse.pb(response))
    return operation


def _filter(text: str, context: grpc.ServicerContext) -> tuple[bool | None, str | None]:
    done: bool | None = None
    uri: str | None = None
    for term in text.split(" AND ") if text.strip() else ():
        match = _FILTER.fullmatch(term)
        if match is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid filter: {term[:200]}")
        elif match["done"]:
            done = match["done"] == "true"
        else:
            uri = match["uri"]
    return done, uri


def _no_files(_: Any, context: grpc.ServicerContext) -> Any:
    context.abort(
        grpc.StatusCode.UNIMPLEMENTED,
        "The local engine annotates pictures; PDF, TIFF and GIF files as documents come later.",
    )
