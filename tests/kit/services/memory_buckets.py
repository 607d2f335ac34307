"""Buckets in memory, as far as an operation needs them."""

from __future__ import annotations

from core.buckets import Buckets
from core.errors import BucketError


class MemoryBuckets(Buckets):
    """Keeps what is written, or fails as told."""

    def __init__(self) -> None:
        super().__init__(None)
        self.objects: dict[str, bytes] = {}
        self.faults: list[BucketError | None] = []
        self.check_fault: BucketError | None = None
        self.tries = 0

    def write(self, uri: str, data: bytes, content_type: str = "") -> None:
        """Keep it, unless the next fault says otherwise."""
        self.tries += 1
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        self.objects[uri] = data

    def check_bucket(self, name: str) -> None:
        """Fail as told."""
        if self.check_fault is not None:
            raise self.check_fault
