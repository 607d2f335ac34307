"""``python -m scripts.drill.dashboard``: the dashboard's hub and watcher without its web server.

Its waits are shorter than a user's, so that a hundred drills do not take a night; what decides
whether a batch is sent again (``submit_once.SETTLE``) is left as it is.
"""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from core import logs
from core.app import job_watcher
from core.app.engine_process import EngineInfo, EngineProcess
from core.app.hub import Hub
from core.jobs.ledger import database
from core.jobs.sending import send_job
from core.jobs.service import connection
from core.settings import Settings
from scripts.drill.clock import SetClock

MODULE = "scripts.drill.engine"
BUSY_S = 3  # how long the ledger's writers wait for each other
SUBMIT_S = 4.0  # how long a submission waits for its answer
ROUND_S = 0.5
PAUSE = timedelta(seconds=2)  # after a fault that passes


class DrillEngine(EngineProcess):
    """The drill's engine, reached through the drill's proxies where the environment names them."""

    def info(self) -> EngineInfo | None:
        """As the engine says, with the proxies' addresses instead of its own."""
        info = super().info()
        if info is None or "DRILL_VISION" not in os.environ:
            return info
        return replace(
            info,
            vision_address=os.environ["DRILL_VISION"],
            storage_address=f"http://{os.environ['DRILL_STORAGE']}",
        )


def drill_engine(settings: Settings) -> DrillEngine:
    """The engine of one home."""
    return DrillEngine(settings.home, settings.workers, MODULE, vectors=settings.vectors)


def quicken() -> None:
    """Shorten the waits."""
    database.BUSY_SECONDS = BUSY_S
    connection.SUBMIT_TIMEOUT_S = SUBMIT_S
    job_watcher.LOOKED_AT_S = ROUND_S
    send_job.TRY_AGAIN = PAUSE
    for kind in send_job.PAUSES:
        send_job.PAUSES[kind] = PAUSE


def main() -> None:
    """Until SIGTERM."""
    quicken()
    settings = Settings.from_env()
    clock = SetClock(Path(os.environ["DRILL_DASHBOARD_CLOCK"]))
    engine = drill_engine(settings) if settings.backend == "local" else None
    hub = Hub(settings, engine, clock.now)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    hub.start()
    while not ended.wait(ROUND_S):
        hub.watcher.look()
    hub.stop()


if __name__ == "__main__":
    logs.set_up()
    main()
