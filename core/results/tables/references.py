"""Answers that belong to a set of results and stand elsewhere: in other shards, or under another
picture's number.

The caller knows why (an earlier job annotated the same picture, or it comes twice in one batch)
and gives plain references; here they become rows like all others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from core.buckets import BucketReader
from core.errors import BadShard, BucketNotFound, ResultsError
from core.results.shards.shard_files import ShardFile, list_shards
from core.results.tables.arrow import whole

_CURE = "Annotate them again: Operations has a button for that at the job."


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture and where its answer stands.

    Attributes:
        shard, generation: the shard as it was when it was counted.
        number: of the answer, as the shard's name counts.
        uri: the picture's own address; it may be another one than in the shard.
    """

    shard: str
    generation: int
    number: int
    uri: str


@dataclass(frozen=True, slots=True)
class References:
    """References, ready for the tables.

    Attributes:
        wanted: shard -> number -> addresses of the pictures that it answers.
        foreign: shards of which nothing else is taken; of others all rows stay.
    """

    wanted: Mapping[str, Mapping[int, Sequence[str]]] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()

    def applied(self, pictures: pa.Table) -> tuple[pa.Table, Any]:
        """The table ``pictures`` with the addresses given here, and which of its rows count."""
        taken = np.ones(pictures.num_rows, bool)
        if not self.foreign:
            return pictures, taken
        uris = pictures["uri"].to_pylist()
        places = zip(pictures["shard"].to_pylist(), pictures["number"].to_pylist(), strict=True)
        for row, (shard, number) in enumerate(places):
            if shard in self.foreign:
                names = self.wanted[shard].get(number)
                taken[row] = bool(names)
                uris[row] = names[0] if names else uris[row]
        at = pictures.schema.get_field_index("uri")
        return pictures.set_column(at, "uri", pa.array(uris, pa.string())), taken

    def completed(self, by_name: dict[str, pa.Table]) -> dict[str, pa.Table]:
        """Tables with a copy of the rows of every answer that stands for further pictures."""
        if not self.wanted:
            return by_name
        pictures = by_name["pictures"]
        pages = pictures["page"].to_pylist()
        known = set(zip(pictures["uri"].to_pylist(), pages, strict=True))
        sources: list[int] = []
        names: list[str] = []
        places = zip(pictures["shard"].to_pylist(), pictures["number"].to_pylist(), strict=True)
        for row, (shard, number) in enumerate(places):
            for uri in self.wanted.get(shard, {}).get(number, ()):
                if (uri, pages[row]) not in known:
                    known.add((uri, pages[row]))
                    sources.append(row)
                    names.append(uri)
        if not sources:
            return by_name
        more = {name: _copied(table, sources, pictures.num_rows) for name, table in by_name.items()}
        at = pictures.schema.get_field_index("uri")
        more["pictures"] = more["pictures"].set_column(at, "uri", pa.array(names, pa.string()))
        return {
            name: whole(pa.concat_tables([table, more[name]])) for name, table in by_name.items()
        }


NONE = References()


def located(
    buckets: BucketReader, references: Iterable[Reference], own: Sequence[ShardFile]
) -> tuple[References, list[ShardFile], list[ResultsError]]:
    """Look where references point to.

    Args:
        own: shards that are taken wholly.

    Returns:
        the references, the further shards to be read, and a fault for each folder of which shards
        are gone or are not as they were.

    Raises:
        BucketError: a bucket cannot be listed.
    """
    own_uris = {shard.uri for shard in own}
    wanted: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    generations: dict[str, int] = {}
    for one in references:
        wanted[one.shard][one.number].append(one.uri)
        generations[one.shard] = one.generation
    outside = {uri: ShardFile(uri, 0, 0).folder for uri in wanted if uri not in own_uris}
    there = {
        shard.uri: shard
        for folder in sorted(set(outside.values()))
        for shard in _listed(buckets, folder)
        if shard.uri in outside and shard.generation == generations[shard.uri]
    }
    lost: dict[str, int] = defaultdict(int)
    for uri, folder in outside.items():
        if uri not in there:
            lost[folder] += sum(map(len, wanted.pop(uri).values()))
    faults: list[ResultsError] = [
        BadShard(
            f"Answers to {count:,} pictures of an earlier job are gone or were changed",
            where=folder,
            then=_CURE,
        )
        for folder, count in lost.items()
    ]
    return References(dict(wanted), frozenset(there)), list(there.values()), faults


def _listed(buckets: BucketReader, folder: str) -> list[ShardFile]:
    try:
        return list_shards(buckets, folder)
    except BucketNotFound:
        return []


def _copied(table: pa.Table, sources: Sequence[int], first: int) -> pa.Table:
    """Rows of some pictures once more, as those of pictures numbered from ``first``."""
    ids = table["picture"].to_numpy()
    order = np.argsort(ids, kind="stable")
    starts = np.searchsorted(ids[order], sources, "left")
    ends = np.searchsorted(ids[order], sources, "right")
    empty = np.empty(0, np.int64)
    rows = np.concatenate([empty, *(order[a:b] for a, b in zip(starts, ends, strict=True))])
    new = np.repeat(np.arange(first, first + len(sources), dtype=np.int32), ends - starts)
    return table.take(pa.array(rows)).set_column(0, "picture", pa.array(new))
