"""CROP_HINTS: a crop for each aspect ratio that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa

from core.results.features.feature import (
    POLYGON,
    REAL,
    Counted,
    Feature,
    Table,
    corners,
    in_fractions,
)
from core.results.messages import Message, Poly
from core.results.vocabulary import CROP_SHAPES, SQUARE_FROM, SQUARE_TO


class CropHint(Message):
    """A crop for one aspect ratio; ``importance_fraction`` is of the whole picture's importance."""

    bounding_poly: Poly | None = None
    confidence: float = 0.0
    importance_fraction: float = 0.0


class CropHints(Message):
    """CropHintsAnnotation."""

    crop_hints: list[CropHint] = []


def _aspects(hints: Sequence[CropHint]) -> Any:
    """Width over height of the corners' bounds; 0 where there is none, or it is unknowable."""
    polygon, normalized = corners(hints), np.array(in_fractions(hints), bool)
    aspects = np.zeros(len(polygon), np.float32)
    offsets = polygon.offsets.to_numpy()
    rows = np.flatnonzero(np.diff(offsets) > 0)
    if len(rows):
        xy = polygon.values.to_numpy()
        starts = offsets[rows] // 2  # a row without corners takes no room between them
        width, height = (
            np.maximum.reduceat(axis, starts) - np.minimum.reduceat(axis, starts)
            for axis in (xy[0::2], xy[1::2])
        )
        known = (height > 0) & ~normalized[rows]
        aspects[rows[known]] = width[known] / height[known]
    return aspects


def _shapes(table: pa.Table) -> Any:
    """Places in ``CROP_SHAPES``; a degenerate hint has no shape."""
    aspect = table["aspect"].to_numpy()
    codes = np.where(aspect < SQUARE_FROM, 0, np.where(aspect <= SQUARE_TO, 1, 2))
    codes[~(aspect > 0)] = -1
    return codes


FEATURE = Feature(
    "crop hints",
    fields=("crop_hints_annotation",),
    tables={
        "crop_hints": Table(
            {
                "aspect": (REAL, _aspects),
                "confidence": (REAL, "confidence"),
                "importance": (REAL, "importance_fraction"),
                **POLYGON,
            },
            rows=attrgetter("crop_hints"),
        )
    },
    counted={"crops": Counted("crop_hints", "", "confidence", names=CROP_SHAPES, codes=_shapes)},
)
