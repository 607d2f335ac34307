"""The web server's own addresses for the gallery; ``core.app.gallery_cells`` answers them.

They are on the dashboard's server, thus on loopback, under its headers and behind its sign-in.
Types are fixed here and never taken from a picture; what cannot be answered is an empty body with a
status.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from core.app.batches.batch_marks import BatchMarks
from core.app.gallery_cells import WINDOW, ViewGone, said_of
from core.app.hub import Hub
from core.app.made_files import content_disposition
from core.errors import ContactSheetError, NotAllowed
from core.results.pictures.overlays import blurred
from core.ui.server.resources import hub_for, who_asks
from core.ui.server.routes.bodies import BadBody, read_json
from core.ui.server.routes.unknown import nothing

# Reading from a bucket is waiting, so more than a core's worth; decoding has its own limit.
_threads = CapacityLimiter(max(8, 2 * (os.cpu_count() or 1)))
# Pages of files may take long to draw, and pictures do not wait behind them.
_page_threads = CapacityLimiter(8)
_PRIVATE = {
    "Cache-Control": "private, max-age=3600",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FRESH = {**_PRIVATE, "Cache-Control": "no-store"}
LARGE = 1_600  # pixels on the longer side
_MOST_ASKED = 1_000_000  # bytes of what is to be marked: some 100,000 places
_MOST_SAID = 2_000  # places that an answer tells; of more the sheet is asked again
_DIGITS = 11  # of a 32-bit number with its sign
_Answer = Callable[[Hub, Request], Response]


async def _answer(request: Request, answer: _Answer) -> Response:
    """Run a blocking answer in a thread, if the token is right."""
    page = request.query_params.get("page", "0")
    limiter = _threads if page == "0" else _page_threads
    try:
        return await to_thread.run_sync(partial(_admitted, request, answer), limiter=limiter)
    except ViewGone:
        return Response(status_code=410)
    except (ValueError, PermissionError):
        return Response(status_code=404)
    except ContactSheetError:
        return Response(status_code=422, headers=_FRESH)


def _hub(request: Request) -> Hub:
    return hub_for(who_asks(request))


def _admitted(request: Request, answer: _Answer) -> Response:
    hub = _hub(request)
    if not hub.gallery.admits(request.path_params["token"], hub.visitor.scope):
        raise PermissionError("not this visitor's token")
    view = request.path_params.get("view")
    if view is not None and not hub.may_see(hub.gallery.shards(view)):
        raise ViewGone(view)  # its owner has hidden it meanwhile
    return answer(hub, request)


async def _thumbnail(request: Request) -> Response:
    def answer(hub: Hub, request: Request) -> Response:
        code, uri, page, veiled = _picture(hub, request)
        scope = hub.visitor.scope
        return _jpeg(hub.gallery.thumbnail(code, uri, page, veiled=veiled, scope=scope))

    return await _answer(request, answer)


async def _large(request: Request) -> Response:
    def answer(hub: Hub, request: Request) -> Response:
        code, uri, page, veiled = _picture(hub, request)
        hub.gallery.check(code, uri, page, hub.visitor.scope)
        image = hub.upright(uri, page, LARGE, [page + 1] if page else []).image
        out = io.BytesIO()
        (blurred(image) if veiled else image).save(out, "JPEG", quality=88)
        return _jpeg(out.getvalue())

    return await _answer(request, answer)


async def _local(request: Request) -> Response:
    def answer(hub: Hub, request: Request) -> Response:
        path = request.query_params.get("path", "")
        return _jpeg(hub.gallery.local(request.path_params["code"], path, hub.visitor.scope))

    return await _answer(request, answer)


async def _map(request: Request) -> Response:
    return await _answer(request, partial(_data, "image/webp"))


async def _places(request: Request) -> Response:
    return await _answer(request, partial(_data, "application/octet-stream"))


def _data(kind: str, hub: Hub, request: Request) -> Response:
    data = hub.gallery.data(request.path_params["name"])
    return Response(data, media_type=kind, headers=_PRIVATE)


def _picture(hub: Hub, request: Request) -> tuple[str, str, int, bool]:
    """Code, address and page of the picture that is asked for, and whether it is to be veiled.

    Raises:
        PermissionError: the visitor may not see it.
    """
    query = request.query_params
    uri = query.get("uri", "")
    if not hub.may_see(uri):
        raise PermissionError("not a picture that this visitor may see")
    page = _number(query.get("page", "0"), least=-(2**31))
    return request.path_params["code"], uri, page, "veiled" in query


def _jpeg(data: bytes) -> Response:
    return Response(data, media_type="image/jpeg", headers=_PRIVATE)


async def _made(request: Request) -> Response:
    def answer(hub: Hub, request: Request) -> Response:
        made = hub.made_files.get(request.path_params["code"], hub.visitor.scope)
        headers = {
            **_FRESH,
            "Content-Length": str(made.size),
            "Content-Disposition": content_disposition(made.name),
        }
        return StreamingResponse(made.pieces(), media_type=made.mime, headers=headers)

    return await _answer(request, answer)


async def _cells(request: Request) -> Response:
    def answer(hub: Hub, request: Request) -> Response:
        start = _number(request.path_params["start"])
        count = _number(request.query_params.get("count", str(WINDOW)))
        cells = hub.gallery.cells(request.path_params["view"], start, count)
        return JSONResponse(cells, headers=_FRESH)

    return await _answer(request, answer)


async def _boxes(request: Request) -> Response:
    def answer(hub: Hub, request: Request) -> Response:
        asked = request.query_params.get("at", "")[:1000].split(",")
        places = [_number(n) for n in asked]
        boxes = hub.gallery.boxes(request.path_params["view"], places, hub.may_see)
        return JSONResponse(boxes, headers=_FRESH)

    return await _answer(request, answer)


async def _mark(request: Request) -> Response:
    """Mark pictures, write a note, or undo; the answer tells what is there now.

    Body: ``{"places": [3, 4], "mark": "flag"}`` (``"places": null`` for all of the view, ``"mark":
    ""`` for none), ``{"place": 3, "note": "..."}``, or ``{"undo": true}``.
    """
    try:
        asked = await read_json(request, _MOST_ASKED)
    except BadBody as error:
        return Response(status_code=error.status)

    def answer(hub: Hub, request: Request) -> Response:
        view = request.path_params["view"]
        marks = hub.batch_marks(*hub.gallery.batch(view))
        try:
            changed = _changed(hub, view, marks, asked)
        except NotAllowed as error:
            return JSONResponse({"fault": str(error)}, 403, headers=_FRESH)
        except ContactSheetError as error:
            return JSONResponse({"fault": str(error)}, 422, headers=_FRESH)
        places = hub.gallery.places(view, changed)
        if len(places) > _MOST_SAID:
            return JSONResponse({"said": None}, headers=_FRESH)
        pictures = hub.gallery.ids(view, places)  # as many: only annotated ones can be changed
        said = {
            place: said_of(marks.store, picture)
            for place, picture in zip(places, pictures, strict=True)
        }
        return JSONResponse({"said": said}, headers=_FRESH)

    return await _answer(request, answer)


def _changed(hub: Hub, view: str, marks: BatchMarks, asked: dict[str, Any]) -> list[int]:
    """Ids of the pictures of which something else is said now.

    Raises:
        ValueError: nothing of the kind can be asked.
    """
    if asked.get("undo") is True:
        return marks.take_back()
    if isinstance(note := asked.get("note"), str):
        ids = hub.gallery.ids(view, [_whole(asked.get("place"))])
        if ids:
            marks.note(ids[0], note)
        return ids
    mark, places = asked.get("mark"), asked.get("places")
    if not isinstance(mark, str) or not (places is None or isinstance(places, list)):
        raise ValueError("neither a mark nor a note")
    ids = hub.gallery.ids(view, None if places is None else [_whole(n) for n in places])
    marks.mark(ids, mark)
    return ids


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("not a place")
    return value


def _number(text: str, least: int = 0) -> int:
    """A number that fits into 32 bits: more digits would be work, and too many a fault.

    Raises:
        ValueError: it is none, or too small or too large.
    """
    if len(text) > _DIGITS or not least <= int(text) < 2**31:
        raise ValueError(text[:_DIGITS])
    return int(text)


def routes(base: str = "") -> list[Route]:
    """The addresses.

    Args:
        base: the path that the server is under, as ``/BASE``; the component asks below its page.
    """
    return [
        Route(base + "/gallery/{token}/thumbnail/{code}", _thumbnail),
        Route(base + "/gallery/{token}/large/{code}", _large),
        Route(base + "/gallery/{token}/local/{code}", _local),
        Route(base + "/gallery/{token}/map/{name}", _map),
        Route(base + "/gallery/{token}/places/{name}", _places),
        Route(base + "/gallery/{token}/made/{code}", _made),
        Route(base + "/gallery/{token}/cells/{view}/{start}", _cells),
        Route(base + "/gallery/{token}/boxes/{view}", _boxes),
        Route(base + "/gallery/{token}/mark/{view}", _mark, methods=["POST"]),
        Route(base + "/gallery/{other:path}", nothing),
    ]
