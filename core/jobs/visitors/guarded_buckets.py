"""Storage as one visitor may read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import IO

from core.buckets import BucketReader, ObjectInfo
from core.jobs.visitors.visibility import Visibility


class GuardedBuckets:
    """A ``BucketReader`` whose every verb asks ``Visibility`` first. It cannot write.

    Args:
        inner: gives the storage that is connected now.
    """

    def __init__(self, inner: Callable[[], BucketReader], visibility: Visibility) -> None:
        self._inner = inner
        self._visibility = visibility

    def hurried(self, seconds: float) -> GuardedBuckets:
        """As ``Buckets.hurried``, and as guarded as before."""
        return GuardedBuckets(lambda: self._inner().hurried(seconds), self._visibility)

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """As if hidden folders were empty; ``BucketDenied`` for one that is too wide."""
        if not self._visibility.lists(prefix):
            return iter(())
        return self._inner().list_objects(prefix)

    def info(self, uri: str) -> ObjectInfo:
        """As for a missing object if it is hidden."""
        self._visibility.check_objects([uri])
        return self._inner().info(uri)

    def exists(self, uri: str) -> bool:
        """False if it is hidden."""
        return not self._visibility.hides(uri) and self._inner().exists(uri)

    def read(self, uri: str, limit: int | None = None) -> bytes:
        """As for a missing object if it is hidden."""
        self._visibility.check_objects([uri])
        return self._inner().read(uri, limit)

    def copy(self, uri: str, file: IO[bytes], limit: int | None = None) -> None:
        """As for a missing object if it is hidden."""
        self._visibility.check_objects([uri])
        self._inner().copy(uri, file, limit)

    def read_many(self, uris: Iterable[str]) -> Iterator[bytes]:
        """As for a missing object where one is hidden."""
        wanted = list(uris)
        self._visibility.check_objects(wanted)
        return self._inner().read_many(wanted)

    def check_bucket(self, name: str) -> None:
        """As without a guard: it tells nothing of what is in it."""
        self._inner().check_bucket(name)

    def location(self, name: str) -> str:
        """As without a guard: it tells nothing of what is in it."""
        return self._inner().location(name)
