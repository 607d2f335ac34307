"""REST in and out, as ``vision.googleapis.com/v1`` speaks it: protobuf's JSON over HTTP.

Nothing is decided here: see ``annotate_service`` and ``operations_service``. Paths, codes and the
form of errors are those of google/api/http.proto, google/rpc/code.proto and
cloud.google.com/apis/design/errors; the two official clients (Python ``transport="rest"``, Node
``fallback: true``) are tested against it.

A web page that a user visits can send requests to this machine too: requests from another origin,
for another host, or with a body that is not declared as JSON are refused.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio.to_thread
from google.cloud import vision
from google.protobuf import empty_pb2, json_format
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from core.engine.annotate_service import AnnotateService
from core.engine.operations_service import OperationsService
from core.engine.request_checks import MAX_REQUEST_BYTES, Refused, too_large

HOSTS = ["127.0.0.1", "localhost", "[::1]"]
WAITING_REQUESTS = 24  # that wait for annotations; the others have threads of their own
MAX_DEPTH = 100  # of JSON; real requests have less than 10

# google/rpc/code.proto: number -> name and HTTP status.
_CODES: dict[int, tuple[str, int]] = {
    1: ("CANCELLED", 499),
    2: ("UNKNOWN", 500),
    3: ("INVALID_ARGUMENT", 400),
    4: ("DEADLINE_EXCEEDED", 504),
    5: ("NOT_FOUND", 404),
    7: ("PERMISSION_DENIED", 403),
    8: ("RESOURCE_EXHAUSTED", 429),
    12: ("UNIMPLEMENTED", 501),
    13: ("INTERNAL", 500),
    14: ("UNAVAILABLE", 503),
}
_PARENTS = ("", "projects/{project}/", "projects/{project}/locations/{location}/")
_NAMES = (*_PARENTS, "locations/{location}/")

Call = Callable[[Request], Awaitable[Any]]
Limit = anyio.CapacityLimiter | None


def rest_app(annotator: AnnotateService, operations: OperationsService) -> Starlette:
    """The application, for any ASGI server on loopback."""
    waiting = anyio.CapacityLimiter(WAITING_REQUESTS)
    calls: dict[str, Call] = {
        "images:annotate": _post(
            vision.BatchAnnotateImagesRequest, annotator.annotate_images, waiting
        ),
        "images:asyncBatchAnnotate": _post(
            vision.AsyncBatchAnnotateImagesRequest, annotator.submit_images
        ),
        "files:annotate": _post(
            vision.BatchAnnotateFilesRequest, annotator.annotate_files, waiting
        ),
        "files:asyncBatchAnnotate": _post(
            vision.AsyncBatchAnnotateFilesRequest, annotator.submit_files
        ),
    }
    routes = [
        _route(f"/v1/{parent}{path}", "POST", call)
        for parent in _PARENTS
        for path, call in calls.items()
    ]
    for parent in _NAMES:
        name = f"/v1/{parent}operations/{{operation}}"
        routes += [
            _route(f"{name}:cancel", "POST", _empty(operations.cancel)),
            _route(name, "GET", _named(operations.get)),
            _route(name, "DELETE", _empty(operations.delete)),
            _route(f"/v1/{parent}operations", "GET", _list(operations)),
        ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)],
        exception_handlers={HTTPException: _http_fault, Exception: _fault},
    )


def _route(path: str, method: str, call: Call) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            _check_origin(request)
            return _answer(await call(request), request)
        except Refused as refusal:
            return _error(refusal.code, refusal.message)
        except ClientDisconnect:
            return _error(1, "The client has gone.")  # nobody reads it

    return Route(path, endpoint, methods=[method])


def _check_origin(request: Request) -> None:
    # Only browsers send it, with what a page's script asks for.
    if request.headers.get("origin") is not None:
        raise Refused("Requests from web pages are not answered.", 7)


def _post(kind: Any, do: Callable[[Any], Any], limiter: Limit = None) -> Call:
    async def call(request: Request) -> Any:
        message = await _message(request, kind)
        return await anyio.to_thread.run_sync(do, message, limiter=limiter)

    return call


def _named(do: Callable[[str], Any]) -> Call:
    async def call(request: Request) -> Any:
        return await anyio.to_thread.run_sync(do, _name(request))

    return call


def _empty(do: Callable[[str], None]) -> Call:
    async def call(request: Request) -> Any:
        await anyio.to_thread.run_sync(do, _name(request))
        return empty_pb2.Empty()

    return call


def _list(operations: OperationsService) -> Call:
    async def call(request: Request) -> Any:
        query = request.query_params
        size = query.get("pageSize", query.get("page_size", "0"))
        if not (size.isdecimal() and len(size) < 10):
            raise Refused("Invalid value for pageSize.")
        token = query.get("pageToken", query.get("page_token", ""))
        find = partial(operations.find, _parent(request), query.get("filter", ""), int(size), token)
        return await anyio.to_thread.run_sync(find)

    return call


def _parent(request: Request) -> str:
    """``projects/P/locations/L`` as far as the path has it."""
    found = request.path_params
    return "/".join(f"{part}s/{found[part]}" for part in ("project", "location") if part in found)


def _name(request: Request) -> str:
    """The name of the path's operation."""
    return f"{_parent(request)}/operations/{request.path_params['operation']}".removeprefix("/")


async def _message(request: Request, kind: Any) -> Any:
    declared = request.headers.get("content-type", "application/json")
    if declared.partition(";")[0].strip().lower() != "application/json":
        raise Refused("Invalid content type. Send the request as application/json.")
    message = kind.pb()()
    try:
        text = (await _body(request)).decode("utf-8-sig")
        if text.strip():
            if not text.lstrip().startswith("{"):
                raise json_format.ParseError("The root element must be an object.")
            json_format.Parse(text, message, max_recursion_depth=MAX_DEPTH)
    except (json_format.ParseError, ValueError, RecursionError) as error:
        raise Refused(f"Invalid JSON payload received. {str(error)[:500]}") from error
    parent = _parent(request)
    if parent:
        message.parent = parent  # what a path binds is not the body's to say
    return message


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_REQUEST_BYTES:
            raise too_large()
    return bytes(body)


def _answer(message: Any, request: Request) -> Response:
    # Google's own clients ask for numbers ("json;enum-encoding=int"), people read names.
    numbers = "enum-encoding=int" in request.query_params.get("$alt", "")
    text = json_format.MessageToJson(message, use_integers_for_enums=numbers)
    return _json(text + "\n", 200)


def _error(code: int, message: str) -> Response:
    status, http = _CODES.get(code, _CODES[2])
    told = {"error": {"code": http, "message": message, "status": status}}
    return _json(json.dumps(told, indent=2, ensure_ascii=False) + "\n", http)


def _json(text: str, status: int) -> Response:
    # The first header keeps a browser from taking texts found in pictures for anything but JSON.
    return Response(
        text,
        status,
        headers={"x-content-type-options": "nosniff", "cache-control": "private"},
        media_type="application/json; charset=UTF-8",
    )


async def _http_fault(request: Request, error: Exception) -> Response:
    # Only the router raises these: 404 and 405.
    return _error(5, f"There is no {request.method} {request.url.path[:200]} here.")


async def _fault(request: Request, error: Exception) -> Response:
    # Starlette raises it again for the server's log.
    return _error(13, "Internal error.")
