"""gRPC in and out: ImageAnnotator of every version, and google.longrunning.Operations.

Nothing is decided here: see ``annotate_service`` and ``operations_service``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf import empty_pb2
from google.protobuf.descriptor import Descriptor

from core.engine.api_versions import METHODS, VERSIONS, request_class, response_kind
from core.engine.protocol.annotate_service import AnnotateService
from core.engine.protocol.field_masks import FieldMask
from core.engine.protocol.operations_service import MAX_WAIT_S, OperationsService
from core.engine.protocol.request_checks import no_product_search
from core.engine.refusals import INTERNAL, UNIMPLEMENTED, Refused

log = logging.getLogger("engine.grpc")

ANSWER_S = 0.5  # kept of a deadline for the answer's way to the client
LONGEST_DEADLINE_S = 366 * 86_400.0
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_METHOD = re.compile(
    rf"/google\.cloud\.vision\.({'|'.join(VERSIONS)})\.(ImageAnnotator|ProductSearch)/(\w+)"
)
_OPERATION = operations_pb2.Operation.DESCRIPTOR

if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]


class VisionHandler(grpc.GenericRpcHandler):
    """The services of every version, over the plain protobuf classes.

    A version's classes are loaded at its first call.
    """

    def __init__(self, service: AnnotateService) -> None:
        self._service = service

    def service(self, details: grpc.HandlerCallDetails) -> Handler | None:
        """The handler of one call; None for services that are not ours."""
        match = _METHOD.fullmatch(details.method)
        if match is None:
            return None
        version, service, method = match.groups()
        if service == "ProductSearch":
            return _refusing(no_product_search())
        if method not in METHODS:
            what = f"google.cloud.vision.{version}.{service} has no method {method}."
            return _refusing(Refused(what, UNIMPLEMENTED))
        try:
            return self._handler(version, method)
        except Refused as refusal:
            return _refusing(refusal)

    def _handler(self, version: str, method: str) -> Handler:
        request = request_class(version, method)
        kind = _OPERATION if method.startswith("Async") else response_kind(version, method)

        def answered(message: Any, context: grpc.ServicerContext) -> Any:
            def call() -> Any:
                return self._service.call(version, method, message, timeout=_time_left(context))

            return _answered(context, kind, call)

        return grpc.unary_unary_rpc_method_handler(
            answered,
            request_deserializer=request.FromString,
            response_serializer=lambda reply: reply.SerializeToString(),
        )


class Operations(operations_pb2_grpc.OperationsServicer):  # type: ignore[misc]  # untyped base
    """The RPCs of google.longrunning.Operations."""

    def __init__(self, service: OperationsService) -> None:
        self._service = service

    def GetOperation(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """One operation as it stands."""
        return _answered(context, _OPERATION, lambda: self._service.get(request.name))

    def ListOperations(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Operations under a project, oldest first."""
        asked = (request.name, request.filter, request.page_size, request.page_token)
        kind = operations_pb2.ListOperationsResponse.DESCRIPTOR
        return _answered(context, kind, lambda: self._service.find(*asked))

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
        return _answered(context, _OPERATION, lambda: self._service.wait(request.name, timeout))


def _time_left(context: grpc.ServicerContext) -> float | None:
    """Seconds until the call's deadline; None if it has none.

    A call without one has a deadline in some centuries, more than threads can wait.
    """
    left = context.time_remaining()
    return left if left is not None and left <= LONGEST_DEADLINE_S else None


def _answered(context: grpc.ServicerContext, kind: Descriptor, call: Callable[[], Any]) -> Any:
    """What a call answers, as far as the client's field mask lets it through."""
    metadata = dict(context.invocation_metadata())
    with _refusals(context):
        mask = FieldMask(str(metadata.get("x-goog-fieldmask", "")), kind)
        answer = call()
        mask.apply(answer)
        return answer


def _refusing(refusal: Refused) -> Handler:
    def refuse(_: bytes, context: grpc.ServicerContext) -> bytes:
        with _refusals(context):
            raise refusal

    return grpc.unary_unary_rpc_method_handler(refuse)


@contextmanager
def _refusals(context: grpc.ServicerContext) -> Iterator[None]:
    try:
        yield
    except Refused as refusal:
        _abort(context, refusal)
    except Exception:
        log.exception("a call failed")
        _abort(context, Refused("Internal error.", INTERNAL))


def _abort(context: grpc.ServicerContext, refusal: Refused) -> None:
    details = refusal.status().SerializeToString()
    context.set_trailing_metadata((("grpc-status-details-bin", details),))
    context.abort(_CODES[refusal.code], refusal.message)
