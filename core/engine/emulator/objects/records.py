"""What the index keeps of a bucket, an object and an upload under way."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StoredBucket:
    """A bucket; times in microseconds since 1970, ``fields`` as set by users."""

    name: str
    metageneration: int
    created: int
    updated: int
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes on disk: the name of their file, their size and their checksums in base64."""

    blob: str
    size: int
    md5: str  # "" for a composed object, as in Cloud Storage
    crc32c: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object; times in microseconds since 1970, ``fields`` as set by users."""

    bucket: str
    name: str
    generation: int
    metageneration: int
    created: int
    updated: int
    content: Content
    fields: dict[str, Any]

    @property
    def etag(self) -> str:
        """Changes with the bytes and with the metadata."""
        return base64.b64encode(f"{self.generation}/{self.metageneration}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Upload:
    """A resumable upload under way.

    Attributes:
        blob: the file that grows.
        total: bytes announced; None if that is not known yet.
        result: the finished object's generation; 0 before.
    """

    id: str
    bucket: str
    name: str
    blob: str
    total: int | None
    result: int
    request: dict[str, Any]  # fields, hashes and conditions as given at its beginning
