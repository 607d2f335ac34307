"""Cached parts to tables: the shards that are there now, in their order, one answer a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import ResultsError
from core.results.cached_part import CachedPart
from core.results.name_counts import whole
from core.results.references import NONE, References
from core.results.schemas import SCHEMAS
from core.results.shards import ShardFile
from core.results.tables import Tables, renumbered, winners


def assemble(
    parts: Sequence[tuple[CachedPart, frozenset[ShardFile]]],
    listing: Sequence[ShardFile],
    faults: Iterable[ResultsError],
    references: References = NONE,
) -> Tables:
    """Tables as ``tables.build`` makes them of the same shards in the order of the listing.

    Args:
        parts: each with those of its shards that are to be taken from it.
        faults: of shards that are in no part.
        references: to answers in some of the shards, of which nothing else is taken.

    Raises:
        OSError, pa.ArrowException: a part's file has gone or changed.
    """
    place = {file: n for n, file in enumerate(listing)}
    pictures = joined([part for part, _ in parts], "pictures")
    places = np.concatenate(
        [np.empty(0, np.int64), *(_places(part, taken, place) for part, taken in parts)]
    )
    pictures, mine = references.applied(pictures)
    places = np.where(mine, places, -1)
    new_ids = _new_ids(pictures, places)
    by_name = {}
    for name in SCHEMAS:
        table = pictures if name == "pictures" else joined([part for part, _ in parts], name)
        by_name[name] = table if new_ids is None else whole(renumbered(table, new_ids))
    by_name = references.completed(by_name)
    good: set[ShardFile] = set()
    told = list(faults)
    for part, taken in parts:
        good |= {file for file in taken if file.uri not in part.bad}
        wanted = {file.uri for file in taken}
        told += [fault for fault in part.faults if fault.where in wanted]
    order = {file.uri: n for file, n in place.items()}
    return Tables(
        by_name,
        tuple(file for file in listing if file in good),
        tuple(sorted(told, key=lambda fault: order.get(fault.where, -1))),
    )


def joined(parts: Sequence[CachedPart], name: str) -> pa.Table:
    """One table of several parts, with ids going on from part to part."""
    pieces, first = [SCHEMAS[name].empty_table()], 0
    for part in parts:
        table = part.table(name)
        if first and len(table):
            ids = pc.add(table["picture"], pa.scalar(first, pa.int32()))
            table = table.set_column(0, "picture", ids)
        pieces.append(table)
        first += part.rows
    return whole(pa.concat_tables(pieces))


def _places(part: CachedPart, taken: frozenset[ShardFile], place: Mapping[ShardFile, int]) -> Any:
    """For each picture of a part its shard's place in the listing; -1 if it is not to be taken."""
    column = part.table("pictures")["shard"]
    if not len(column):
        return np.empty(0, np.int64)
    known = {file.uri: place[file] for file in taken}
    held = pa.concat_arrays(column.chunks)
    by_code = [known.get(uri, -1) for uri in held.dictionary.to_pylist()]
    return np.array(by_code, np.int64)[held.indices.to_numpy()]


def _new_ids(pictures: pa.Table, places: Any) -> Any:
    """For each row its id among those that stay, or -1; None if all stay as they are."""
    rows = np.flatnonzero(places >= 0)
    in_order = bool((np.diff(places[rows]) >= 0).all())
    if not in_order:
        rows = rows[np.argsort(places[rows], kind="stable")]
    if in_order and len(rows) == len(places):
        if pc.count_distinct(pictures["uri"]).as_py() == len(rows):
            return None
        kept = pictures
    else:
        kept = pictures.take(pa.array(rows))
    rows = rows[winners(kept)]
    new_ids = np.full(len(places), -1, np.int32)
    new_ids[rows] = np.arange(len(rows), dtype=np.int32)
    return new_ids
