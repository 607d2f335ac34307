"""Sizes, proportions and sharpness of pictures, as classes that can be counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# The upper ends of the classes (each below it), and what the classes are called. 640 x 480 is what
# Vision recommends for most features.
# Variance of the Laplacian of the thumbnail's greys: J. L. Pech-Pacheco et al., "Diatom
# autofocusing in brightfield microscopy", ICPR 2000. Of thumbnails of 360 pixels.
_ENDS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "pixels": (640 * 480, 1e6, 4e6, 12e6),
        "ratio": (0.5, 0.95, 1.05, 2.0),  # width by height
        "sharpness": (60.0, 250.0),
    }
)
CLASSES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pixels": (
            "below 640 x 480",
            "to 1 megapixel",
            "1 to 4 megapixels",
            "4 to 12 megapixels",
            "12 megapixels and more",
        ),
        "ratio": (
            "tall, 1:2 and more",
            "portrait",
            "square, within 5 %",
            "landscape",
            "wide, 2:1 and more",
        ),
        "sharpness": ("blurred or without detail", "soft", "sharp"),
    }
)
TITLES = {"pixels": "Sizes in pixels", "ratio": "Proportions", "sharpness": "Sharpness"}
NOTE = (
    "Sharpness is measured on the thumbnail (variance of its Laplacian): smooth pictures, such as "
    "a clear sky or a drawing, count as without detail too."
)


class PictureMeasures(NamedTuple):
    """Measures of the pictures that could be read; arrays of equal length.

    Attributes:
        pictures: ids.
        widths, heights: of the picture as it is seen, in pixels.
        sharpness: see ``sharpness_of``.
    """

    pictures: NDArray[np.int64]
    widths: NDArray[np.int64]
    heights: NDArray[np.int64]
    sharpness: NDArray[np.float32]

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, float]]) -> PictureMeasures:
        """Of (id, width, height, sharpness) of each picture."""
        columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
        ids, widths, heights = (np.array(column, np.int64) for column in columns[:3])
        return cls(ids, widths, heights, np.array(columns[3], np.float32))

    def classes(self, measure: str) -> NDArray[np.int64]:
        """Which class of ``CLASSES[measure]`` each picture is in (n,)."""
        ends: tuple[float, ...] = _ENDS[measure]
        values: NDArray[Any] = self.sharpness
        if measure == "pixels":
            values = self.widths.astype(np.float64) * self.heights
        elif measure == "ratio":
            values = self.widths / np.maximum(self.heights, 1)
        classes: NDArray[np.int64] = np.searchsorted(ends, values, side="right").astype(np.int64)
        if measure == "ratio":  # the widest class begins at its end, the tallest one ends there
            classes[values == ends[0]] = 0
        return classes

    def counted(self, measure: str) -> pd.DataFrame:
        """Pictures of each class that has any, in order. Columns: name, value, pictures."""
        names = CLASSES[measure]
        counts = np.bincount(self.classes(measure), minlength=len(names))
        frame = pd.DataFrame({"name": names, "value": names, "pictures": counts})
        return frame[frame["pictures"] > 0].reset_index(drop=True)

    def within(self, measure: str, name: str) -> list[int]:
        """Ids of the pictures of a class; [] if there is no such class."""
        if name not in CLASSES.get(measure, ()):
            return []
        chosen = self.classes(measure) == CLASSES[measure].index(name)
        return [int(picture) for picture in self.pictures[chosen]]

    def largest(self, group: Sequence[int]) -> int:
        """The picture of a group with most pixels; the first one of several."""
        areas = dict(
            zip(self.pictures.tolist(), (self.widths * self.heights).tolist(), strict=True)
        )
        return max(group, key=lambda picture: areas.get(picture, 0))


def sharpness_of(greys: NDArray[np.float32]) -> float:
    """Variance of the Laplacian (four neighbours) of a picture (height, width), 0..255."""
    if min(greys.shape) < 3:
        return 0.0
    middle = greys[1:-1, 1:-1]
    around = greys[:-2, 1:-1] + greys[2:, 1:-1] + greys[1:-1, :-2] + greys[1:-1, 2:]
    return float((around - 4 * middle).var())
