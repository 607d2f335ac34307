"""A hub as the health addresses see it."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

from core.app.hub import Hub


def hub(path: Any, **parts: Any) -> Hub:
    """As much of a hub as is asked; ``write``, ``starting`` and ``connection`` may raise.

    ``round_age`` is in seconds before now: an instant taken when tests are collected grows old.
    """
    age = parts.get("round_age")
    rounded = None if age is None else time.monotonic() - age
    tasks = SimpleNamespace(stuck_s=lambda: parts.get("stuck_s", 0.0))
    return cast(
        Hub,
        SimpleNamespace(
            settings=SimpleNamespace(
                home=path, has_engine=parts.get("backend", "local") == "local"
            ),
            starting=parts.get("starting", lambda: ""),
            connection=parts.get("connection", lambda: None),
            check_ledger=parts.get("write", lambda: None),
            watcher=SimpleNamespace(rounded=rounded, alive=parts.get("alive", True)),
            **dict.fromkeys(("tasks", "stores", "exports"), tasks),
        ),
    )
