"""A palette for each of the most frequent labels, or for each folder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from core.results.query.filters import Filters
from core.results.query.picture_order import folder_of
from core.results.query.store import Store

BY = {"label": "Label", "folder": "Folder"}
MOST = 12
COLORS = 6  # a palette
COLUMNS = ("group", "pictures", "hex", "share")


def group_palettes(store: Store, filters: Filters, by: str) -> pd.DataFrame:
    """Palettes of the largest groups. Columns: ``COLUMNS``; groups by pictures, colours by share.

    Args:
        by: of ``BY``.
    """
    frames = []
    for group, narrowed in _groups(store, filters, by):
        palette = store.palette_batch(narrowed, COLORS, without=None)
        palette.insert(0, "pictures", store.count(narrowed))
        palette.insert(0, "group", group)
        frames.append(palette.loc[:, list(COLUMNS)])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))


def _groups(store: Store, filters: Filters, by: str) -> list[tuple[str, Filters]]:

    if by == "label":
        frame = store.specific().count(store.mask(filters, None), filters.score, MOST)
        names = frame.loc[frame["pictures"] > 0, "label"].tolist()
        others = filters.without("labels")
        return [(name, replace(others, labels=(name,))) for name in names]
    mask = store.mask(filters, None)
    uris = store.tables["pictures"]["uri"]
    chosen = uris.to_pylist() if mask is None else uris.take(np.flatnonzero(mask)).to_pylist()
    parts = pd.Series([uri.rpartition("/")[0] for uri in chosen], dtype="str").value_counts()
    folders = parts.index[:MOST].tolist()
    return [(folder_of(f"{path}/x"), replace(filters, uri=f"{path}/")) for path in folders]
