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
        self._entries: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> T | None:
        """A value, which was used hereby; None if it is not held."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def keep(self, key: Hashable, value: T, size: int) -> None:
        """Hold a value of so many bytes, unless it alone is too large."""
        self._bytes += size - self._entries.pop(key, (value, 0))[1]
        self._entries[key] = (value, size)
        while len(self._entries) > self._most or self._bytes > self._most_bytes:
            _, (_, freed) = self._entries.popitem(last=False)
            self._bytes -= freed
