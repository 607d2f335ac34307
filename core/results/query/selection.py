"""The rows of every table that pass some filters, for reports and exports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from core.results.query.filters import Filters
from core.results.query.store import Store

SCORED = ("labels", "objects", "landmarks", "logos")  # tables that ``Filters.score`` cuts


class Selection:
    """Some of a store's pictures, and their rows of every table with their exact values.

    Args:
        store: the results.
        filters: which pictures, and the least score of labels, objects, landmarks and logos.
    """

    def __init__(self, store: Store, filters: Filters) -> None:
        self.store = store
        self.filters = filters
        self.ids = store.ids(filters)
        self._all = store.tables.pictures
        self._passes = np.zeros(self._all, bool)
        self._passes[self.ids] = True

    def rows(self, name: str) -> pa.Table:
        """Rows of a table of ``schemas.SCHEMAS``, in order of pictures, with that schema."""
        table = self.store.tables[name]
        passing = self._passes[table["picture"].to_numpy()]
        if name in SCORED and self.filters.score > 0:
            # Scores are stored as 32-bit numbers: 0.7 must still pass a cut-off of 0.7.
            passing &= table["score"].to_numpy() >= np.float32(self.filters.score)
        return table if passing.all() else table.filter(pa.array(passing))

    def who(self, ids: Any) -> dict[str, pa.ChunkedArray]:
        """Columns ``uri``, ``name`` and ``folder`` of pictures by their ids, which are the places
        of the table ``pictures``."""  # fmt: skip
        table = self.store.tables["pictures"].select(["uri", "name", "folder"])
        found = table.take(pa.array(ids))
        return {name: found[name] for name in table.column_names}
