"""Whether the dashboard is well, in a glance: for load balancers, container runtimes and people."""

from __future__ import annotations

import shutil
import time
from typing import Any

from core.app.hub import Hub
from core.errors import ContactSheetError

STALLED_S = 120.0  # the watcher's rounds are 20 s apart at most, each with time limits of its own
LEAST_DISK = 200 * 1024**2


def health(hub: Hub) -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and what is not. No names, paths or addresses: anybody may ask."""
    engine, ledger, rounded = _engine(hub), _ledger(hub), hub.watcher.rounded
    age = None if rounded is None else time.monotonic() - rounded
    free = shutil.disk_usage(hub.settings.home).free
    well = (
        engine != "failed"
        and ledger == "ok"
        and (age is None or age < STALLED_S)
        and free >= LEAST_DISK
    )
    return well, {
        "ok": well,
        "engine": engine,
        "ledger": ledger,
        "watcher_age_s": None if age is None else round(age, 1),
        "disk_free_gb": round(free / 1024**3, 1),
    }


def _engine(hub: Hub) -> str:
    if hub.settings.backend == "cloud":
        return "google"
    try:
        return "starting" if hub.starting() else "ready"
    except ContactSheetError:
        return "failed"


def _ledger(hub: Hub) -> str:
    try:
        hub.jobs.ledger.count()
    except ContactSheetError:
        return "failed"
    return "ok"
