"""REST in and out, as ``vision.googleapis.com`` speaks it: protobuf's JSON over HTTP.

Nothing is decided here: see ``annotate_service`` and ``operations_service``. Paths, codes and the
form of errors are those of google/api/http.proto, google/rpc/code.proto and
cloud.google.com/apis/design/errors; the two official clients (Python ``transport="rest"``, Node
``fallback: true``) are tested against it.

A web page that a user visits can send requests to this machine too: requests from another origin,
for another host, or with a body that is not declared as JSON or protobuf are refused.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio.to_thread
import uvicorn
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from google.protobuf.descriptor import Descriptor
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from core.engine.api_versions import METHODS, VERSIONS, request_class, response_kind
from core.engine.protocol import system_parameters
from core.engine.protocol.annotate_service import AnnotateService
from core.engine.protocol.field_masks import FieldMask
from core.engine.protocol.operations_service import OperationsService
from core.engine.protocol.request_checks import no_product_search
from core.engine.protocol.rest_messages import read_body, read_message, render, render_error
from core.engine.protocol.system_parameters import Parameters
from core.engine.refusals import (
    CANCELLED,
    INTERNAL,
    NOT_FOUND,
    PERMISSION_DENIED,
    Refused,
    quoted,
)
from core.errors import EngineNotRunning

HOSTS = ["127.0.0.1", "localhost", "[::1]"]
WAITING_REQUESTS = 24  # that wait for annotations; the others have threads of their own
START_S = 10.0  # until the server must answer
STOP_S = 5.0  # that requests under way have

_PARENTS = ("", "projects/{project}/", "projects/{project}/locations/{location}/")
_NAMES = (*_PARENTS, "locations/{location}/")
_LIST_FIELDS = ("filter", "pageSize", "page_size", "pageToken", "page_token")
_PRODUCT_SEARCH = re.compile(
    rf"/({'|'.join(VERSIONS)})/projects/[^/]+/locations/[^/]+/product(s|Sets)\b.*"
)
_OPERATION: Descriptor = operations_pb2.Operation.DESCRIPTOR


@dataclass(frozen=True, slots=True)
class RestRequest:
    """One request, read as far as all of them are."""

    path: Mapping[str, str]
    headers: Mapping[str, str]
    parameters: Parameters
    body: bytes

    def parent(self) -> str:
        """``projects/P/locations/L`` as far as the path has it."""
        parts = [part for part in ("project", "location") if part in self.path]
        return "/".join(f"{part}s/{self.path[part]}" for part in parts)

    def name(self) -> str:
        """The name of the path's operation."""
        return f"{self.parent()}/operations/{self.path['operation']}".removeprefix("/")


@dataclass(frozen=True, slots=True)
class RestMethod:
    """One method.

    Attributes:
        kind: of its answer; raises ``Refused`` where the version does not have the method.
        do: gives the answer; raises ``Refused``.
        query: the fields of the request that may stand in the query.
        limiter: of threads; None for the common ones.
    """

    kind: Callable[[], Descriptor]
    do: Callable[[RestRequest], Any]
    query: Collection[str] = ()
    limiter: anyio.CapacityLimiter | None = None

    def answer(self, asked: RestRequest) -> Response:
        """Answer in a worker thread."""
        mask = FieldMask(asked.parameters.fields, self.kind())
        message = self.do(asked)
        mask.apply(message)
        return render(message, asked.parameters, asked.headers)


def rest_app(annotator: AnnotateService, operations: OperationsService) -> Starlette:
    """The application, for any ASGI server on loopback."""
    waiting = anyio.CapacityLimiter(WAITING_REQUESTS)
    routes = [
        _route(f"/{version}/{parent}{path}", "POST", _method(annotator, version, method, waiting))
        for version in VERSIONS
        for parent in _PARENTS
        for method, path in METHODS.items()
    ]
    for version in VERSIONS:
        for parent in _NAMES:
            routes += _operations(f"/{version}/{parent}operations", operations)
    return Starlette(
        routes=routes,
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)],
        exception_handlers={HTTPException: _http_fault, Exception: _fault},
    )


