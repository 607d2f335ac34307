"""``/healthz``: 503 only if a restart would mend something. ``/readyz``: 503 while work is refused.

For load balancers and container runtimes. Both answer within a few seconds in any case, at the root
and below the server's path; without names, paths or addresses, since anybody may ask.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Any

from anyio import CapacityLimiter, move_on_after, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.ui.server.resources import shared_hub

STALLED_S = 120.0  # the watcher's rounds are 20 s apart at most, each with time limits of its own
HUNG_S = 1800.0  # no outage holds a round up for so long
STUCK_S = 60.0  # work of pages that waits for a place while nothing gets any further
LEAST_DISK = 200 * 1024**2
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


def liveness(hub: Hub) -> tuple[bool, dict[str, Any]]:
    """False if a restart would mend something: the thread that moves all jobs on is no more.

    Neither an outage of the cloud, the engine or the ledger's database, nor a full disk is one.
    """
    if not hub.watcher.alive:
        return False, {"ok": False, "why": "The thread that moves jobs on has ended."}
    age = _age(hub)
    # It may wait for the ledger's database, which no restart brings back: that is looked at first.
    if age is not None and age > HUNG_S and _ledger(hub) == "ok":
        return False, {"ok": False, "why": "The thread that moves jobs on hangs."}
    return True, {"ok": True}


def readiness(hub: Hub) -> tuple[bool, dict[str, Any]]:
    """Whether a batch could be submitted now and would be sent; with the reasons if not."""
    reasons: list[str] = []
    engine, ledger, age = _engine(hub, reasons), _ledger(hub), _age(hub)
    if ledger != "ok":
        reasons.append("The job ledger cannot be written.")
    if age is not None and age >= STALLED_S:
        reasons.append("Jobs are not moved on at present.")
    free = _free(hub)
    if free < LEAST_DISK:
        reasons.append("The disk is full, or the home folder cannot be read.")
    stuck = max(tasks.stuck_s() for tasks in (hub.tasks, hub.stores, hub.exports))
    if stuck >= STUCK_S:
        reasons.append("Submit or other pages wait for work that does not end.")
    return not reasons, {
        "ok": not reasons,
        "reasons": reasons,
        "engine": engine,
        "ledger": ledger,
        "watcher_age_s": None if age is None else round(age, 1),
        "disk_free_gb": round(free / 1024**3, 1),
        "pages_stuck_s": round(stuck, 1),
    }


def _age(hub: Hub) -> float | None:
    rounded = hub.watcher.rounded
    return None if rounded is None else time.monotonic() - rounded


def _free(hub: Hub) -> int:
    try:
        return shutil.disk_usage(hub.settings.home).free
    except OSError:
        return 0


def _engine(hub: Hub, reasons: list[str]) -> str:
    local = hub.settings.has_engine
    try:
        if local and hub.starting():
            reasons.append("The embedded engine is starting.")
            return "starting"
        hub.connection()
    except ContactSheetError:
        whose = "The embedded engine" if local else "Google Cloud"
        reasons.append(f"{whose} cannot be used; the dashboard's pages say why.")
        return "failed"
    return "ready" if local else "google"


def _ledger(hub: Hub) -> str:
    try:
        hub.check_ledger()
    except ContactSheetError:
        return "failed"
    return "ok"
