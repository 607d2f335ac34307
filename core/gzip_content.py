"""Objects stored with ``Content-Encoding: gzip``, as ``gsutil cp -z`` makes them, within a limit.

With ``Accept-Encoding: gzip`` a client gets them as they are stored, in ranges too; to others
Cloud Storage sends them unpacked and whole, whatever range was asked for
(cloud.google.com/storage/docs/transcoding). So the first is asked for, always, and what comes is
unpacked here: a few kilobytes can become gigabytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Any, NamedTuple

from core.errors import BadObject

ENCODING = "gzip"  # as the object's metadata and the answer's header say it
MAX_UNPACKED = 256 * 1024 * 1024  # what a packed object becomes where no limit is named
PIECE = 1024 * 1024  # bytes unpacked at a time
_MAGIC = b"\x1f\x8b"
_GZIP = 31  # zlib's window bits for a gzip member with its header and checksum


def stored_limit(limit: int) -> int:
    """Stored bytes that are enough for ``limit`` unpacked ones.

    What cannot be packed grows by 5 bytes in 16,383 and a header (zlib.net/zlib_tech.html).
    """
    return limit + limit // 1000 + 1024


def content(stored: Iterable[bytes], limit: int | None, where: str) -> Iterator[bytes]:
    """What is packed in ``stored``, in pieces: the first ``limit`` bytes, or all.

    Raises:
        BadObject: as ``unpacked``; without a limit also if it holds more than ``MAX_UNPACKED``.
    """
    left = MAX_UNPACKED if limit is None else limit
    for piece in unpacked(stored, left + (limit is None), where):
        left -= len(piece)
        if left < 0:
            raise BadObject(
                f"The object is marked as gzip and holds over {MAX_UNPACKED / 1e6:,.0f} MB",
                where=where,
                then="Take it out of the folder.",
            )
        yield piece


def unpacked(pieces: Iterable[bytes], limit: int, where: str) -> Iterator[bytes]:
    """The first ``limit`` bytes of what is packed in ``pieces``; asks for no more than they need.

    What does not begin as gzip does is handed out as it is, as Cloud Storage does.

    Raises:
        BadObject: the packed bytes are damaged, or end too early.
    """
    stream = iter(pieces)
    data = next(stream, b"")
    if not data.startswith(_MAGIC):
        yield from first(chain([data], stream), limit)
        return
    decoder, left = zlib.decompressobj(_GZIP), limit
    while left > 0 and (data or (data := next(stream, b""))):
        if decoder.eof:  # a gzip file may have several members
            decoder = zlib.decompressobj(_GZIP)
        try:
            piece = decoder.decompress(data, min(left, PIECE))
        except zlib.error as error:
            raise _damaged("are damaged", where) from error
        data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
        left -= len(piece)
        yield piece
    if left > 0 and not decoder.eof:
        raise _damaged("end too early", where)


def first(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """At most ``limit`` bytes of some pieces, and no piece more than that takes."""
    left = limit
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


class Enough(Exception):
    """More came than was asked for."""


class Kept:
    """A file that takes so much and no more; some servers send the whole object for a range."""

    def __init__(self, file: IO[bytes], most: int | None) -> None:
        self._file = file
        self._most = most

    def write(self, data: bytes) -> int:
        """Write what there is room for; raises ``Enough`` if that is not all."""
        room = len(data) if self._most is None else self._most - self._file.tell()
        self._file.write(data[:room])
        if room < len(data):
            raise Enough
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _damaged(how: str, where: str) -> BadObject:
    return BadObject(
        f"The object is marked as gzip, and its packed bytes {how}",
        where=where,
        then="Copy it there again.",
    )


class Stored(NamedTuple):
    """An object's bytes: as they are stored if they are packed, else those asked for."""

    uri: str
    data: bytes
    packed: bool

    def content(self, limit: int | None = None) -> bytes:
        """What it holds, or the first ``limit`` bytes of that; raises as ``Buckets.read``."""
        return b"".join(content([self.data], limit, self.uri)) if self.packed else self.data
