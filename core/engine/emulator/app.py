"""The server's one ASGI application: path to handler, errors to answers.

Paths are read as they came (``raw_path``), since an object's name may hold an escaped slash.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from urllib.parse import unquote_to_bytes

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.engine.emulator import door
from core.engine.emulator.errors import ApiError, unsupported
from core.engine.emulator.handlers import bucket_calls, object_calls, uploads
from core.engine.emulator.handlers.batch import batch
from core.engine.emulator.handlers.call import Call
from core.engine.emulator.handlers.downloads import download
from core.engine.emulator.handlers.resumable import Resumable
from core.engine.emulator.names import check_object
from core.engine.emulator.objects.store import ObjectStore
from core.errors import BadObject

log = logging.getLogger("engine.storage")

Handler = Callable[[Call], Awaitable[Response]]
DRAINED = 32 * 1024 * 1024
_SIGNED = ("x-goog-signature", "x-goog-algorithm", "signature", "googleaccessid")
# By the number and the words of the path behind /storage/v1/b.
_BUCKETS: dict[str, Handler] = {
    "GET": bucket_calls.list_buckets,
    "POST": bucket_calls.insert_bucket,
}
_BUCKET: dict[str, Handler] = {
    "GET": bucket_calls.get_bucket,
    "PATCH": bucket_calls.patch_bucket,
    "PUT": bucket_calls.patch_bucket,
    "DELETE": bucket_calls.delete_bucket,
}
_OBJECT: dict[str, Handler] = {
    "GET": object_calls.get_object,
    "PATCH": object_calls.patch_object,
    "PUT": object_calls.patch_object,
    "DELETE": object_calls.delete_object,
}
_TO: dict[str, Handler] = {
    "copyTo": object_calls.copy_object,
    "rewriteTo": object_calls.rewrite_object,
}


class StorageApp:
    """Answers the JSON API, and downloads by ``/BUCKET/OBJECT``, over one store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._resumable = Resumable()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        try:
            door.check(request)
            response = await self._checked(request)
        except ApiError as error:
            response = error.response()
            await _drain(request)
        except ClientDisconnect:
            return
        for name, value in door.ANSWER_HEADERS.items():
            response.headers[name] = value
        try:
            await response(scope, receive, send)
        except (BadObject, OSError) as error:
            # The status is sent already: the connection is cut.
            log.warning("an answer was broken off: %s", error)
            raise

    async def _checked(self, request: Request) -> Response:
        """An answer, whatever the disk does; clients try again on 503."""
        try:
            return await self._answer(request)
        except (sqlite3.OperationalError, OSError) as error:
            log.error("the storage's disk: %s", error)
            raise ApiError(503, "backendError", f"The storage's disk refused: {error}") from error
        except (ApiError, ClientDisconnect):
            raise
        except Exception as error:
            log.exception("a request failed: %s", request.method)
            raise ApiError(500, "internalError", "The storage failed; its log says why.") from error

    async def _answer(self, request: Request) -> Response:
        if any(key.lower() in _SIGNED for key in request.query_params):
            raise unsupported("signed addresses: it asks nobody who they are")
        words = _words(request.scope["raw_path"])
        match words:
            case ["storage", "v1", "b", *rest] | ["b", *rest]:
                handler, names = _json_route(request.method, rest, request)
            case ["download", "storage", "v1", "b", bucket, "o", name]:
                handler, names = _only(request, download, "GET", "HEAD"), (bucket, name)
            case ["upload", "storage", "v1", "b", bucket, "o"]:
                handler, names = self._upload(request), (bucket,)
            case ["batch", "storage", "v1"] | ["batch"]:
                handler, names = _only(request, self._batch, "POST"), ()
            case ["storage" | "upload" | "download" | "batch", "v1" | "storage", *_]:
                raise unsupported("such method")
            case [bucket, *parts] if parts and any(parts):
                handler, names = _only(request, download, "GET", "HEAD"), (bucket, "/".join(parts))
            case _:
                raise ApiError(404, "notFound", "Not Found")
        for name in names[1::2]:
            check_object(name)
        return await handler(Call(request, self._store, *names))

    def _upload(self, request: Request) -> Handler:
        params = request.query_params
        if "upload_id" in params:
            sending = {"PUT": self._resumable.send, "POST": self._resumable.send}
            return _by_method(request, {**sending, "DELETE": self._resumable.cancel})
        if params.get("uploadType") == "resumable":
            return _only(request, self._resumable.begin, "POST", "PUT")
        return _only(request, uploads.upload, "POST")

    async def _batch(self, call: Call) -> Response:
        return await batch(call, self._checked)


async def _drain(request: Request) -> None:
    """Take in the rest of a refused body: else the client, still sending, sees no answer."""
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > DRAINED:
                return
    except (RuntimeError, ClientDisconnect):  # it was read already, or the client is gone
        return


def _words(raw_path: bytes) -> list[str]:
    """The path's parts, each decoded by itself."""
    try:
        return [unquote_to_bytes(word).decode() for word in raw_path.split(b"/")[1:]]
    except UnicodeDecodeError:
        raise ApiError(400, "invalid", "The path is not valid UTF-8.") from None


def _json_route(method: str, rest: list[str], request: Request) -> tuple[Handler, tuple[str, ...]]:
    """Handler and names for what comes behind /storage/v1/b."""
    match rest:
        case [] | [""]:
            return _by_method(request, _BUCKETS), ()
        case [bucket] if bucket:
            return _by_method(request, _BUCKET), (bucket,)
        case [bucket, "o"]:
            return _only(request, object_calls.list_objects, "GET"), (bucket,)
        case [bucket, "o", name]:
            if request.query_params.get("alt") == "media" and method in ("GET", "HEAD"):
                return download, (bucket, name)
            return _by_method(request, _OBJECT), (bucket, name)
        case [bucket, "o", name, "compose"]:
            return _only(request, object_calls.compose_object, "POST"), (bucket, name)
        case [bucket, "o", name, ("copyTo" | "rewriteTo") as verb, "b", to_bucket, "o", to_name]:
            return _only(request, _TO[verb], "POST"), (bucket, name, to_bucket, to_name)
    raise unsupported(f"such method ({'/'.join(rest[1:2])[:40]})")


def _only(request: Request, handler: Handler, *methods: str) -> Handler:
    return _by_method(request, dict.fromkeys(methods, handler))


def _by_method(request: Request, handlers: dict[str, Handler]) -> Handler:
    handler = handlers.get(request.method)
    if handler is None:
        raise ApiError(
            405,
            "methodNotAllowed",
            f"{request.method[:10]} is not possible here.",
            {"Allow": ", ".join(handlers)},
        )
    return handler
