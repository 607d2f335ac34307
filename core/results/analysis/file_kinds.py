"""Kinds of files by the ending of their names."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from core.results.query.filters import Filters
from core.results.query.store import Store

NONE = "none"
_ENDING = r"\.(?P<ending>[A-Za-z0-9]{1,8})$"


def file_kind(name: str) -> str:
    """The ending of a name in small letters; ``NONE`` if it has none.

    >>> file_kind("A.JPG")
    'jpg'
    """
    match = re.search(_ENDING, name)
    return match["ending"].lower() if match else NONE


def file_kinds(store: Store, filters: Filters) -> pd.DataFrame:
    """How many pictures have each ending. Columns: name, value, pictures; most first."""
    uris, mask = store.tables["pictures"]["name"], store.mask(filters, None)
    chosen = uris if mask is None else uris.take(np.flatnonzero(mask))
    endings = pc.utf8_lower(pc.struct_field(pc.extract_regex(chosen, _ENDING), "ending"))
    frame = pd.Series(endings.to_pandas(), dtype="str").fillna(NONE).value_counts()
    counted = pd.DataFrame(
        {"name": frame.index, "value": frame.index, "pictures": frame.to_numpy()}
    )
    order = ["pictures", "name"]
    return counted.sort_values(order, ascending=[False, True], ignore_index=True)
