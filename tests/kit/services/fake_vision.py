"""A Vision service in this process: real gRPC, real messages, answers as the test wants them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import grpc
from google.cloud import vision
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf import empty_pb2

SERVICE = "google.cloud.vision.v1.ImageAnnotator"


def aliases(name: str) -> tuple[str, ...]:
    """Names that the service takes for one operation; it answers with the first."""
    last = name.rpartition("/")[2]
    middle = ("", "projects/fake/locations/eu/", "projects/1234567890/")
    return (name, *(f"{start}operations/{last}" for start in middle))


@dataclass
class Accepted:
    """One batch that the service has taken."""

    name: str
    uris: list[str]
    prefix: str
    request: Any
    state: str = "RUNNING"
    error: tuple[int, str] | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


class FakeVision:
    """Takes batches and tells about them; nothing is annotated.

    Attributes:
        accepted: every batch taken, in order: a picture in two of them was sent twice.
        refuse: status code and message that a submission is refused with.
        break_after_accepting: take the batch, then answer with this status code.
        on_submit: called with every request before it is looked at.
        lists, filters, cancels: whether the service offers the call, or its filter.
        cancel_code: status code that cancelling is answered with instead.
        denied: names of operations that this account may not ask about.
        forgotten: names of operations that it says it does not know.
        asked: names that were asked for by GetOperation, in order.
        tried: every synchronous request, in order; ``refuse`` and ``break_after_accepting`` hold
            for these as well.
        answer: what each of them is answered with.
    """

    def __init__(self) -> None:
        self.accepted: list[Accepted] = []
        self.refuse: tuple[grpc.StatusCode, str] | None = None
        self.break_after_accepting: grpc.StatusCode | None = None
        self.on_submit: Callable[[Any], object] = lambda request: None
        self.lists = self.filters = self.cancels = True
        self.cancel_code: grpc.StatusCode | None = None
        self.denied: set[str] = set()
        self.forgotten: set[str] = set()
        self.asked: list[str] = []
        self.tried: list[Any] = []
        self.answer = vision.AnnotateImageResponse()
        self.known_code: grpc.StatusCode | None = None
        self.submissions = 0
        self.port = 0
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._server: grpc.Server | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen; after ``stop`` on the same port again."""
        self._server = grpc.server(futures.ThreadPoolExecutor(8))
        kinds: dict[str, Any] = {
            "AsyncBatchAnnotateImages": vision.AsyncBatchAnnotateImagesRequest,
            "AsyncBatchAnnotateFiles": vision.AsyncBatchAnnotateFilesRequest,
        }
        methods = {
            name: grpc.unary_unary_rpc_method_handler(
                self._submit,
                request_deserializer=kind.deserialize,
                response_serializer=operations_pb2.Operation.SerializeToString,
            )
            for name, kind in kinds.items()
        }
        tries: dict[str, Any] = {
            "BatchAnnotateImages": vision.BatchAnnotateImagesRequest,
            "BatchAnnotateFiles": vision.BatchAnnotateFilesRequest,
        }
        methods |= {
            name: grpc.unary_unary_rpc_method_handler(
                self._try, request_deserializer=kind.deserialize, response_serializer=_serialized
            )
            for name, kind in tries.items()
        }
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, methods),)
        )
        operations_pb2_grpc.add_OperationsServicer_to_server(_Operations(self), self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop(None).wait()
            self._server = None

    def find(self, name: str) -> Accepted | None:
        """By any of its names, as the service takes them."""
        return next((a for a in self.accepted if name in aliases(a.name)), None)

    def finish(self) -> None:
        """All batches that run are done."""
        for batch in self.accepted:
            if batch.state == "RUNNING":
                batch.state = "DONE"

    @property
    def sent(self) -> list[str]:
        """Every picture ever accepted, in order."""
        return [uri for batch in self.accepted for uri in batch.uris]

    def _try(self, request: Any, context: grpc.ServicerContext) -> Any:
        if self.refuse is not None:
            context.abort(*self.refuse)
        self.tried.append(request)
        if self.break_after_accepting is not None:
            context.abort(self.break_after_accepting, "the answer got lost")
        if isinstance(request, vision.BatchAnnotateImagesRequest):
            return vision.BatchAnnotateImagesResponse(responses=[self.answer])
        of_file = vision.AnnotateFileResponse(responses=[self.answer], total_pages=9)
        return vision.BatchAnnotateFilesResponse(responses=[of_file])

    def _submit(self, request: Any, context: grpc.ServicerContext) -> operations_pb2.Operation:
        self.submissions += 1
        self.on_submit(request)
        if self.refuse is not None:
            context.abort(*self.refuse)
        with self._lock:
            batch = Accepted(
                f"projects/fake/operations/{next(self._numbers):04d}",
                list(map(_source, request.requests)),
                _output(request).gcs_destination.uri,
                request,
            )
            self.accepted.append(batch)
        if self.break_after_accepting is not None:
            context.abort(self.break_after_accepting, "the answer got lost")
        return message(batch)


def _serialized(response: Any) -> bytes:
    return bytes(type(response).serialize(response))


def _source(item: Any) -> str:
    of_file = isinstance(item, vision.AsyncAnnotateFileRequest)
    return str(item.input_config.gcs_source.uri if of_file else item.image.source.image_uri)


def _output(request: Any) -> Any:
    """Of a request for files the first one's."""
    of_files = isinstance(request, vision.AsyncBatchAnnotateFilesRequest)
    return request.requests[0].output_config if of_files else request.output_config


# type-ignore: the generated base class has no types.
class _Operations(operations_pb2_grpc.OperationsServicer):  # type: ignore[misc]
    def __init__(self, fake: FakeVision) -> None:
        self._fake = fake

    def GetOperation(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self._fake.asked.append(request.name)
        if request.name in self._fake.denied:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "not yours")
        return message(self._find(request.name, context))

    def CancelOperation(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if not self._fake.cancels:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "not here")
        if self._fake.cancel_code is not None:
            context.abort(self._fake.cancel_code, "no")
        batch = self._find(request.name, context)
        batch.state, batch.error = "CANCELLED", (1, "cancelled")
        return empty_pb2.Empty()

    def ListOperations(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if not self._fake.lists:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "not here")
        if request.filter and not self._fake.filters:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Invalid filter")
        wanted = [
            batch
            for batch in self._fake.accepted
            if not request.filter or request.filter == f'output_uri="{batch.prefix}"'
        ]
        return operations_pb2.ListOperationsResponse(operations=map(message, wanted))

    def _find(self, name: str, context: grpc.ServicerContext) -> Accepted:
        if self._fake.known_code is not None:
            context.abort(self._fake.known_code, "no")
        batch = self._fake.find(name)
        if batch is None or name in self._fake.forgotten:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Operation not found: {name}")
        return batch


def message(batch: Accepted) -> operations_pb2.Operation:
    """The operation as the real service writes it."""
    done = batch.state not in ("CREATED", "RUNNING")
    operation = operations_pb2.Operation(name=batch.name, done=done)
    metadata = vision.OperationMetadata(state=batch.state, create_time=batch.created)
    operation.metadata.Pack(vision.OperationMetadata.pb(metadata))
    if batch.error:
        operation.error.code, operation.error.message = batch.error
    elif done:
        output = vision.OutputConfig(gcs_destination=vision.GcsDestination(uri=batch.prefix))
        response: Any = vision.AsyncBatchAnnotateImagesResponse(output_config=output)
        if isinstance(batch.request, vision.AsyncBatchAnnotateFilesRequest):
            one = vision.AsyncAnnotateFileResponse(output_config=output)
            response = vision.AsyncBatchAnnotateFilesResponse(responses=[one])
        operation.response.Pack(type(response).pb(response))
    return operation


def serving() -> Iterator[FakeVision]:
    """For a fixture."""
    fake = FakeVision()
    fake.start()
    yield fake
    fake.stop()
