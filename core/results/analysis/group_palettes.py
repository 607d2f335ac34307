"""A palette for each of the most frequent labels, or for each folder."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from core.results.query.filters import Filters
from core.results.query.picture_order import NO_FOLDER
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
    folders = store.folders(filters, without=None)["folder"].head(MOST).tolist()
    return [(folder or NO_FOLDER, replace(filters, folders=(folder,))) for folder in folders]
