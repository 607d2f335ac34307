"""gRPC in and out: google.cloud.vision.v1.ImageAnnotator and google.longrunning.Operations.

Nothing is decided here: see ``annotate_service`` and ``operations_service``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.cloud import vision
from google.longrunning import operations_pb2_grpc
from google.protobuf import empty_pb2

from core.engine.annotate_service import AnnotateService
from core.engine.operations_service import MAX_WAIT_S, OperationsService
from core.engine.request_checks import Refused

SERVICE = "google.cloud.vision.v1.ImageAnnotator"
ANSWER_S = 0.5  # kept of a deadline for the answer's way to the client
LONGEST_DEADLINE_S = 366 * 86_400.0
_CODES = {code.value[0]: code for code in grpc.StatusCode}

Answer = Callable[[Any, grpc.ServicerContext], Any]


def annotator_handler(service: AnnotateService) -> grpc.GenericRpcHandler:
    """For ``Server.add_generic_rpc_handlers``: over the plain protobuf classes."""

    def unary(request: Any, answer: Answer) -> grpc.RpcMethodHandler[Any, Any]:
        def answered(message: Any, context: grpc.ServicerContext) -> Any:
            with _refusals(context):
                return answer(message, context)

        return grpc.unary_unary_rpc_method_handler(
            answered,
            request_deserializer=request.pb().FromString,
            response_serializer=lambda reply: reply.SerializeToString(),
        )

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "BatchAnnotateImages": unary(
                vision.BatchAnnotateImagesRequest,
                lambda raw, context: service.annotate_images(raw, _time_left(context)),
            ),
            "AsyncBatchAnnotateImages": unary(
                vision.AsyncBatchAnnotateImagesRequest, lambda raw, _: service.submit_images(raw)
            ),
            "BatchAnnotateFiles": unary(
                vision.BatchAnnotateFilesRequest,
                lambda raw, context: service.annotate_files(raw, _time_left(context)),
            ),
            "AsyncBatchAnnotateFiles": unary(
                vision.AsyncBatchAnnotateFilesRequest, lambda raw, _: service.submit_files(raw)
            ),
        },
    )


class Operations(operations_pb2_grpc.OperationsServicer):  # type: ignore[misc]  # untyped base
    """The RPCs of google.longrunning.Operations."""

    def __init__(self, service: OperationsService) -> None:
        self._service = service

    def GetOperation(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """One operation as it stands."""
        with _refusals(context):
            return self._service.get(request.name)

    def ListOperations(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Operations under a project, oldest first."""
        with _refusals(context):
            return self._service.find(
                request.name, request.filter, request.page_size, request.page_token
            )

    def CancelOperation(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Ask an operation to end; no effect on one that has."""
        with _refusals(context):
            self._service.cancel(request.name)
        return empty_pb2.Empty()

    def DeleteOperation(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Forget an operation; one that is running goes on."""
        with _refusals(context):
            self._service.delete(request.name)
        return empty_pb2.Empty()

    def WaitOperation(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """An operation once it is done, or as it stands when the time is over.

        "If the timeout specified is greater than the default HTTP/RPC timeout, the HTTP/RPC timeout
        is used" (google/longrunning/operations.proto): the latest state is answered shortly before
        the call's own deadline, which would cost the client the answer.
        """
        timeout = MAX_WAIT_S
        if request.HasField("timeout"):
            # Not as a timedelta: the seconds may be more than one can hold.
            timeout = request.timeout.seconds + request.timeout.nanos / 1e9
        left = _time_left(context)
        if left is not None:
            timeout = min(timeout, left - min(ANSWER_S, left / 2))
        with _refusals(context):
            return self._service.wait(request.name, timeout)


def _time_left(context: grpc.ServicerContext) -> float | None:
    """Seconds until the call's deadline; None if it has none.

    A call without one has a deadline in some centuries, more than threads can wait.
    """
    left = context.time_remaining()
    return left if left is not None and left <= LONGEST_DEADLINE_S else None


@contextmanager
def _refusals(context: grpc.ServicerContext) -> Iterator[None]:
    try:
        yield
    except Refused as refusal:
        context.abort(_CODES[refusal.code], refusal.message)
