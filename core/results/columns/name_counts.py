"""Names such as labels, as codes: how often each appears, and which pictures have it.

Counting codes with NumPy takes a tenth of the time that a database needs to count text, and
memory that stays flat; a million pictures have some eight million labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.results.columns.text_fold import fold_name
from core.results.features import FEATURES
from core.results.tables.arrow import Bools, numbers

NEIGHBOURS = 64  # rows a picture up to which repeats are looked for by shifting
MANY_FACES = 5  # "5 or more" is one bar


class NameColumn:
    """One column of names with its scores, in the order of the pictures.

    Args:
        pictures: id of each row's picture (rows,), not falling.
        codes: each row's place in ``names`` (rows,); negative where there is no name.
        scores: what ``mean_score`` is of (rows,).
        total: how many pictures there are.
    """

    def __init__(
        self, pictures: Any, codes: Any, scores: Any, names: Sequence[str], total: int
    ) -> None:
        self.names, self.total = list(names), total
        self._codes_by_name = {name: code for code, name in enumerate(self.names)}
        if len(codes) and codes.min() < 0:
            named = codes >= 0
            pictures, codes, scores = pictures[named], codes[named], scores[named]
        self.pictures, self.scores = pictures, scores
        self.codes = codes.astype(np.min_scalar_type(max(len(self.names), 1)))
        self._starts = np.searchsorted(pictures, np.arange(total + 1, dtype=pictures.dtype))
        self._first = _best_of_repeats(self.pictures, self.codes, self.scores)

    @cached_property
    def _codes_by_key(self) -> dict[str, list[int]]:
        codes: dict[str, list[int]] = {}
        for code, name in enumerate(self.names):
            codes.setdefault(fold_name(name), []).append(code)
        return codes

    @classmethod
    def of(cls, table: pa.Table, name: str, score: str, total: int) -> NameColumn:
        """A dictionary column of one of ``schemas.SCHEMAS``; the empty name is no name."""
        column = pa.concat_arrays(table[name].unify_dictionaries().chunks)
        names, codes = column.dictionary.to_pylist(), column.indices.to_numpy()
        if "" in names:
            codes = np.where(codes == names.index(""), -1, codes)
        return cls(numbers(table, "picture"), codes, numbers(table, score), names, total)

    def count(self, mask: Bools | None, cutoff: float = 0.0) -> pd.DataFrame:
        """How often each name appears. Columns: name, pictures, instances, mean_score.

        Args:
            mask: pictures that count (total,); None for all.
            cutoff: rows with lower scores do not count.
        """
        rows = self._rows(mask, cutoff)
        codes, scores = self.codes, self.scores
        first = self._first
        if rows is not None:
            codes, scores = codes[rows], scores[rows]
            first = first[rows] if first is not None else None
        size = len(self.names)
        instances = np.bincount(codes, minlength=size)
        sums = np.bincount(codes, scores, minlength=size)
        pictures = instances if first is None else np.bincount(codes[first], minlength=size)
        frame = pd.DataFrame(
            {
                "name": pd.Series(self.names, dtype="str"),
                "pictures": pictures.astype(np.int64),
                "instances": instances.astype(np.int64),
                "mean_score": sums / np.maximum(instances, 1),
            }
        )
        return frame[instances > 0]

    def top(self, mask: Bools | None, cutoff: float = 0.0, top: int | None = None) -> pd.DataFrame:
        """As ``count``, most pictures first, then by name; at most ``top`` rows."""
        frame = self.count(mask, cutoff)
        if top is not None and len(frame) > top:
            least = np.partition(frame["pictures"].to_numpy(), -top)[-top]
            frame = frame[frame["pictures"] >= least]  # sorting names is slow
        frame = frame.sort_values(["pictures", "name"], ascending=[False, True])
        return frame.head(top).reset_index(drop=True) if top is not None else frame

    def having(self, names: Sequence[str], cutoff: float = 0.0, *, every: bool = False) -> Bools:
        """Pictures with any of some names, or with every one (total,).

        Names are compared as ``text_fold.fold_name`` folds them.
        """
        mask = np.full(self.total, every and bool(names))
        for name in names:
            one = np.zeros(self.total, bool)
            codes = self._codes_by_key.get(fold_name(name))
            if codes is not None:
                # One code nearly always, and comparing is faster than looking in a list.
                ours = self.codes == codes[0]
                for code in codes[1:]:
                    ours |= self.codes == code
                rows = np.flatnonzero(ours)
                rows = rows[self.scores[rows] >= np.float32(cutoff)] if cutoff > 0 else rows
                one[self.pictures[rows]] = True
            mask = mask & one if every else mask | one
        return mask

    def bits(self, names: Sequence[str], mask: Bools | None, cutoff: float = 0.0) -> Any:
        """One row of bits for each name: which pictures have it (names, total / 8 rounded up)."""
        places = np.full(len(self.names) + 1, len(names), np.uint8)
        for place, name in enumerate(names):
            places[self._codes_by_name[name]] = place
        having = np.zeros((len(names) + 1, self.total), bool)  # the last row: all other names
        at = places[self.codes]
        counts = at < len(names)
        if cutoff > 0:
            counts &= self.scores >= np.float32(cutoff)
        having[at[counts], self.pictures[counts]] = True
        bits = np.packbits(having[:-1], axis=1)
        return bits if mask is None else bits & np.packbits(mask)

    def named(self, mask: Bools | None, cutoff: float = 0.0) -> int:
        """How many pictures have any name."""
        having = np.diff(self._starts) > 0
        if cutoff > 0:
            having = np.zeros(self.total, bool)
            having[self.pictures[self.scores >= np.float32(cutoff)]] = True
        return int(np.count_nonzero(having if mask is None else having & mask))

    def _rows(self, mask: Bools | None, cutoff: float) -> Bools | None:
        """Which rows count; None for all."""
        rows = None
        if mask is not None:
            rows = np.repeat(mask, np.diff(self._starts))
        if cutoff > 0:
            high = self.scores >= np.float32(cutoff)
            rows = high if rows is None else rows & high
        return rows


def _best_of_repeats(pictures: Any, codes: Any, scores: Any) -> Bools | None:
    """One row for each picture and name: the best score, the first of equals; None if all are.

    With it, counting rows above any cut-off counts pictures.
    """
    best: Bools = np.ones(len(codes), bool)
    for step in range(1, len(codes)):
        same = pictures[step:] == pictures[:-step]
        if not same.any():
            break
        if step > NEIGHBOURS:
            return _best_by_sorting(pictures, codes, scores)
        later = np.flatnonzero(same & (codes[step:] == codes[:-step])) + step
        if len(later):
            wins = scores[later] > scores[later - step]
            best[later[~wins]] = False
            best[later[wins] - step] = False
    return None if best.all() else best


def _best_by_sorting(pictures: Any, codes: Any, scores: Any) -> Bools:
    order = np.lexsort((-scores, codes, pictures))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(pictures[order]) != 0) | (np.diff(codes[order].astype(np.int64)) != 0)
    best: Bools = np.zeros(len(order), bool)
    best[order[fresh]] = True
    return best


COUNTED = {name: one for feature in FEATURES for name, one in feature.counted.items()}


def named_column(feature: str, table: pa.Table, total: int) -> NameColumn:
    """The names of a feature of ``COUNTED`` as codes, from its table."""
    counted = COUNTED[feature]
    if counted.codes is None:
        return NameColumn.of(table, counted.name, counted.score, total)
    scores = numbers(table, counted.score)
    return NameColumn(numbers(table, "picture"), counted.codes(table), scores, counted.names, total)


def faces_name(faces: int) -> str:
    """What a bar of the face counts is called."""
    if faces == MANY_FACES:
        return f"{faces} or more faces"
    return {0: "No face", 1: "1 face"}.get(faces, f"{faces} faces")
