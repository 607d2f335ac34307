"""The web server's own addresses for uploads: files go to disk as they come, each by itself.

``PUT upload/TOKEN/DRAFT/file?name=...&content=...`` takes one file's bytes as its body;
``POST upload/TOKEN/DRAFT/known`` says which of some files need not be sent. The token is the
gallery's, a draft is looked for among the visitor's own, and ``gate`` and ``host_check`` stand
before both. Every refusal is JSON: ``{"what": ..., "then": ...}``.
"""

from __future__ import annotations

import base64
import logging
import os
import re
from collections.abc import Awaitable, Callable
from functools import partial
from io import BytesIO
from typing import Any

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.app.hub import Hub
from core.errors import ContactSheetError, LedgerError, NotAllowed
from core.jobs.batch.sources import left_out
from core.jobs.sending.uploads import spool as spools
from core.jobs.sending.uploads.spool import Arrival, Spool
from core.pictures.formats import HEAD_BYTES
from core.ui.server.resources import hub_for, who_asks
from core.ui.server.routes.bodies import SILENT_S, BadBody, read_json
from core.ui.server.routes.unknown import nothing

log = logging.getLogger("core.ui.upload_routes")
WRITTEN_AT_ONCE = 1024**2  # bytes of an upload in memory
MOST_ASKED = 500  # files a question
MOST_BODY = 4 * 1024**2  # of a question
MOST_NAME = 4_000  # characters; what is kept of them is in ``sources.own_name``
_ID = re.compile(r"[a-z0-9]{16}\Z")
_CONTENT = re.compile(r"[0-9a-f]{64}\Z")
_threads = CapacityLimiter(max(4, 2 * (os.cpu_count() or 1)))  # not those of thumbnails


class _Refused(Exception):
    """What is answered, with its status."""

    def __init__(self, status: int, what: str = "", then: str = "") -> None:
        super().__init__(status)
        self.status, self.what, self.then = status, what, then


async def _in_thread(work: Callable[..., Any], *args: Any) -> Any:
    return await to_thread.run_sync(partial(work, *args), limiter=_threads)


async def _answer(request: Request, answer: Callable[[Request, Spool], Awaitable[Any]]) -> Response:
    """Admit the visitor and their draft, then answer; a fault is a status and its reason."""
    try:
        spool = await _in_thread(_admitted, request)
        return _json(200, await answer(request, spool))
    except _Refused as refused:
        return _json(refused.status, {"what": refused.what, "then": refused.then})
    except BadBody as error:
        return _json(error.status, {"what": error.what, "then": ""})
    except ClientDisconnect:
        return Response(status_code=400)  # to nobody: the connection has gone
    except TimeoutError:
        return _json(408, {"what": "Nothing more of the file has come", "then": ""})
    except NotAllowed as error:
        return _json(403, {"what": error.what, "then": error.then})
    except LedgerError as error:
        return _json(503, {"what": error.what, "then": error.then})
    except ContactSheetError as error:
        return _json(422, {"what": error.what, "then": error.then})
    except OSError as error:
        log.warning("an upload could not be kept: %s", error)
        why = error.strerror or "unknown"
        return _json(507, {"what": f"The dashboard cannot keep the file: {why}", "then": ""})


def _json(status: int, content: Any) -> Response:
    return JSONResponse(content, status, headers={"Cache-Control": "no-store"})


def _hub(request: Request) -> Hub:
    return hub_for(who_asks(request))


def _admitted(request: Request) -> Spool:
    """The visitor's own draft.

    Raises:
        _Refused: 404 for a token or draft that is not theirs, 409 for a draft that was sent.
        NotAllowed: they may change nothing.
    """
    try:
        hub = _hub(request)
    except PermissionError as error:
        raise _Refused(404) from error
    visitor, draft = hub.visitor, request.path_params["draft"]
    if not hub.gallery.admits(request.path_params["token"], visitor.scope) or not _ID.match(draft):
        raise _Refused(404, "This page is older than the dashboard", "Reload it.")
    visitor.check_write()
    own = f"{visitor.scope}-{draft}" if visitor.scope else draft
    if hub.jobs.by_draft(own) is not None:
        raise _Refused(
            409, "The batch was submitted before this file had arrived", "Prepare another batch."
        )
    return Spool(hub.settings.home, own)


