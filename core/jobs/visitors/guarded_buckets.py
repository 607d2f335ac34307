"""Storage as one visitor may read it; nothing is written through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO

from core.buckets import Buckets, ObjectInfo
from core.errors import NotAllowed
from core.jobs.visitors.visibility import Visibility


class GuardedBuckets(Buckets):
    """Every verb asks ``Visibility`` first. One that is not written here does not work at all,
    since this object has no client of its own.

    Args:
        inner: gives the storage that is connected now.
    """

    def __init__(self, inner: Callable[[], Buckets], visibility: Visibility) -> None:
        self._inner = inner
        self._visibility = visibility

    def hurried(self, seconds: float) -> Buckets:
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

    def rights(self, name: str, wanted: Sequence[str]) -> frozenset[str]:
        """Not for visitors: it tells what the dashboard's account may do."""
        raise NotAllowed("Visitors do not ask for rights", where=name[:200])

    def write(self, uri: str, data: bytes, content_type: str = "application/octet-stream") -> None:
        """Not for visitors."""
        raise NotAllowed("Visitors do not write to storage", where=uri[:200])

    def write_file(self, uri: str, file: IO[bytes], size: int, content_type: str) -> None:
        """Not for visitors."""
        raise NotAllowed("Visitors do not write to storage", where=uri[:200])

    def delete(self, uri: str) -> None:
        """Not for visitors."""
        raise NotAllowed("Visitors do not delete from storage", where=uri[:200])

    def make_bucket(self, name: str) -> None:
        """Not for visitors."""
        raise NotAllowed("Visitors do not make buckets", where=name[:200])
