"""Where the names of each feature are counted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from core.results.columns.name_counts import NameColumn
from core.results.tables.arrow import numbers
from core.results.vocabulary import CROP_SHAPES, SQUARE_FROM, SQUARE_TO

MANY_FACES = 5  # "5 or more" is one bar


class _Counted(NamedTuple):
    """Where ``counts`` finds a feature: its table, name column and score column."""

    table: str
    name: str
    score: str

    def column(self, table: pa.Table, total: int) -> NameColumn:
        """The feature's names as codes."""
        if self.table == "crop_hints":
            return _crop_shapes(table, total)
        return NameColumn.of(table, self.name, self.score, total)


LABELS = _Counted("labels", "label", "score")
COUNTED = {
    "objects": _Counted("objects", "object", "score"),
    "landmarks": _Counted("landmarks", "landmark", "score"),
    "logos": _Counted("logos", "logo", "score"),
    "languages": _Counted("languages", "language", "confidence"),
    "web": _Counted("web_entities", "entity", "score"),
    "products": _Counted("products", "product", "score"),
    "crops": _Counted("crop_hints", "", "confidence"),
    "faces": _Counted("faces", "", "score"),
}


def faces_name(faces: int) -> str:
    """What a bar of the face counts is called."""
    if faces == MANY_FACES:
        return f"{faces} or more faces"
    return {0: "No face", 1: "1 face"}.get(faces, f"{faces} faces")


def _crop_shapes(table: pa.Table, total: int) -> NameColumn:
    aspect = numbers(table, "aspect")
    codes = np.where(aspect < SQUARE_FROM, 0, np.where(aspect <= SQUARE_TO, 1, 2))
    codes[~(aspect > 0)] = -1  # a degenerate hint has no shape
    scores = numbers(table, "confidence")
    return NameColumn(numbers(table, "picture"), codes, scores, CROP_SHAPES, total)
