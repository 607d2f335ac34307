"""How sure labels are: pictures by the scores of their labels, in ten bands."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.tables.arrow import numbers

BANDS = 10


def band_of(score: float) -> float:
    """The lower end of a score's band: 0.0, 0.1 ... 0.9.

    >>> band_of(0.7), band_of(1.0)
    (0.7, 0.9)
    """
    return min(int(np.float32(score) * np.float32(BANDS)), BANDS - 1) / BANDS


def label_scores(store: Store, filters: Filters, without: str | None = "score") -> pd.DataFrame:
    """Pictures with a label of each band. Columns: name, value (the lower end), pictures.

    The surest first; bands without a picture are left out.
    """
    table = store.tables["labels"]
    owners, scores = numbers(table, "picture"), numbers(table, "score")
    cutoff = np.float32(filters.without(without).score)
    bands = np.minimum((scores * np.float32(BANDS)).astype(np.int64), BANDS - 1)
    mask = store.mask(filters, without)
    passing = np.ones(store.tables.pictures, bool) if mask is None else mask
    rows = []
    for band in range(BANDS - 1, -1, -1):
        having = np.zeros(store.tables.pictures, bool)
        having[owners[(bands == band) & (scores >= cutoff)]] = True
        count = int(np.count_nonzero(having & passing))
        if count:
            low = band / BANDS
            rows.append((f"{low:.1f} to {low + 1 / BANDS:.1f}", low, count))
    return pd.DataFrame(rows, columns=["name", "value", "pictures"])
