"""``/healthz``: 503 only if a restart would mend something. ``/readyz``: 503 while work is refused.

Both answer within a few seconds in any case, at the root and below the server's path.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anyio import CapacityLimiter, move_on_after, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.ui.server.resources import shared_hub
from core.ui.server.routes.health import liveness, readiness

PATIENCE_S = 3.0
# A ledger that hangs must not take every thread, nor readiness those of liveness.
_alive_threads, _ready_threads = CapacityLimiter(2), CapacityLimiter(2)
_Told = tuple[bool, dict[str, Any]]


async def healthz(_request: Request) -> Response:
    """Liveness; what hangs or cannot be started at all is no reason to restart."""
    cannot = {"ok": True, "why": "The dashboard cannot start; /readyz and its pages say more."}
    late = {"ok": True, "why": "Nothing was found out in time."}
    return await _answer(liveness, (True, cannot), (True, late), _alive_threads)


async def readyz(_request: Request) -> Response:
    """Readiness; what hangs is left behind."""
    reasons = ["The dashboard cannot start; its pages say why."]
    cannot = {"ok": False, "reasons": reasons, "engine": "failed"}
    late = {
        "ok": False,
        "reasons": ["The ledger or the backend does not answer in time."],
        "ledger": "no answer",
    }
    return await _answer(readiness, (False, cannot), (False, late), _ready_threads)


async def _answer(
    look: Callable[[Hub], _Told], cannot: _Told, late: _Told, threads: CapacityLimiter
) -> Response:
    def looked() -> _Told:
        try:
            return look(shared_hub())
        except ContactSheetError:  # its text may name paths; the page and the log show it
            return cannot

    well, body = late
    with move_on_after(PATIENCE_S):
        well, body = await to_thread.run_sync(looked, abandon_on_cancel=True, limiter=threads)
    return JSONResponse(body, 200 if well else 503, headers={"Cache-Control": "no-store"})


def routes(base: str = "") -> list[Route]:
    """The addresses, also below the server's path (``/BASE``): probes ask for either."""
    handlers = {"/healthz": healthz, "/readyz": readyz}
    bases = dict.fromkeys(("", base))
    return [Route(b + path, answer) for b in bases for path, answer in handlers.items()]
