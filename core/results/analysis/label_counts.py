"""How many labels pictures have: few where there is little to see, equal numbers at a limit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.tables.arrow import numbers


def label_counts(store: Store, filters: Filters, without: str | None = None) -> pd.DataFrame:
    """Pictures by their number of labels that reach the score cut-off. Columns: name, value (the
    number), pictures; fewest labels first.

    Failed pictures are not counted, and a batch without labels has no row.
    """  # fmt: skip
    table = store.tables["labels"]
    if not table.num_rows:
        return pd.DataFrame({"name": [], "value": [], "pictures": []})
    sure = numbers(table, "score") >= np.float32(filters.without(without).score)
    count = np.bincount(numbers(table, "picture")[sure], minlength=store.tables.pictures)
    passing = numbers(store.tables["pictures"], "error_code") == 0
    if (mask := store.mask(filters, without)) is not None:
        passing &= mask
    values, pictures = np.unique(count[passing], return_counts=True)
    names = ["1 label" if value == 1 else f"{value or 'no'} labels" for value in values.tolist()]
    return pd.DataFrame({"name": names, "value": values, "pictures": pictures})
