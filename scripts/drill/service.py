"""A gRPC server between dashboard and engine that refuses calls, or loses their answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc

SUBMIT = "/google.cloud.vision.v1.ImageAnnotator/AsyncBatchAnnotateImages"
CALL_S = 20.0


@dataclass(slots=True)
class InjectedFault:
    """What happens to the next calls of a method.

    Attributes:
        after: the engine has done what was asked, and its answer is lost.
        times: how many calls.
    """

    method: str
    code: grpc.StatusCode
    after: bool
    times: int = 1


class FaultyService(grpc.GenericRpcHandler):
    """Passes every unary call on as it is, except for those that a fault is meant for.

    Args:
        target: the engine's address, read again with every call.
    """

    def __init__(self, target: Callable[[], str]) -> None:
        self._target = target
        self._faults: list[InjectedFault] = []
        self._lock = threading.Lock()
        self._channels: dict[str, Any] = {}
        self._server = grpc.server(ThreadPoolExecutor(16))
        self._server.add_generic_rpc_handlers((self,))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def expect(self, fault: InjectedFault) -> None:
        """Do this to the next calls."""
        with self._lock:
            self._faults.append(fault)

    def left(self) -> int:
        """Faults that have not happened yet."""
        with self._lock:
            return sum(fault.times for fault in self._faults)

    def clear(self) -> None:
        """Forget what was expected."""
        with self._lock:
            self._faults.clear()

    def close(self) -> None:
        """Stop serving."""
        self._server.stop(None)

    def service(self, details: Any) -> Any:
        """Every method there is."""
        return grpc.unary_unary_rpc_method_handler(partial(self._call, details.method))

    def _call(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        fault = self._next(method)
        if fault is not None and not fault.after:
            context.abort(fault.code, "refused by the drill")
        try:
            seconds = min(CALL_S, context.time_remaining() or CALL_S)
            answer: bytes = self._channel().unary_unary(method)(request, timeout=seconds)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details() or "")
        if fault is not None:
            context.abort(fault.code, "the answer got lost in the drill")
        return answer

    def _next(self, method: str) -> InjectedFault | None:
        with self._lock:
            for fault in self._faults:
                if fault.method == method:
                    fault.times -= 1
                    if not fault.times:
                        self._faults.remove(fault)
                    return fault
        return None

    def _channel(self) -> Any:
        address = self._target()
        with self._lock:
            if address not in self._channels:
                quick = [("grpc.max_reconnect_backoff_ms", 500), ("grpc.enable_http_proxy", 0)]
                self._channels[address] = grpc.insecure_channel(address, options=quick)
            return self._channels[address]
