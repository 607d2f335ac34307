"""A few shards at a time to a part of the tables; parts are joined by ``tables``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from core.errors import BadShard, ResultsError
from core.results.features import FEATURES
from core.results.features.feature import Columns, Ids, make_finite
from core.results.shards.decoding import decode_shard, gc_paused
from core.results.shards.shard_files import ShardFile
from core.results.shards.wire import Shard
from core.results.tables.schemas import SCHEMAS

BLOCK_BYTES = 8_000_000  # decoded at once: large enough to amortise, small enough to stay in memory

ShardBytes = tuple[ShardFile, bytes]


@dataclass(frozen=True, slots=True)
class Part:
    """Tables of one block; picture ids from 0. Crosses process borders.

    Attributes:
        shards: the usable ones; what is wrong with the others is in ``faults``.
    """

    by_name: dict[str, pa.Table]
    shards: tuple[ShardFile, ...]
    faults: tuple[ResultsError, ...]

    @property
    def rows(self) -> int:
        """How many pictures it has: ids go from 0 to one less."""
        return int(self.by_name["pictures"].num_rows)

    @property
    def bad(self) -> frozenset[str]:
        """None: unusable shards are in no part."""
        return frozenset()

    def table(self, name: str) -> pa.Table:
        """One table of ``SCHEMAS``."""
        return self.by_name[name]

    def owners(self, name: str) -> pa.Table:
        """Its column of pictures alone."""
        return self.by_name[name].select(["picture"])

    @classmethod
    def of_faults(cls, faults: Sequence[ResultsError]) -> Part:
        """Nothing but faults."""
        tables = {
            name: table(schema, {key: [] for key in schema.names})
            for name, schema in SCHEMAS.items()
        }
        return cls(tables, (), tuple(faults))


def blocks(shards: Iterable[ShardBytes]) -> Iterator[list[ShardBytes]]:
    """Shards in groups of some ``BLOCK_BYTES``."""
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


def build_part(block: Sequence[ShardBytes]) -> Part:
    """Decode some shards; bad ones are named in ``faults``."""
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
        columns = {"pictures": _picture_columns(ids, files, shards)}
        for feature in FEATURES:
            columns.update(feature.build(ids, responses))
        by_name = {name: table(schema, columns[name]) for name, schema in SCHEMAS.items()}
    return Part(by_name, tuple(files), tuple(faults))


def _miscounted(file: ShardFile, shard: Shard) -> list[ResultsError]:
    promised, got = file.last - file.first + 1, len(shard.responses)
    if promised == got:
        return []
    pictures = f"{promised:,} picture{'s' * (promised != 1)}"
    return [
        BadShard(
            f"The file's name promises {pictures}, and it holds {got:,}",
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
    for file, shard in zip(files, shards, strict=True):
        source = shard.input_config.gcs_source if shard.input_config else None
        common = source.uri if source else ""
        for number, response in enumerate(shard.responses, file.first):
            context, error = response.context, response.error
            uri = (context.uri if context else "") or common
            page = context.page_number if context else 0
            # A shard of a file has a page for each number; without its number none may be lost.
            of_file = bool(common) or uri.lower().endswith(".pdf")
            uris.append(uri)
            pages.append(page or (number if of_file and not (error and error.code) else 0))
            codes.append(error.code if error else 0)
            messages.append(error.message if error and error.code else "")
    return {
        "picture": ids,
        "uri": uris,
        "name": [""] * len(uris),
        "folder": [""] * len(uris),
        "page": pages,
        "error_code": codes,
        "error_message": messages,
        "shard": [file.uri for file, n in zip(files, counts, strict=True) for _ in range(n)],
        "number": entry + np.repeat(first, counts),
        "entry": entry,
    }


def table(schema: pa.Schema, columns: Columns) -> pa.Table:
    """Columns by name as a table of a schema."""
    return pa.table(
        [_array(columns[field.name], field.type) for field in schema], names=schema.names
    )


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    if isinstance(values, pa.Array):
        return values.cast(kind)
    if kind == pa.float32():
        with np.errstate(over="ignore"):
            numbers = np.array(values, np.float32)
        make_finite(numbers)
        return pa.array(numbers)
    return pa.array(values, kind)
