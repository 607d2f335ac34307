"""Buckets of one picture, and JPEG bytes to put there."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import IO

from PIL import Image

from core.buckets import ObjectInfo
from core.errors import ObjectNotFound


class FakeBuckets:
    """Objects in memory; counts what is asked of it."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = objects
        self.generation = 1
        self.reads = 0
        self.infos = 0

    def info(self, uri: str) -> ObjectInfo:
        self.infos += 1
        data = self.objects.get(uri)
        if data is None:
            raise ObjectNotFound("There is no such object", where=uri)
        now = datetime(2026, 1, 1, tzinfo=UTC)
        return ObjectInfo(uri, len(data), now, self.generation, "image/jpeg", "")

    def read(self, uri: str, limit: int | None = None) -> bytes:
        self.reads += 1
        return self.objects[uri]

    def copy(self, uri: str, file: IO[bytes], limit: int | None = None) -> None:
        file.write(self.read(uri, limit))


def jpeg(width: int, height: int, color: str = "red", orientation: int = 1) -> bytes:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (width, height), color).save(out, "JPEG", exif=exif)
    return out.getvalue()