def _method(
    annotator: AnnotateService, version: str, method: str, waiting: anyio.CapacityLimiter
) -> RestMethod:
    def kind() -> Descriptor:
        request_class(version, method)
        if method.startswith("Async"):
            return _OPERATION
        return response_kind(version, method)

    def do(asked: RestRequest) -> Any:
        message = read_message(asked.body, asked.headers, request_class(version, method))
        # What a path binds is not the body's to say.
        return annotator.call(
            version, method, message, parent=asked.parent(), timeout=asked.parameters.timeout
        )

    return RestMethod(kind, do, limiter=None if method.startswith("Async") else waiting)


def _operations(path: str, operations: OperationsService) -> list[Route]:
    def emptied(do: Callable[[str], None], asked: RestRequest) -> empty_pb2.Empty:
        do(asked.name())
        return empty_pb2.Empty()

    def empty(do: Callable[[str], None]) -> RestMethod:
        return RestMethod(lambda: empty_pb2.Empty.DESCRIPTOR, partial(emptied, do))

    one = RestMethod(lambda: _OPERATION, lambda asked: operations.get(asked.name()))
    several = RestMethod(
        lambda: operations_pb2.ListOperationsResponse.DESCRIPTOR,
        partial(_list, operations),
        _LIST_FIELDS,
    )
    return [
        _route(f"{path}/{{operation}}:cancel", "POST", empty(operations.cancel)),
        _route(f"{path}/{{operation}}", "GET", one),
        _route(f"{path}/{{operation}}", "DELETE", empty(operations.delete)),
        _route(path, "GET", several),
    ]


def _list(operations: OperationsService, asked: RestRequest) -> Any:
    query = asked.parameters.request
    size = query.get("pageSize", query.get("page_size", "0"))
    if not (size.isdecimal() and len(size) < 10):
        message = f"Invalid value at 'page_size' (TYPE_INT32), \"{quoted(size)}\""
        raise Refused(message, field="page_size")
    token = query.get("pageToken", query.get("page_token", ""))
    return operations.find(asked.parent(), query.get("filter", ""), int(size), token)


def _route(path: str, method: str, call: RestMethod) -> Route:
    async def endpoint(request: Request) -> Response:
        parameters = Parameters()
        try:
            _check_origin(request)
            query = request.query_params.multi_items()
            parameters = system_parameters.read(query, request.headers, call.query)
            body = await read_body(request)
            asked = RestRequest(request.path_params, request.headers, parameters, body)
            return await anyio.to_thread.run_sync(call.answer, asked, limiter=call.limiter)
        except Refused as refusal:
            return _error(refusal, request, parameters)
        except ClientDisconnect:
            return _error(Refused("The client has gone.", CANCELLED), request)  # nobody reads it

    return Route(path, endpoint, methods=[method])


def _check_origin(request: Request) -> None:
    # Only browsers send it, with what a page's script asks for.
    if request.headers.get("origin") is not None:
        raise Refused("Requests from web pages are not answered.", PERMISSION_DENIED)


def _error(refusal: Refused, request: Request, parameters: Parameters | None = None) -> Response:
    return render_error(refusal.status(), parameters or Parameters(), request.headers)


async def _http_fault(request: Request, error: Exception) -> Response:
    # Only the router raises these: 404 and 405.
    if _PRODUCT_SEARCH.fullmatch(request.url.path):
        return _error(no_product_search(), request)
    where = f"{request.method} {quoted(request.url.path, 200)}"
    return _error(Refused(f"There is no {where} here.", NOT_FOUND), request)


async def _fault(request: Request, error: Exception) -> Response:
    # Starlette raises it again for the server's log.
    return _error(Refused("Internal error.", INTERNAL), request)


class RestServer:
    """uvicorn on 127.0.0.1 alone. ``start``, then ``stop``."""

    def __init__(self, app: Starlette, port: int) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,  # the engine's own
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._port = port
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen, and return once requests are answered.

        Raises:
            EngineNotRunning: the port is taken, or the server does not come up.
        """
        # Named as TCP: asyncio turns off Nagle's algorithm for no other socket, and with it an
        # answer of head and body waits 40 ms for the client.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", self._port))
        except OSError as error:
            listener.close()
            raise EngineNotRunning(
                "The port for REST is taken", where=f"127.0.0.1:{self._port}", then=str(error)
            ) from error
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="rest", daemon=True
        )
        self._thread.start()
        end = time.monotonic() + START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise EngineNotRunning(
                    "The REST server did not start", where=f"127.0.0.1:{self._port}"
                )
            time.sleep(0.01)

    def stop(self) -> None:
        """End it; requests under way have a moment to be answered."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_S)
