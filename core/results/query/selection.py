"""The rows of every table that pass some filters, for reports and exports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from core.results.columns.name_counts import COUNTED
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.tables.arrow import Bools

SCORED = {one.table for one in COUNTED.values() if one.cut}  # tables that ``Filters.score`` cuts


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
        self._by_table: dict[str, Bools] = {}  # which rows of a table pass

    def rows(self, name: str) -> pa.Table:
        """Rows of a table of ``schemas.SCHEMAS``, in order of pictures, with that schema."""
        table, passing = self.store.tables[name], self._passing(name)
        return table if passing.all() else table.filter(pa.array(passing))

    def count(self, name: str) -> int:
        """How many ``rows`` a table has, without making them."""
        return int(np.count_nonzero(self._passing(name)))

    def _passing(self, name: str) -> Bools:
        if name not in self._by_table:
            table = self.store.tables[name]
            passing = self._passes[table["picture"].to_numpy()]
            if name in SCORED and self.filters.score > 0:
                # Scores are stored as 32-bit numbers: 0.7 must still pass a cut-off of 0.7.
                passing &= table["score"].to_numpy() >= np.float32(self.filters.score)
            self._by_table[name] = passing
        return self._by_table[name]

    def who(self, ids: Any) -> dict[str, pa.ChunkedArray]:
        """Columns ``uri``, ``name`` and ``folder`` of pictures by their ids, which are the places
        of the table ``pictures``."""  # fmt: skip
        table = self.store.tables["pictures"].select(["uri", "name", "folder"])
        rows = table.take(pa.array(ids))
        return {name: rows[name] for name in table.column_names}
