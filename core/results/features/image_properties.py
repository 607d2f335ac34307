"""IMAGE_PROPERTIES: dominant colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.results.features.feature import ID, REAL, Feature, Table
from core.results.messages import Message


class Color(Message):
    """google.type.Color, in 0..255."""

    red: float = 0.0
    green: float = 0.0
    blue: float = 0.0


class ColorInfo(Message):
    """A dominant colour."""

    color: Color | None = None
    score: float = 0.0
    pixel_fraction: float = 0.0


class DominantColors(Message):
    """DominantColorsAnnotation."""

    colors: list[ColorInfo] = []


class ImageProperties(Message):
    """Of an image's properties the service gives colours alone."""

    dominant_colors: DominantColors | None = None


_BLACK = Color()


def _numbers(items: Sequence[ColorInfo]) -> Any:
    """0xRRGGBB of each."""
    shades = [x.color or _BLACK for x in items]
    channels = [[s.red for s in shades], [s.green for s in shades], [s.blue for s in shades]]
    rgb = np.array(channels, np.float64).reshape(3, -1)
    whole = np.rint(np.clip(np.nan_to_num(rgb), 0, 255)).astype(np.int32)
    return whole[0] << 16 | whole[1] << 8 | whole[2]


FEATURE = Feature(
    "colours",
    fields=("image_properties_annotation",),
    tables={
        "colors": Table(
            # ``fraction``: of the picture's pixels.
            {
                "color": (ID, _numbers),
                "score": (REAL, "score"),
                "fraction": (REAL, "pixel_fraction"),
            },
            rows=lambda answer: answer.dominant_colors.colors if answer.dominant_colors else (),
        )
    },
)
