"""Whether the dashboard lives, and whether it can take work: for load balancers and container
runtimes. No names, paths or addresses: anybody may ask."""

from __future__ import annotations

import shutil
import time
from typing import Any

from core.app.hub import Hub
from core.errors import ContactSheetError

STALLED_S = 120.0  # the watcher's rounds are 20 s apart at most, each with time limits of its own
HUNG_S = 1800.0  # no outage holds a round up for so long
STUCK_S = 60.0  # work of pages that waits for a place while nothing gets any further
LEAST_DISK = 200 * 1024**2


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
    local = hub.settings.backend == "local"
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
