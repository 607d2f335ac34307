"""A clock that the drill sets: seconds off, read from a file by the processes under test."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

real_time = time.time


class SetClock:
    """The true time plus what is in a file.

    Args:
        path: holds seconds as text; no file means none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def set(self, seconds: float) -> None:
        """Jump: from now on the clock is so many seconds off."""
        half = self._path.with_suffix(".tmp")
        half.write_text(str(seconds))
        half.replace(self._path)

    def seconds(self) -> float:
        """Seconds since the epoch, as ``time.time``."""
        try:
            return real_time() + float(self._path.read_text())
        except OSError:
            return real_time()

    def now(self) -> datetime:
        """As ``datetime.now(UTC)``."""
        return datetime.fromtimestamp(self.seconds(), UTC)
