"""How much of an untrusted shard or picture is read at all.

A prefix may be anybody's. Each limit is several times what the service itself can write; what is
over it is said and left out, and the rest is shown. ``docs/security.md`` lists all limits of the
project in one table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import BadObject, BadShard, PictureError
from core.pictures.limits import MAX_MEMORY, MAX_SAID, MB

if TYPE_CHECKING:
    from core.buckets import BucketReader

# The densest shard we know of has some 35 MB: 100 pages of documents at 345 KB each.
MAX_SHARD_BYTES = 256 * 1024 * 1024
# Every brace and bracket may become a Python object of up to 100 bytes. A document has one in 40
# bytes as the service writes it, and one in 15 without its spaces.
MAX_JSON_OBJECTS = 10_000_000
MAX_JSON_DEPTH = 100  # of a response that is shown as it came; real ones have less than 20
MAX_PICTURE_BYTES = 100 * MB  # far more than the service takes
MAX_FILE_BYTES = 500_000_000  # of a file of pages; the service takes 1 GB
MAX_COPIES_BYTES = 1_000_000_000  # of files of pages, kept on disk while their pages are looked at
MAX_COPIES = 16
_SHARD_CURE = "Take this file out of the folder; the other shards are used."


@dataclass(frozen=True, slots=True)
class PageLimits:
    """What the process that draws pages of one file, or a large picture, may take; over it, it is
    ended.

    A scanned page of 74 million pixels takes half a second and 105 MB.

    Attributes:
        memory: bytes of address space, besides the file's own.
        cpu_s: whole seconds of CPU for one page, opening the file included.
        wall_s: seconds for one page by the clock; more, since the machine may be busy.
        side: pixels of the longest side of what it may be asked for.
    """

    memory: int = MAX_MEMORY
    cpu_s: int = 10
    wall_s: float = 40.0
    side: int = 2_000


def check_shard_size(size: int, where: str) -> None:
    """Refuse a shard by its size, before it is read.

    Raises:
        BadShard: it is larger than ``MAX_SHARD_BYTES``.
    """
    if size > MAX_SHARD_BYTES:
        raise BadShard(
            f"The file has over {MAX_SHARD_BYTES / 1e6:,.0f} MB, too many for a shard",
            where=where,
            then=_SHARD_CURE,
        )


def check_shard(data: bytes, where: str) -> None:
    """Refuse a shard by its bytes, before it is decoded.

    Raises:
        BadShard: it is too large, or would become too many objects.
    """
    check_shard_size(len(data), where)
    if len(data) < MAX_JSON_OBJECTS:
        return
    objects = data.count(b"{") + data.count(b"[")
    if objects > MAX_JSON_OBJECTS:
        raise BadShard(
            f"The file has {objects:,} JSON objects; a shard may have {MAX_JSON_OBJECTS:,}",
            where=where,
            then=_SHARD_CURE,
        )


def read_shard(buckets: BucketReader, uri: str) -> bytes:
    """One shard's bytes, and never more than may be.

    Raises:
        BadShard: it is too large, or damaged.
        BucketError: it cannot be read.
    """
    try:
        data = buckets.read(uri, MAX_SHARD_BYTES + 1)
    except BadObject as error:
        raise damaged_shard(error) from error
    check_shard_size(len(data), uri)
    return data


def damaged_shard(error: BadObject) -> BadShard:
    """What an object that cannot be unpacked is among shards."""
    return BadShard(error.what, where=error.where, then=_SHARD_CURE)


def read_picture(buckets: BucketReader, uri: str) -> bytes:
    """A picture's bytes. Its address stands in a shard, so it may be any object of any size.

    Raises:
        PictureError: it is larger than ``MAX_PICTURE_BYTES``, or damaged.
        BucketError: it cannot be read.
    """
    try:
        data = buckets.read(uri, MAX_PICTURE_BYTES + 1)
    except BadObject as error:
        raise PictureError(error.what, where=error.where, then=error.then) from error
    check_picture_size(len(data), uri)
    return data


def check_picture_size(size: int, where: str) -> None:
    """Refuse a picture by its size.

    Raises:
        PictureError: it is larger than ``MAX_PICTURE_BYTES``.
    """
    if size > MAX_PICTURE_BYTES:
        raise PictureError(
            f"The picture has over {MAX_PICTURE_BYTES // MB} MB",
            where=where,
            then=f"The service takes pictures up to {MAX_SAID}.",
        )


def check_file_size(size: int, where: str) -> None:
    """Refuse a file of pages by its size.

    Raises:
        PictureError: it is larger than ``MAX_FILE_BYTES``.
    """
    if size > MAX_FILE_BYTES:
        raise PictureError(
            f"The file has over {MAX_FILE_BYTES / 1e6:.0f} MB",
            where=where,
            then="Larger ones are not opened here; open it in a program of your own.",
        )


def depth_of(value: object, limit: int = MAX_JSON_DEPTH) -> int:
    """How deep parsed JSON is nested; stops counting one beyond the limit.

    >>> depth_of({"a": [1, [2]]})
    3
    """
    level: list[object] = [value]
    depth = 0
    while depth <= limit:
        level = [one for one in level if isinstance(one, (dict, list))]
        if not level:
            break
        depth += 1
        level = [
            child
            for one in level
            for child in (one.values() if isinstance(one, dict) else one)  # type: ignore[attr-defined]
        ]
    return depth
