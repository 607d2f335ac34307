"""``/healthz``: 200 while the dashboard is well, else 503, within a few seconds in any case."""

from __future__ import annotations

from typing import Any

from anyio import CapacityLimiter, move_on_after, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import ContactSheetError
from core.ui.server.health import health
from core.ui.server.resources import shared_hub

PATIENCE_S = 3.0
_threads = CapacityLimiter(2)  # a ledger that hangs must not take every thread


async def healthz(_request: Request) -> Response:
    """The answer; what hangs is left behind."""
    well: bool = False
    told: dict[str, Any] = {"ok": False, "ledger": "no answer"}
    with move_on_after(PATIENCE_S):
        well, told = await to_thread.run_sync(_look, abandon_on_cancel=True, limiter=_threads)
    status = 200 if well else 503
    return JSONResponse(told, status, headers={"Cache-Control": "no-store"})


def _look() -> tuple[bool, dict[str, Any]]:
    try:
        return health(shared_hub())
    except ContactSheetError:  # its text may name paths; the page and the log show it
        return False, {"ok": False, "engine": "failed"}


ROUTES = [Route("/healthz", healthz)]
