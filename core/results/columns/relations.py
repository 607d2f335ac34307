"""Which names appear together: co-occurrence and lift."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from core.results.columns.name_counts import NameColumn
from core.results.columns.specific_labels import unrelated
from core.results.tables.arrow import Bools

COLUMNS = ("label", "other", "pictures", "label_pictures", "other_pictures", "lift")


def co_occurrence(
    column: NameColumn, mask: Bools | None, cutoff: float = 0.0, top: int = 20
) -> pd.DataFrame:
    """Pairs of the most frequent names that share a picture; most pictures first.

    Columns: ``COLUMNS``. ``label`` is the more frequent of the two. ``lift`` is how much more often
    they meet than if they had nothing to do with each other (1): P(both) / (P(label) P(other)),
    among pictures that have any name at all (Brin et al., SIGMOD 1997, call it interest). A label
    and what it is a kind of are no pair: they always meet, which says nothing.

    Args:
        mask: pictures that count; None for all.
        cutoff: rows with lower scores do not count.
        top: how many names are paired; the work grows with its square.
    """
    names = column.top(mask, cutoff, min(top, 200))["name"].tolist()
    bits = column.bits(names, mask, cutoff)
    words = _as_words(bits)
    alone = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    total = column.named(mask, cutoff)
    apart = unrelated(names)
    rows = []
    for first, second in combinations(range(len(names)), 2):
        if not apart[first, second]:
            continue
        both = int(np.bitwise_count(words[first] & words[second]).sum(dtype=np.int64))
        if both:
            one, other = int(alone[first]), int(alone[second])
            lift = both * total / (one * other)
            rows.append((names[first], names[second], both, one, other, lift))
    kinds = dict(zip(COLUMNS, ("str", "str", "int64", "int64", "int64", "float64"), strict=True))
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(kinds)
    order = ["pictures", "label", "other"]
    return frame.sort_values(order, ascending=[False, True, True], ignore_index=True)


def _as_words(bits: Any) -> Any:
    """Rows of bytes as rows of 64-bit words; zeros fill the last."""
    padded = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8)))
    return padded.view(np.uint64)
