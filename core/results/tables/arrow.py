"""Arrow tables as NumPy: columns as numbers, rows of pictures, tables made whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

Bools = np.ndarray[Any, np.dtype[np.bool_]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]


def numbers(table: pa.Table, name: str) -> Any:
    """A column without nulls as a NumPy array, without copying where it is in one piece."""
    column = table[name]
    if column.num_chunks == 1:
        return column.chunk(0).to_numpy(zero_copy_only=False)
    return column.to_numpy()


def having_rows(table: pa.Table, total: int) -> Bools:
    """Which pictures have a row of a table at all (total,)."""
    having: Bools = np.zeros(total, bool)
    having[numbers(table, "picture")] = True
    return having


def rows_of(table: pa.Table, pictures: Sequence[int]) -> pa.Table:
    """The rows of given pictures, in the order of the table, which is that of its pictures."""
    ids = np.unique(np.array(pictures, np.int64)).clip(-1, 2**31 - 1).astype(np.int32)
    owners = numbers(table, "picture")
    starts, ends = np.searchsorted(owners, ids, "left"), np.searchsorted(owners, ids, "right")
    places = [np.arange(start, end) for start, end in zip(starts, ends, strict=True)]
    return table.take(pa.array(np.concatenate([np.empty(0, np.int64), *places])))


def whole(table: pa.Table) -> pa.Table:
    """A table with one dictionary a column and its rows in one piece."""
    joined = table.unify_dictionaries().combine_chunks()
    if joined.num_rows or not table.num_columns:
        return joined
    return pa.Table.from_batches([pa.RecordBatch.from_pylist([], schema=table.schema)])
