"""The web server's own addresses for the gallery; ``core.ui.gallery_cells`` answers them.

They are on the dashboard's server, thus on loopback and under its headers. Types are fixed here and
never taken from a picture; what cannot be answered is an empty body with a status.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import ContactSheetError
from core.ui.gallery_cells import GalleryCells, ViewGone
from core.ui.resources import shared_hub

# Reading from a bucket is waiting, so more than a core's worth; decoding has its own limit.
_threads = CapacityLimiter(max(8, 2 * (os.cpu_count() or 1)))
_PRIVATE = {
    "Cache-Control": "private, max-age=3600",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FRESH = {**_PRIVATE, "Cache-Control": "no-store"}
_Answer = Callable[[GalleryCells, Request], Response]


async def _answer(request: Request, answer: _Answer) -> Response:
    """Run a blocking answer in a thread, if the token is right."""
    try:
        return await to_thread.run_sync(partial(_admitted, request, answer), limiter=_threads)
    except ViewGone:
        return Response(status_code=410)
    except (ValueError, PermissionError):
        return Response(status_code=404)
    except ContactSheetError:
        return Response(status_code=422, headers=_FRESH)


def _admitted(request: Request, answer: _Answer) -> Response:
    cells = shared_hub().gallery
    if not cells.admits(request.path_params["token"]):
        raise PermissionError("not this process's token")
    return answer(cells, request)


async def _thumbnail(request: Request) -> Response:
    def answer(cells: GalleryCells, request: Request) -> Response:
        query = request.query_params
        data = cells.thumbnail(
            request.path_params["code"],
            query.get("uri", ""),
            int(query.get("page", "0")[:6]),
            veiled="veiled" in query,
        )
        return Response(data, media_type="image/jpeg", headers=_PRIVATE)

    return await _answer(request, answer)


async def _cells(request: Request) -> Response:
    def answer(cells: GalleryCells, request: Request) -> Response:
        found = cells.cells(request.path_params["view"], request.path_params["start"])
        return JSONResponse(found, headers=_FRESH)

    return await _answer(request, answer)


async def _boxes(request: Request) -> Response:
    def answer(cells: GalleryCells, request: Request) -> Response:
        asked = request.query_params.get("at", "")[:1000].split(",")
        found = cells.boxes(request.path_params["view"], [int(n) for n in asked])
        return JSONResponse(found, headers=_FRESH)

    return await _answer(request, answer)


ROUTES = [
    Route("/gallery/{token}/thumbnail/{code}", _thumbnail),
    Route("/gallery/{token}/cells/{view}/{start:int}", _cells),
    Route("/gallery/{token}/boxes/{view}", _boxes),
]
