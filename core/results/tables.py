"""Shards to Arrow tables: one table a feature, see ``schemas``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.buckets import Buckets
from core.errors import BadShard, NoShards, ObjectNotFound, ResultsError
from core.results.columns import BUILDERS, Columns, Ids
from core.results.schemas import SCHEMAS
from core.results.shards import ShardFile, decode_shard, gc_paused, list_shards
from core.results.texts import text_columns
from core.results.wire import Shard

READ_AHEAD = 32  # shards in memory at once while reading; documents have some 7 MB each
BLOCK_BYTES = 8_000_000  # decoded at once: large enough to amortise, small enough to stay in memory

ShardBytes = tuple[ShardFile, bytes]


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


def empty() -> Tables:
    """Tables with all their columns and no rows."""
    return _joined([])


def load(buckets: Buckets, prefix: str, pool: Executor | None = None, workers: int = 0) -> Tables:
    """List, read and decode every shard under a prefix.

    Args:
        pool: processes that share the decoding, ``workers`` at once; worth it from some 50 MB.

    Raises:
        NoShards: there is nothing of the right name.
        BucketError: the bucket cannot be listed or read.
    """
    files = list_shards(buckets, prefix)
    if not files:
        raise NoShards(
            "There are no results here",
            where=prefix,
            then="Results are files named output-1-to-20.json and so on. Check the prefix; an "
            "operation that has just begun may not have written any yet.",
        )
    missing: list[ResultsError] = []
    tables = build(_read(buckets, files, missing), pool, workers)
    return Tables(tables.by_name, tables.shards, (*missing, *tables.faults))


def build(shards: Iterable[ShardBytes], pool: Executor | None = None, workers: int = 0) -> Tables:
    """Decode shards into tables; a bad one is reported in ``faults`` and does not stop the rest.

    A picture met more than once (same address and page, as after a retry) is kept once, at its
    first place: an answer without error wins over one with, else the later one wins.
    """
    parts: list[_Part | Future[_Part]] = []
    running: list[Future[_Part]] = []
    for block in _blocks(shards):
        running = [future for future in running if not future.done()]
        if pool is not None and len(running) < workers:
            running.append(pool.submit(_build_part, block))
            parts.append(running[-1])
        else:
            parts.append(_build_part(block))
    return _joined([part.result() if isinstance(part, Future) else part for part in parts])


@dataclass(frozen=True, slots=True)
class _Part:
    """Tables of one block; picture ids from 0, names not yet codes. Crosses process borders."""

    by_name: dict[str, pa.Table]
    shards: tuple[ShardFile, ...]
    faults: tuple[ResultsError, ...]


def _read(
    buckets: Buckets, files: Sequence[ShardFile], missing: list[ResultsError]
) -> Iterator[ShardBytes]:
    """Bytes of each shard; one deleted since the listing is noted and left out."""
    place = 0
    while place < len(files):
        group = files[place : place + READ_AHEAD]
        reader = buckets.read_many([file.uri for file in group])
        while group:
            try:
                data = next(reader)
            except ObjectNotFound as error:
                missing.append(BadShard("The file has gone since it was listed", where=error.where))
                place += 1
                break  # the reader has ended with its error: begin anew behind the gap
            yield group[0], data
            group = group[1:]
            place += 1


def _blocks(shards: Iterable[ShardBytes]) -> Iterator[list[ShardBytes]]:
    block: list[ShardBytes] = []
    size = 0
    for file, data in shards:
        block.append((file, data))
        size += len(data)
        if size >= BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def _build_part(block: Sequence[ShardBytes]) -> _Part:
    files: list[ShardFile] = []
    shards: list[Shard] = []
    faults: list[ResultsError] = []
    with gc_paused():
        for file, data in block:
            try:
                shard = decode_shard(data, file.uri)
            except BadShard as error:
                faults.append(error)
                continue
            faults += _miscounted(file, shard)
            files.append(file)
            shards.append(shard)
        responses = [response for shard in shards for response in shard.responses]
        ids = np.arange(len(responses), dtype=np.int32)
        columns = {
            "pictures": _picture_columns(ids, files, shards),
            **text_columns(ids, responses),
            **{name: builder(ids, responses) for name, builder in BUILDERS.items()},
        }
        by_name = {name: _table(schema, columns[name]) for name, schema in SCHEMAS.items()}
    return _Part(by_name, tuple(files), tuple(faults))


def _miscounted(file: ShardFile, shard: Shard) -> list[ResultsError]:
    promised, got = file.last - file.first + 1, len(shard.responses)
    if promised == got:
        return []
    return [
        BadShard(
            f"The file's name promises {promised} pictures, and it holds {got}",
            where=file.uri,
            then="Those that it holds are shown.",
        )
    ]


def _picture_columns(ids: Ids, files: Sequence[ShardFile], shards: Sequence[Shard]) -> Columns:
    counts = [len(shard.responses) for shard in shards]
    entry = np.concatenate([np.arange(n, dtype=np.int32) for n in counts] or [ids])
    first = np.array([file.first for file in files], np.int32)
    uris: list[str] = []
    codes: list[int] = []
    messages: list[str] = []
    pages: list[int] = []
    for shard in shards:
        source = shard.input_config.gcs_source if shard.input_config else None
        common = source.uri if source else ""
        for response in shard.responses:
            context, error = response.context, response.error
            uris.append((context.uri if context else "") or common)
            pages.append(context.page_number if context else 0)
            codes.append(error.code if error else 0)
            messages.append(error.message if error and error.code else "")
    return {
        "picture": ids,
        "uri": uris,
        "page": pages,
        "error_code": codes,
        "error_message": messages,
        "shard": [file.uri for file, n in zip(files, counts, strict=True) for _ in range(n)],
        "number": entry + np.repeat(first, counts),
        "entry": entry,
    }


def _table(schema: pa.Schema, columns: Columns) -> pa.Table:
    return pa.table(
        [_array(columns[field.name], field.type) for field in schema], names=schema.names
    )


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string())
    if kind == pa.float32():
        with np.errstate(over="ignore"):
            numbers = np.array(values, np.float32)
        return pa.array(np.nan_to_num(numbers, copy=False, posinf=0.0, neginf=0.0))
    return pa.array(values, kind)


def _joined(parts: Sequence[_Part]) -> Tables:
    starts = np.cumsum([0, *(part.by_name["pictures"].num_rows for part in parts)])
    by_name = {}
    for name, schema in SCHEMAS.items():
        pieces = [
            _with_ids(
                part.by_name[name], pc.add(part.by_name[name]["picture"], pa.scalar(n, pa.int32()))
            )
            for part, n in zip(parts, starts.tolist(), strict=False)
        ]
        by_name[name] = (
            pa.concat_tables(pieces)
            if pieces
            else _table(schema, {key: [] for key in schema.names})
        )
    by_name = _without_repeats(by_name)
    return Tables(
        {name: by_name[name].cast(schema) for name, schema in SCHEMAS.items()},
        tuple(file for part in parts for file in part.shards),
        tuple(fault for part in parts for fault in part.faults),
    )


def _with_ids(table: pa.Table, ids: Any) -> pa.Table:
    return table.set_column(0, "picture", ids)


def _without_repeats(by_name: dict[str, pa.Table]) -> dict[str, pa.Table]:
    pictures = by_name["pictures"]
    if pc.count_distinct(pictures["uri"]).as_py() == pictures.num_rows:
        return by_name
    winners = _winners(pictures)
    if len(winners) == pictures.num_rows:
        return by_name
    new_ids = np.full(pictures.num_rows, -1, np.int32)
    new_ids[winners] = np.arange(len(winners), dtype=np.int32)
    kept = {}
    for name, table in by_name.items():
        ids = new_ids[table["picture"].to_numpy()]
        order = np.argsort(ids, kind="stable")
        order = order[np.searchsorted(ids[order], 0) :]
        kept[name] = _with_ids(table.take(pa.array(order)), pa.array(ids[order]))
    return kept


def _winners(pictures: pa.Table) -> list[int]:
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