async def _file(request: Request) -> Response:
    async def answer(request: Request, spool: Spool) -> dict[str, Any]:
        query = request.query_params
        name, content = query.get("name", ""), query.get("content", "")
        if not 0 < len(name) <= MOST_NAME or (content and not _CONTENT.match(content)):
            raise _Refused(400, "This is no name of a file, or no hash of one")
        length = request.headers.get("content-length", "")
        if length.isdecimal() and (len(length) > 15 or int(length) > spools.MAX_SPOOL_BYTES):
            raise spools.too_large(name)
        return {"size": await _received(request, spool, name, content)}

    return await _answer(request, answer)


async def _received(request: Request, spool: Spool, name: str, content: str) -> int:
    """Stream the body to disk; returns its size in bytes.

    Raises:
        ClientDisconnect: it broke off.
        TimeoutError: it came to a halt.
    """
    stream = request.stream()
    arrival: Arrival | None = None
    waiting = bytearray()
    ended = False
    try:
        while not ended:
            with anyio.fail_after(SILENT_S):
                chunk = await anext(stream, None)
            ended = chunk is None
            waiting += chunk or b""
            if len(waiting) >= WRITTEN_AT_ONCE and not ended:
                arrival = await _in_thread(_write, spool, name, arrival, bytes(waiting))
                waiting.clear()
        added = await _in_thread(_keep, spool, name, arrival, bytes(waiting), content)
        return int(added)
    except BaseException:
        if arrival is not None:
            arrival.__exit__(None, None, None)
        raise


def _write(spool: Spool, name: str, arrival: Arrival | None, data: bytes) -> Arrival:
    begun = arrival or spool.begin(name)
    try:
        begun.write(data)
    except BaseException:
        begun.__exit__(None, None, None)
        raise
    return begun


def _keep(spool: Spool, name: str, arrival: Arrival | None, rest: bytes, content: str) -> int:
    with arrival or spool.begin(name) as begun:
        begun.write(rest)
        return begun.keep(content).size


async def _known(request: Request) -> Response:
    async def answer(request: Request, spool: Spool) -> dict[str, Any]:
        question = await read_json(request, MOST_BODY)
        return {"files": await _in_thread(_states, spool, _asked(question))}

    return await _answer(request, answer)


def _asked(question: dict[str, Any]) -> list[tuple[str, str, bytes]]:
    """Name, content and, of files that may be none of a picture, the first bytes.

    Raises:
        _Refused: it is no such question.
    """
    try:
        asked = [
            (str(f["name"]), str(f["content"]), base64.b64decode(f.get("head", ""), validate=True))
            for f in question["files"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _Refused(400, "This is no question about files") from error
    if len(asked) > MOST_ASKED or not all(0 < len(name) <= MOST_NAME for name, _, _ in asked):
        raise _Refused(400, "This is no question about files")
    return asked


def _states(spool: Spool, asked: list[tuple[str, str, bytes]]) -> list[str]:
    """ "known": it is there; "left out": it is no picture and named by its beginning; else ""."""
    spool.drop_parts()
    known = spool.take_known([(name, content) for name, content, _ in asked])
    states = []
    for there, (name, _, head) in zip(known, asked, strict=True):
        fault = None
        if head and not there:
            fault = left_out(name, head[:HEAD_BYTES], convertible=True)
        if fault is not None:
            spool.add(name, BytesIO(head[:HEAD_BYTES]))  # shows by name why it is left out
        states.append("known" if there else "left out" if fault is not None else "")
    return states


def routes(base: str = "") -> list[Route]:
    """The addresses.

    Args:
        base: the path that the server is under, as ``/BASE``; the component asks below its page.
    """
    return [
        Route(base + "/upload/{token}/{draft}/file", _file, methods=["PUT"]),
        Route(base + "/upload/{token}/{draft}/known", _known, methods=["POST"]),
        Route(base + "/upload/{other:path}", nothing, methods=["GET", "PUT", "POST", "DELETE"]),
    ]
