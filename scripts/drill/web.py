"""``python -m scripts.drill.web PORT``: dashboard with its web server, on the drill's engine."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from streamlit.web import cli

from core.app import hub, job_watcher
from scripts.drill.dashboard import MODULE, ROUND_S, DrillEngine, quicken


def main(port: str) -> None:
    """Until it is killed or stopped."""
    quicken()
    job_watcher.UNWATCHED_S = ROUND_S  # no browser looks on
    # ``Hub.from_env`` makes the engine of this name.
    setattr(hub, "EngineProcess", partial(DrillEngine, module=MODULE))  # noqa: B010
    app = str(Path(__file__).parents[2] / "app.py")
    cli.main(["run", app, "--server.port", port, "--server.headless", "true"])


if __name__ == "__main__":
    main(sys.argv[1])
