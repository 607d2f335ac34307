"""Shards to Arrow tables: one table a feature, see ``schemas``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.buckets import Buckets
from core.errors import BadObject, BadShard, NoShards, ObjectNotFound, ResultsError
from core.results.limits import MAX_SHARD_BYTES, check_shard_size, damaged_shard
from core.results.parts import Part, ShardBytes, blocks, build_part
from core.results.references import NONE, Reference, References, located
from core.results.schemas import SCHEMAS
from core.results.shards import ShardFile, list_shards

READ_AHEAD = 32  # shards in memory at once while reading; documents have some 7 MB each
SHARES = 3  # pieces of work a process: enough to even out, few enough to be worth sending


@dataclass(frozen=True, slots=True)
class Tables:
    """All results of a prefix.

    Attributes:
        by_name: one Arrow table for each name of ``schemas.SCHEMAS``, each there even without rows.
        faults: shards that could not be used, or not wholly; the rest is in the tables.
    """

    by_name: dict[str, pa.Table]
    shards: tuple[ShardFile, ...] = ()
    faults: tuple[ResultsError, ...] = ()

    def __getitem__(self, name: str) -> pa.Table:
        return self.by_name[name]

    @property
    def pictures(self) -> int:
        """How many pictures there are, failed ones included."""
        return int(self.by_name["pictures"].num_rows)

    def fingerprint(self) -> str:
        """Letters and digits that stand for these pictures in this order, and for their shards."""
        said = hashlib.sha256(repr(self.shards).encode(errors="surrogatepass"))
        for column in ("picture", "number", "entry"):
            said.update(self.by_name["pictures"].column(column).to_numpy().tobytes())
        return said.hexdigest()


def empty() -> Tables:
    """Tables with all their columns and no rows."""
    return _joined([])


def load(
    buckets: Buckets,
    prefix: str,
    pool: Executor | None = None,
    workers: int = 1,
    opener: Callable[[], Buckets] | None = None,
    references: Sequence[Reference] = (),
) -> Tables:
    """List, read and decode every shard under a prefix, and answers that stand elsewhere.

    Args:
        pool: processes that read and decode, ``workers`` of them; worth it from some 50 MB.
        opener: opens the same buckets in such a process; must be picklable.
        references: see ``references``.

    Raises:
        NoShards, BadShard: there is nothing of the right name, or nothing is left of it.
        BucketError: a bucket cannot be listed or read.
    """
    files, known, faults = listed(buckets, prefix, references)
    if pool is None or opener is None:
        parts = _read_parts(buckets, files)
    else:
        shares = [pool.submit(_open_and_read, opener, share) for share in _shares(files, workers)]
        parts = [part for share in shares for part in share.result()]
    tables = _joined(parts, known)
    return replace(tables, faults=(*faults, *tables.faults))


def listed(
    buckets: Buckets, prefix: str, references: Sequence[Reference] = ()
) -> tuple[list[ShardFile], References, list[ResultsError]]:
    """Shards to read, what to take of them, and which of those referred to are gone.

    Raises:
        NoShards, BadShard: there is none of them at all.
        BucketError: a bucket cannot be listed.
    """
    own = list_shards(buckets, prefix)
    known, others, faults = located(buckets, references, own)
    if not own and not others:
        raise faults[0] if faults else _no_shards(prefix)
    return [*others, *own], known, faults


def _no_shards(prefix: str) -> NoShards:
    return NoShards(
        "There are no results here",
        where=prefix,
        then="Results are files named output-1-to-20.json and so on. Check the prefix; an "
        "operation that has just begun may not have written any yet.",
    )


def build(shards: Iterable[ShardBytes]) -> Tables:
    """Decode shards into tables; a bad one is reported in ``faults`` and does not stop the rest.

    A picture met more than once (same address and page, as after a retry) is kept once, at its
    first place: an answer without error wins over one with, else the later one wins.
    """
    return _joined([build_part(block) for block in blocks(shards)])


def _shares(files: Sequence[ShardFile], workers: int) -> list[list[ShardFile]]:
    """Neighbouring shards in pieces of about the same bytes."""
    sizes = np.cumsum([max(file.size, 1) for file in files])
    pieces = min(len(files), workers * SHARES)
    places = np.searchsorted(sizes, sizes[-1] * np.arange(1, pieces) / pieces) + 1
    return [list(piece) for piece in np.split(np.array(files, dtype=object), places) if len(piece)]


def _open_and_read(opener: Callable[[], Buckets], files: Sequence[ShardFile]) -> list[Part]:
    return _read_parts(opener(), files)


def _read_parts(buckets: Buckets, files: Sequence[ShardFile]) -> list[Part]:
    missing: list[ResultsError] = []
    parts = [build_part(block) for block in blocks(read_shards(buckets, files, missing))]
    return [*parts, Part.of_faults(missing)] if missing else parts


def read_shards(
    buckets: Buckets, files: Sequence[ShardFile], missing: list[ResultsError]
) -> Iterator[ShardBytes]:
    """Bytes of each shard; one that is too large, damaged as it lies there, or deleted since the
    listing, is noted and left out.
    """
    files = [file for file in files if _fits(file, missing)]
    place = 0
    while place < len(files):
        group = _ahead(files[place : place + READ_AHEAD])
        reader = buckets.read_many([file.uri for file in group])
        while group:
            try:
                data = next(reader)
            except (ObjectNotFound, BadObject) as error:
                missing.append(_left_out(error))
                place += 1
                break  # the reader has ended with its error: begin anew behind the gap
            yield group[0], data
            group = group[1:]
            place += 1


def _left_out(error: ObjectNotFound | BadObject) -> BadShard:
    if isinstance(error, BadObject):
        return damaged_shard(error)
    return BadShard("The file has gone since it was listed", where=error.where)


def _fits(file: ShardFile, missing: list[ResultsError]) -> bool:
    try:
        check_shard_size(file.size, file.uri)
    except BadShard as error:
        missing.append(error)
        return False
    return True


def _ahead(files: Sequence[ShardFile]) -> Sequence[ShardFile]:
    """As many as may be in memory together; one at least."""
    sizes = np.cumsum([file.size for file in files])
    return files[: max(1, int(np.searchsorted(sizes, MAX_SHARD_BYTES, "right")))]


def _joined(parts: Sequence[Part], references: References = NONE) -> Tables:
    by_name = concatenated(parts)
    if references.foreign:
        by_name["pictures"], mine = references.applied(by_name["pictures"])
        new_ids = np.where(mine, np.cumsum(mine) - 1, -1).astype(np.int32)
        by_name = {name: renumbered(table, new_ids) for name, table in by_name.items()}
    by_name = _without_repeats(by_name)
    by_name = {name: by_name[name].cast(schema) for name, schema in SCHEMAS.items()}
    return Tables(
        references.completed(by_name),
        tuple(file for part in parts for file in part.shards),
        tuple(fault for part in parts for fault in part.faults),
    )


def concatenated(parts: Sequence[Part]) -> dict[str, pa.Table]:
    """Tables of all parts, with ids going on from part to part; repeats are in them."""
    parts = parts or [Part.of_faults(())]
    starts = np.cumsum([0, *(part.by_name["pictures"].num_rows for part in parts)])
    by_name = {}
    for name in SCHEMAS:
        pieces = [
            _with_ids(
                part.by_name[name], pc.add(part.by_name[name]["picture"], pa.scalar(n, pa.int32()))
            )
            for part, n in zip(parts, starts.tolist(), strict=False)
        ]
        by_name[name] = pa.concat_tables(pieces)
    return by_name


def _with_ids(table: pa.Table, ids: Any) -> pa.Table:
    return table.set_column(0, "picture", ids)


def _without_repeats(by_name: dict[str, pa.Table]) -> dict[str, pa.Table]:
    pictures = by_name["pictures"]
    if pc.count_distinct(pictures["uri"]).as_py() == pictures.num_rows:
        return by_name
    kept = winners(pictures)
    if len(kept) == pictures.num_rows:
        return by_name
    new_ids = np.full(pictures.num_rows, -1, np.int32)
    new_ids[kept] = np.arange(len(kept), dtype=np.int32)
    return {name: renumbered(table, new_ids) for name, table in by_name.items()}


def renumbered(table: pa.Table, new_ids: Any) -> pa.Table:
    """A table with other ids and in their order; rows whose id becomes -1 are left out."""
    ids = new_ids[table["picture"].to_numpy()]
    order = np.argsort(ids, kind="stable")
    order = order[np.searchsorted(ids[order], 0) :]
    return _with_ids(table.take(pa.array(order)), pa.array(ids[order]))


def winners(pictures: pa.Table) -> list[int]:
    """Row of each distinct picture's best answer, in order of first appearance."""
    best: dict[tuple[str, int], int] = {}
    codes = pictures["error_code"].to_pylist()
    keys = zip(pictures["uri"].to_pylist(), pictures["page"].to_pylist(), strict=True)
    for row, (uri, page) in enumerate(keys):
        # Without an address two answers cannot be told to be of one picture: row numbers keep them.
        key = (uri, page) if uri else ("", row)
        if key not in best or codes[row] == 0 or codes[best[key]] != 0:
            best[key] = row  # replacing a value keeps the key's place
    return list(best.values())
