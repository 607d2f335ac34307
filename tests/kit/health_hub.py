"""A hub as the health addresses see it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from core.app.hub import Hub


def hub(path: Any, **parts: Any) -> Hub:
    """As much of a hub as is asked; ``count`` and ``starting`` may raise."""
    ledger = SimpleNamespace(count=parts.get("count", lambda: 3))
    return cast(
        Hub,
        SimpleNamespace(
            settings=SimpleNamespace(home=path, backend=parts.get("backend", "local")),
            starting=parts.get("starting", lambda: ""),
            jobs=SimpleNamespace(ledger=ledger),
            watcher=SimpleNamespace(rounded=parts.get("rounded")),
        ),
    )
