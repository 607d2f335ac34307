"""What was used last, up to so many bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Values by key; the one unused for longest goes first. Not thread-safe: callers hold a lock.

    Args:
        most_bytes, most: what is kept.
    """

    def __init__(self, most_bytes: int, most: int) -> None:
        self._most_bytes, self._most = most_bytes, most
        self._held: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> T | None:
        """A value, which was used hereby; None if it is not held."""
        if key not in self._held:
            return None
        self._held.move_to_end(key)
        return self._held[key][0]

    def keep(self, key: Hashable, value: T, size: int) -> None:
        """Hold a value of so many bytes, unless it alone is too large."""
        self._bytes += size - self._held.pop(key, (value, 0))[1]
        self._held[key] = (value, size)
        while len(self._held) > self._most or self._bytes > self._most_bytes:
            _, (_, freed) = self._held.popitem(last=False)
            self._bytes -= freed
