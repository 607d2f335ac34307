"""Rows of two result sets brought to common ground: pair numbers instead of picture ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

# More of one kind in one picture than the service ever gives: what is beyond is not looked at, so
# that no damaged shard makes us compare a million boxes with a million others.
MOST_A_PICTURE = 200


class TableSource(Protocol):
    """Tables by the names of ``schemas.SCHEMAS``, as ``tables.Tables``."""

    def __getitem__(self, name: str) -> pa.Table: ...


@dataclass(frozen=True, slots=True)
class Side:
    """One result set's tables, and the pair (from 0) of each of its pictures; -1 for none."""

    tables: TableSource
    pair_of: Ints

    @classmethod
    def of(cls, tables: TableSource, pictures: Ints, good: Bools) -> Side:
        """The side whose picture of pair n is ``pictures[n]``; pairs not ``kept`` are left out."""
        pair_of = np.full(tables["pictures"].num_rows, -1, np.int64)
        pairs = np.arange(len(pictures))
        pair_of[pictures[good]] = pairs[good]
        return cls(tables, pair_of)

    def rows(self, table: str) -> tuple[pa.Table, Ints]:
        """A table's rows that belong to a pair, in order of pairs, and the pair of each."""
        table_rows = self.tables[table]
        pairs = self.pair_of[table_rows["picture"].to_numpy()]
        order = np.argsort(pairs, kind="stable")
        order = order[np.searchsorted(pairs[order], 0) :]
        pairs = pairs[order]
        within = np.arange(len(pairs)) - np.searchsorted(pairs, pairs)
        order, pairs = order[within < MOST_A_PICTURE], pairs[within < MOST_A_PICTURE]
        return table_rows.take(pa.array(order)), pairs


def number(table: pa.Table, name: str) -> Floats:
    """A column of numbers; what is missing is NaN."""
    column: Floats = table[name].to_numpy().astype(np.float64)
    return column


def codes(left: pa.ChunkedArray, right: pa.ChunkedArray) -> tuple[Ints, Ints, list[str]]:
    """Names of both sides as common codes, and each code's name as it is first written.

    Case and spaces do not count: "Tabby cat" and "tabby  Cat" are one name.
    """
    chunks = [chunk for side in (left, right) for chunk in side.cast(pa.string()).chunks]
    both = pa.chunked_array(chunks, pa.string())
    written, distinct = pd.factorize(both.to_pandas())
    plain = [" ".join(str(name).split()).casefold() for name in distinct]
    merged, keys = pd.factorize(pd.Series(plain, dtype="str"))
    merged = np.asarray(merged, np.int64)
    names = [""] * len(keys)
    for code, name in zip(merged[::-1].tolist(), list(distinct)[::-1], strict=True):
        names[code] = str(name)
    all_codes: Ints = merged[written] if len(written) else np.zeros(0, np.int64)
    return all_codes[: len(left)], all_codes[len(left) :], names


def boxes(table: pa.Table) -> tuple[Floats, Bools]:
    """Bounds (n, 4) as left, top, right, bottom, NaN where there are no corners; and whether they
    are in 0..1 instead of pixels."""  # fmt: skip
    corners = table["polygon"]
    lengths = pc.list_value_length(corners).to_numpy().astype(np.int64)
    xy = pc.list_flatten(corners).to_numpy().astype(np.float64)
    rectangles = np.full((len(lengths), 4), np.nan)
    rows = np.flatnonzero(lengths > 0)
    if len(rows):
        starts = (np.cumsum(lengths) - lengths)[rows] // 2
        for place, axis in ((0, xy[0::2]), (1, xy[1::2])):
            rectangles[rows, place] = np.minimum.reduceat(axis, starts)
            rectangles[rows, place + 2] = np.maximum.reduceat(axis, starts)
    return rectangles, table["normalized"].to_numpy().astype(bool)


def crossed(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Row numbers of every left row with every right row of the same pair.

    Args:
        left, right: the pair of each row, ascending.

    >>> crossed(np.array([0, 0, 2]), np.array([0, 2, 2]))
    (array([0, 1, 2, 2]), array([0, 0, 1, 2]))
    """
    starts = np.searchsorted(right, left, "left")
    counts = np.searchsorted(right, left, "right") - starts
    lefts = np.repeat(np.arange(len(left)), counts)
    within = np.arange(len(lefts)) - np.repeat(np.cumsum(counts) - counts, counts)
    return lefts, np.repeat(starts, counts) + within


def per_pair(pairs: Ints, count: int, weights: Floats | None = None) -> Floats:
    """How many rows, or the sum of their weights, for each pair (count,)."""
    sums: Floats = np.bincount(pairs, weights, count).astype(np.float64)
    return sums


def ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, NaN where the whole is 0."""
    ratios = np.full(len(whole), np.nan)
    np.divide(part, whole, out=ratios, where=whole > 0)
    return ratios
