"""All pictures' texts, folded once, to be searched as one column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.results.columns.text_fold import fold
from core.results.columns.text_query import TextQuery
from core.results.tables.arrow import Bools, numbers

BATCH = 10_000  # texts at once: what is in memory twice meanwhile, and far below Arrow's 2 GB


class TextColumn:
    """The table ``texts``, folded; as many bytes again as the texts have.

    A million pictures with some 300,000 short texts are folded in a second and searched in
    hundredths of one.
    """

    def __init__(self, table: pa.Table, total: int) -> None:
        self._total = total
        self._pictures = numbers(table, "picture")
        pieces = [
            pa.array([fold(text) for text in table["text"][n : n + BATCH].to_pylist()], pa.string())
            for n in range(0, table.num_rows, BATCH)
        ]
        self._folded = pa.chunked_array(pieces, pa.string())

    def having(self, query: TextQuery) -> Bools:
        """Pictures with a text that the query passes (total,)."""
        found: Bools = np.zeros(self._total, bool)
        if query.is_empty:
            return found
        pictures, folded = self._pictures, self._folded
        for term, kept in [(t, True) for t in query.wanted] + [(t, False) for t in query.unwanted]:
            there = pc.match_substring(folded, term)
            there = there if kept else pc.invert(there)
            pictures, folded = pictures[there.to_numpy()], folded.filter(there)
        found[pictures] = True
        return found
