"""Growing pauses: what did not help is tried again, each time after twice as long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable

FIRST_S = 4.0
LONGEST_S = 120.0


class Backoff:
    """One series of pauses a key. Safe to share between threads.

    >>> now = [0.0]
    >>> pauses = Pauses(lambda: now[0], first_s=4, longest_s=120)
    >>> pauses.grow("a"); pauses.due("a"), pauses.seconds_left("a")
    (False, 4.0)

    Args:
        clock: seconds; one that is set back makes everything due.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        first_s: float = FIRST_S,
        longest_s: float = LONGEST_S,
    ) -> None:
        self._clock = clock
        self._first_s = first_s
        self._longest_s = longest_s
        self._pauses: dict[Hashable, tuple[float, float]] = {}  # since when, and how long
        self._lock = threading.Lock()

    def due(self, key: Hashable) -> bool:
        """Whether to try now; True for a key that never failed."""
        return self.seconds_left(key) == 0

    def seconds_left(self, key: Hashable) -> float:
        """Until the next try; 0 if it is due."""
        with self._lock:
            since, pause = self._pauses.get(key, (0.0, 0.0))
        gone = self._clock() - since
        return max(0.0, pause - gone) if gone >= 0 else 0.0

    def grow(self, key: Hashable) -> None:
        """It was tried and did not help."""
        with self._lock:
            _, pause = self._pauses.get(key, (0.0, 0.0))
            longer = min(max(self._first_s, 2 * pause), self._longest_s)
            self._pauses[key] = (self._clock(), longer)

    def end(self, key: Hashable) -> None:
        """It helped, or somebody wants to know now: the next try is due and the series is over."""
        with self._lock:
            self._pauses.pop(key, None)

    def keep(self, keys: Iterable[Hashable]) -> None:
        """Forget all others."""
        with self._lock:
            wanted = set(keys)
            self._pauses = {key: value for key, value in self._pauses.items() if key in wanted}
