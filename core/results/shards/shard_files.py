"""Shards as they lie in a bucket: their names, and which of them a prefix means.

The name ``PREFIXoutput-FIRST-to-LAST.json`` is spelt here a second time on purpose: the engine's
writer has its own, and a round-trip test ties the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from core.buckets import BucketReader

_NAME = re.compile(r"output-(\d{1,9})-to-(\d{1,9})\.json\Z")


@dataclass(frozen=True, slots=True)
class ShardFile:
    """One shard in a bucket; ``first`` and ``last`` are the numbers in its name, from 1.

    Attributes:
        generation: changes whenever the bytes do.
        written: when its bytes were, in seconds since 1970; not part of what a shard is.
    """

    uri: str
    first: int
    last: int
    size: int = 0
    generation: int = 0
    written: float = field(default=0.0, compare=False, repr=False)

    @property
    def folder(self) -> str:
        """What the shards of one operation have in common: the address up to ``output-``."""
        return _NAME.sub("", self.uri)


@dataclass(frozen=True, slots=True)
class Listed:
    """Shards of a prefix, and folders whose names only begin like it.

    Attributes:
        shards: folders in natural order, then by number.
        neighbours: prefixes that can be listed instead, in natural order.
    """

    shards: tuple[ShardFile, ...]
    neighbours: tuple[str, ...] = ()


def find_shards(buckets: BucketReader, prefix: str) -> Listed:
    """The shards of the folder that a prefix names, with or without its slash, and below it.

    A request may also have been given a prefix without a slash, to which the service appends
    ``output-``: ``gs://b/run-1`` stands for ``gs://b/run-1/...`` and for
    ``gs://b/run-1output-1-to-20.json``, and never for ``gs://b/run-10/`` or ``gs://b/run-1-``.

    Raises:
        BucketError: the bucket cannot be listed.
    """
    prefix = prefix.strip()
    if prefix.count("/") == 2:  # gs://bucket
        prefix += "/"
    taken, neighbours = [], set()
    for shard in shards_beginning(buckets, prefix):
        rest = shard.uri[len(prefix) :]
        if _belongs(prefix, rest):
            taken.append(shard)
        else:
            head, slash, _ = rest.partition("/")
            neighbours.add(f"{prefix}{head}/" if slash else shard.folder)
    return Listed(tuple(taken), tuple(sorted(neighbours, key=_natural)))


def _belongs(prefix: str, rest: str) -> bool:
    """Whether the object of a prefix and the rest of its address is of what the prefix names."""
    if not rest or rest.startswith("/") or prefix.endswith("/"):
        return True
    begun = prefix.endswith("output-") and _NAME.fullmatch(f"output-{rest}")
    return bool(begun or _NAME.fullmatch(rest))


def list_shards(buckets: BucketReader, prefix: str) -> list[ShardFile]:
    """``find_shards`` without the neighbours."""
    return list(find_shards(buckets, prefix).shards)


def list_operation(buckets: BucketReader, prefix: str) -> list[ShardFile]:
    """Shards that a request with this prefix writes: none of folders below it, by number.

    Raises:
        BucketError: the bucket cannot be listed.
    """
    return [shard for shard in shards_beginning(buckets, prefix) if shard.folder == prefix]


def shards_beginning(buckets: BucketReader, beginning: str) -> list[ShardFile]:
    """All shards whose address begins so; folders in natural order, then by number.

    Raises:
        BucketError: the bucket cannot be listed.
    """
    shards = []
    for info in buckets.list_objects(beginning):
        if match := _NAME.search(info.uri):
            first, last = int(match[1]), int(match[2])
            written = info.updated.timestamp()
            shards.append(ShardFile(info.uri, first, last, info.size, info.generation, written))
    natural = cache(_natural)  # many shards, few folders
    return sorted(shards, key=lambda shard: (natural(shard.folder), shard.first, shard.last))


def _natural(text: str) -> list[tuple[int, str]]:
    """Sort key in which try-2 comes before try-10."""
    return [
        (int(part), "") if part.isdecimal() and len(part) < 19 else (-1, part)
        for part in re.split(r"(\d+)", text)
    ]
