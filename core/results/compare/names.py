"""Names that both sides give a picture: labels, logos, landmarks, web entities, products."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from core.results.compare.common_rows import Floats, Ints, Side, codes, number, per_pair, ratio


class Where(NamedTuple):
    """In which pairs names differ: ``codes[n]`` (index into ``names``) does in ``pairs[n]``."""

    names: list[str]
    codes: Ints
    pairs: Ints

    def pairs_of(self, name: str) -> Ints:
        """The pairs in which a name is only on one side; none if there is no such name."""
        if name not in self.names:
            return self.pairs[:0]
        return np.unique(self.pairs[self.codes == self.names.index(name)])


class Names(NamedTuple):
    """How the names agree.

    Attributes:
        agreement: Jaccard index of each pair (n,): shared names by all names of either side; NaN
            where neither has any.
        left, right: how many names each side gives each pair (n,).
        shift: mean of |score difference| over all shared names; NaN if there are none.
        changes: columns name, left, right (pictures that have it on that side), both, lost (left
            only), gained (right only), shift (mean of right score - left score over shared ones);
            most changed first.
        where: the pairs behind ``lost`` and ``gained``.
    """

    agreement: Floats
    left: Floats
    right: Floats
    shift: float
    changes: pd.DataFrame
    where: Where


def compare_names(sides: tuple[Side, Side], table: str, column: str, pairs: int) -> Names:
    """Compare the names in one column of a table, over ``pairs`` pairs."""
    (left, left_pairs), (right, right_pairs) = (side.rows(table) for side in sides)
    left_codes, right_codes, names = codes(left[column], right[column])
    count = max(1, len(names))
    one, one_score = _best(left_pairs * count + left_codes, number(left, "score"))
    two, two_score = _best(right_pairs * count + right_codes, number(right, "score"))
    shared, in_one, in_two = np.intersect1d(one, two, assume_unique=True, return_indices=True)
    moved = two_score[in_two] - one_score[in_one]
    sizes = [per_pair(keys // count, pairs) for keys in (one, two, shared)]
    has_left, has_right, both = (
        np.bincount(keys % count, minlength=count)[: len(names)] for keys in (one, two, shared)
    )
    sums = per_pair(shared % count, count, moved)[: len(names)]
    changes = pd.DataFrame(
        {
            "name": pd.Series(names, dtype="str"),
            "left": has_left,
            "right": has_right,
            "both": both,
            "lost": has_left - both,
            "gained": has_right - both,
            "shift": ratio(sums, both.astype(np.float64)),
        }
    )
    changes = changes[changes["name"] != ""]
    weight = changes["lost"] + changes["gained"]
    order = np.lexsort((changes["name"].to_numpy(object).astype(str), -weight.to_numpy()))
    return Names(
        agreement=ratio(sizes[2], sizes[0] + sizes[1] - sizes[2]),
        left=sizes[0],
        right=sizes[1],
        shift=float(np.abs(moved).mean()) if len(moved) else float("nan"),
        changes=changes.iloc[order].reset_index(drop=True),
        where=_where(names, np.setxor1d(one, two, assume_unique=True), count),
    )


def _where(names: list[str], keys: Ints, count: int) -> Where:
    return Where(names, keys % count, keys // count)


def _best(keys: Ints, scores: Floats) -> tuple[Ints, Floats]:
    """Each key once, ascending, with its highest score."""
    order = np.lexsort((scores, keys))
    keys, scores = keys[order], scores[order]
    last = np.flatnonzero(np.append(keys[1:] != keys[:-1], True)) if len(keys) else order
    return keys[last], scores[last]
