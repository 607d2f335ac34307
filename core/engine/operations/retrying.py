"""Waiting for what passes by itself: a full disk, a storage that is being started again."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable

from core.errors import BucketUnavailable

log = logging.getLogger("engine.patience")

PASSING = (BucketUnavailable, sqlite3.OperationalError)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 5.0


class Stopped(Exception):
    """The engine stops, or nobody wants it any more; what is on disk is enough to go on from."""


class Retrying:
    """Does things again until they succeed. Safe to share between threads."""

    def __init__(self) -> None:
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._stopping.set()

    def until_done(
        self,
        step: Callable[[], None],
        label: str,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Do one step, again after a pause as long as it fails for want of room or storage.

        Args:
            step: may be done twice; any other kind of fault goes to the caller.
            label: names it in the log.
            wanted: asked before each further try.

        Raises:
            Stopped: it was given up.
        """
        pause = FIRST_PAUSE_S
        while True:
            try:
                return step()
            except PASSING as error:
                log.warning("%s waits: %s", label, error)
            if self._stopping.wait(pause) or not wanted():
                raise Stopped(label)
            pause = min(LONGEST_PAUSE_S, 2 * pause)
