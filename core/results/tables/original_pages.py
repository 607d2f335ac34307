"""Pages of files under the address and number that the user knows.

What was asked about some pages of a file was sent as a copy of them: shards name the copy, and
count its pages from 1. Here they become pages of the document again, so that tables, gallery and
exports show the original's numbers, and what several copies answer is one document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

Cuts = Callable[[Sequence[str]], Mapping[str, tuple[str, Sequence[int]]]]


def original_pages(pictures: pa.Table, cuts: Cuts | None) -> pa.Table:
    """The table ``pictures`` with addresses and pages of documents in the place of copies.

    Args:
        cuts: as of ``Choice``.
    """
    pages = pictures["page"].to_numpy()
    rows = np.flatnonzero(pages > 0) if cuts is not None else np.empty(0, np.int64)
    if cuts is None or not len(rows):
        return pictures
    uris = pictures["uri"].take(pa.array(rows)).to_pylist()
    known = cuts(sorted(set(uris) - {""}))
    if not known:
        return pictures
    numbers = pages.copy()
    names = pictures["uri"].to_pylist()
    for row, uri in zip(rows.tolist(), uris, strict=True):
        document, shown = known.get(uri, ("", ()))
        if 0 < pages[row] <= len(shown):  # a page beyond the copy's end is nobody's: left as it is
            names[row], numbers[row] = document, shown[pages[row] - 1]
    for name, column in (("uri", names), ("page", numbers)):
        field = pictures.schema.field(name)
        at = pictures.schema.get_field_index(name)
        pictures = pictures.set_column(at, field, pa.array(column, field.type))
    return pictures
