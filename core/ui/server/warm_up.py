"""What the first chart would wait for, done once in the background while the engine starts."""

from __future__ import annotations

import logging
import threading
from importlib import import_module

log = logging.getLogger("core.ui.warm_up")
# Of the map of pictures; not a map itself: its threads would take the cores from the engine.
MODULES = ("sklearn.decomposition", "sklearn.manifold", "plotly.graph_objects")


def start() -> threading.Thread:
    """Begin; neither pages nor the end of the process wait for the thread that is returned."""
    thread = threading.Thread(target=_work, name="warm-up", daemon=True)
    thread.start()
    return thread


def _work() -> None:
    """A palette of next to nothing, and imports: what they load is there afterwards."""
    try:
        import numpy as np

        from core.results.columns.palettes import batch_palette

        batch_palette(np.arange(0, 0xFFFFFF, 0x123456, dtype=np.int64), np.ones(15), 2)
        for name in MODULES:
            import_module(name)
    except Exception:  # reported where it is needed, as without this
        log.warning("the first chart will take longer", exc_info=True)
