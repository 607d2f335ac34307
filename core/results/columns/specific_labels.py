"""The most specific labels: "Beagle" and not "Dog, Mammal, Animal" of the same pictures.

A service names a picture by a term and by what the term is a kind of, and print by Text and by what
all text has. A chart of all of them counts the same pictures several times, and its longest bars
say least.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from core.results.columns.label_hierarchy import broader_terms
from core.results.columns.name_counts import NameColumn
from core.results.tables.arrow import Bools

NEIGHBOURS = 64  # rows of a picture that are compared with each other; it has some ten labels
# Label -> what is said of all that it names, though it is no kind of it: of print "Text" says all
# that "Font" says, and of a page "Document" all that "Text" says.
IMPLIED = {"Text": "Font", "Document": "Text", "Handwriting": "Text"}
COLUMNS = ("label", "pictures", "whole", "mean_score")


class SpecificLabels:
    """Which labels of one store are the most specific ones. Safe to share between threads.

    Args:
        column: the labels as codes.
        broader: name -> broader term, without circles; WordNet's and ``IMPLIED`` if None.

    Attributes:
        rows: (rows,) whether a row's picture has no narrower label.
        names: (names,) whether a label is the most specific one in more than half of its pictures.
    """

    def __init__(self, column: NameColumn, broader: Mapping[str, str] | None = None) -> None:
        self.column = column
        self.rows = _without_narrower(column, _less_specific() if broader is None else broader)
        size = len(column.names)
        own = np.bincount(column.codes[self.rows], minlength=size)
        self.names: Bools = 2 * own > np.bincount(column.codes, minlength=size)
        self._whole = column.count(None)
        self._counted: tuple[Bools | None, float, pd.DataFrame] = None, 0.0, self._whole

    def count(
        self, mask: Bools | None, cutoff: float = 0.0, top: int = 12, first: tuple[str, ...] = ()
    ) -> pd.DataFrame:
        """Pictures of the most specific labels, most first.

        Columns: label, pictures (of those that pass), whole (of the whole batch), mean_score. Room
        that is left is filled with the batch's most frequent ones, which have 0 pictures.

        Args:
            mask: pictures that count (total,); None for all.
            cutoff: rows with lower scores do not count.
            top: rows at most.
            first: labels to show in any case: those that are chosen.
        """
        whole = self._whole if cutoff <= 0 else self.column.count(None, cutoff)
        part = self._part(mask, cutoff)
        chosen = whole["name"].isin(first)
        whole = whole[self.names[whole.index] | chosen]
        frame = whole.rename(columns={"name": "label", "pictures": "whole"})
        frame["pictures"] = part["pictures"].reindex(frame.index, fill_value=0)
        frame["chosen"] = frame["label"].isin(first)
        frame = frame.sort_values(
            ["chosen", "pictures", "whole", "label"], ascending=[False, False, False, True]
        ).head(top)
        frame = frame.sort_values(["pictures", "whole", "label"], ascending=[False, False, True])
        return frame.loc[:, list(COLUMNS)].reset_index(drop=True)

    def present(self, mask: Bools | None, cutoff: float = 0.0) -> int:
        """How many of the most specific labels any picture has."""
        return int(np.count_nonzero(self.names[self._part(mask, cutoff).index]))

    def _part(self, mask: Bools | None, cutoff: float) -> pd.DataFrame:
        """``NameColumn.count``, once for a mask that several ask with in turn: none is changed."""
        known = self._counted
        if known[0] is not mask or known[1] != cutoff:
            known = self._counted = mask, cutoff, self.column.count(mask, cutoff)
        return known[2]

    def of(self, picture: int) -> tuple[str, float]:
        """A picture's most specific label with the best score; ("", 0) if it has none."""
        code = int(self.best[0][picture])
        return (self.column.names[code], float(self.best[1][picture])) if code >= 0 else ("", 0.0)

    @cached_property
    def best(self) -> tuple[Any, Any]:
        """Each picture's most specific label with the best score: codes (total,), -1 for none,
        and scores (total,), 0 for none."""
        codes = np.full(self.column.total, -1, np.int64)
        scores = np.zeros(self.column.total, np.float32)
        rows = np.flatnonzero(self.rows)
        order = rows[np.lexsort((-rows, self.column.scores[rows]))]  # the best is written last
        codes[self.column.pictures[order]] = self.column.codes[order]
        scores[self.column.pictures[order]] = self.column.scores[order]
        return codes, scores


@cache
def _less_specific() -> Mapping[str, str]:
    return MappingProxyType({**broader_terms(), **IMPLIED})


def _without_narrower(column: NameColumn, broader: Mapping[str, str]) -> Bools:
    """Rows whose picture has no label below theirs (rows,)."""
    above = _relation(column.names, broader)
    places = above.places[column.codes]
    specific: Bools = np.ones(len(places), bool)
    for step in range(1, min(len(places), NEIGHBOURS)):
        same = column.pictures[step:] == column.pictures[:-step]
        if not same.any():
            break
        early, late = places[:-step], places[step:]
        specific[:-step] &= ~(same & above.holds[early, late])
        specific[step:] &= ~(same & above.holds[late, early])
    return specific


class _Relation:
    """``holds[a, b]``: the label at place a is broader than that at place b; 0 is no place."""

    def __init__(self, places: Any, holds: Bools) -> None:
        self.places, self.holds = places, holds


def _relation(names: list[str], broader: Mapping[str, str]) -> _Relation:
    terms = {*broader, *broader.values()}
    known = {name: n for n, name in enumerate((n for n in names if n in terms), 1)}
    places = np.array([known.get(name, 0) for name in names], np.int64)
    holds: Bools = np.zeros((len(known) + 1, len(known) + 1), bool)
    for name, place in known.items():
        at = broader.get(name)
        while at is not None:
            if at in known:
                holds[known[at], place] = True
            at = broader.get(at)
    return _Relation(places, holds)


def unrelated(names: list[str], broader: Mapping[str, str] | None = None) -> Bools:
    """(names, names) whether neither of two labels is a kind of the other, or implied by it."""
    above = _relation(names, _less_specific() if broader is None else broader)
    pairs = above.holds[np.ix_(above.places, above.places)]
    unrelated_pairs: Bools = ~(pairs | pairs.T)
    return unrelated_pairs
