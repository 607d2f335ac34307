"""Requests a minute: the service allows so many, for sending and asking together.

Each dashboard counts its own; several on one project share the service's quota, and where that is
exceeded the service says so and sending pauses.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from core.jobs.batch.features import REQUESTS_PER_MINUTE

MINUTE = timedelta(seconds=60)
RESERVED_FOR_SENDING = (
    300  # asking leaves these, so that many operations do not keep others waiting
)


class RateLimit:
    """Counts requests of the last minute. Safe to share between threads."""

    def __init__(self, clock: Callable[[], datetime], limit: int = REQUESTS_PER_MINUTE) -> None:
        self._clock = clock
        self.limit = limit
        self._reserved = min(RESERVED_FOR_SENDING, limit // 6)
        self._made: deque[datetime] = deque()
        self._lock = threading.Lock()

    def may_ask(self) -> bool:
        """Take one request for asking; False while they are used up."""
        return self._take(1, self.limit - self._reserved)

    def may_send(self) -> bool:
        """Take the two requests of a submission; False while they are used up."""
        return self._take(2, self.limit)

    def _take(self, count: int, limit: int) -> bool:
        with self._lock:
            now = self._clock()
            while self._made and not now - MINUTE < self._made[0] <= now:
                self._made.popleft()  # over a minute ago, or the clock was set back
            if len(self._made) + count > limit:
                return False
            self._made.extend([now] * count)
            return True
