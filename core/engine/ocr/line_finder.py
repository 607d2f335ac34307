"""Finds lines of text: PP-OCRv6's detector as it comes in the rapidocr wheel.

rapidocr's own pipeline also cuts out every line, which is done again for reading, norms pixels
slowly, and asks the system for new memory at each layer: a quarter of the time (docs/models.md). So
its model and its step from the model's map to boxes are called here without the rest.
"""

from __future__ import annotations

import weakref
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.models.model_store import open_session
from core.engine.models.tensors import BGR, planes
from core.errors import ModelMissing

if TYPE_CHECKING:
    from core.pictures.picture import Picture

STEP = 32  # the model's input is a multiple of this
LEAST_SIDE = 8  # pixels; below, no letter fits
# A faint sign of a letter. Captions that could be read at 960 or 1,600 pixels left one of at least
# 0.70 at 640, where no line was found (of 90 drawn ones, docs/models.md).
FAINT = 0.3
AROUND = 0.05  # of the longest side: what is looked at around the signs, a line's beginning and end
MOST_OF_IT = 0.6  # share of the picture from which it is looked at whole
# What is wider than 8 : 1 or lower than 30 pixels is found badly: rapidocr gives it a margin above
# and below, until it is twice as high as the one and the other.
MAX_ASPECT, LOW = 8, 30
# rapidocr's configuration of this model, as in its config.yaml.
MAP_TO_BOXES: dict[str, Any] = {
    "thresh": 0.3,
    "box_thresh": 0.5,
    "max_candidates": 1000,
    "unclip_ratio": 1.6,
    "use_dilation": True,
    "score_mode": "fast",
}


Area = tuple[float, float, float, float]


class LinesLook(NamedTuple):
    """What a look at a picture showed.

    Attributes:
        quads: (lines, 4, 2) corners x, y in the looked-at pixels, from the top left clockwise.
        trace: 0 to 1, the strongest sign of a letter anywhere, lines or not.
        signs: left, top, right, bottom in shares of the picture: around all signs of a letter.
    """

    quads: NDArray[np.float64]
    trace: float
    signs: Area = (0.0, 0.0, 0.0, 0.0)


class LineFinder:
    """One process's model. Keeps its looks at the latest picture: labels and text share them."""

    def __init__(self) -> None:
        import cv2
        from rapidocr.ch_ppocr_det.utils import DBPostProcess

        cv2.setNumThreads(1)  # one process a core: threads of OpenCV would be in each other's way
        self._session = open_session(wheel_file("PP-OCRv6_det_small.onnx"))
        self._input = self._session.get_inputs()[0].name
        self._boxes: Any = DBPostProcess(**MAP_TO_BOXES)
        self._latest: weakref.ref[Picture] | None = None
        self._looks: dict[int, LinesLook] = {}

    def look(self, picture: Picture, side: int) -> LinesLook:
        """Lines in a picture that is made smaller to a longest side; places in these pixels."""
        if self._latest is None or self._latest() is not picture:
            self._latest, self._looks = weakref.ref(picture), {}
        if side not in self._looks:
            self._looks[side] = self.look_at(picture.scaled(side))
        return self._looks[side]

    def look_closer(self, picture: Picture, side: int, area: Area) -> NDArray[np.float64]:
        """Lines in a part of a picture that is scaled to a longest side; the whole if it is most.

        Args:
            area: left, top, right, bottom in shares of the picture, as ``Look.signs``.

        Returns:
            (lines, 4, 2) as ``Look.quads``, in the pixels of the whole scaled picture.
        """
        left, top, right, bottom = area
        if (right - left) * (bottom - top) >= MOST_OF_IT:
            return self.look(picture, side).quads
        pixels = picture.scaled(side)
        height, width = pixels.shape[:2]
        x, y = int(left * width), int(top * height)
        part = pixels[y : int(np.ceil(bottom * height)), x : int(np.ceil(right * width))]
        quads: NDArray[np.float64] = self.look_at(part).quads + np.array([x, y])
        return quads

    def look_at(self, pixels: NDArray[np.uint8]) -> LinesLook:
        """Lines in a picture of (height, width, 3) RGB."""
        import cv2

        height, width = pixels.shape[:2]
        if min(height, width) < LEAST_SIDE:
            return LinesLook(np.empty((0, 4, 2)), 0.0)
        margin = _margin(height, width)
        if margin:
            pixels = np.pad(pixels, ((margin, margin), (0, 0), (0, 0)))
        size = [max(STEP, round(side / STEP) * STEP) for side in (width, height + 2 * margin)]
        fitted = np.asarray(cv2.resize(pixels, size), np.uint8)
        half = (127.5,) * 3
        batch = planes([fitted], mean=half, deviation=half, order=BGR)
        (heat,) = self._session.run(None, {self._input: batch})
        boxes, _ = self._boxes(heat, pixels.shape[:2])
        corners = np.asarray(boxes, np.float64).reshape(-1, 4, 2) - (0, margin)
        quads = np.clip(corners, 0, (width, height))
        return LinesLook(
            quads, float(heat.max()), _around(heat[0, 0], margin / (height + 2 * margin))
        )


@cache
def line_finder() -> LineFinder:
    """The finder of this process.

    Raises:
        ModelMissing: rapidocr does not carry its model.
    """
    return LineFinder()


def _around(heat: NDArray[np.float32], margin: float) -> Area:
    """What surrounds all signs in a map of which a share above and below is not the picture's."""
    rows, columns = (np.flatnonzero((heat >= FAINT).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return 0.0, 0.0, 0.0, 0.0
    height, width = heat.shape
    more = AROUND * max(height, width)
    top, bottom = (rows[0] - more) / height, (rows[-1] + 1 + more) / height
    left, right = (columns[0] - more) / width, (columns[-1] + 1 + more) / width
    top, bottom = ((edge - margin) / (1 - 2 * margin) for edge in (top, bottom))
    left, top, right, bottom = (float(min(max(e, 0.0), 1.0)) for e in (left, top, right, bottom))
    return left, top, right, bottom


def _margin(height: int, width: int) -> int:
    if height > LOW and width <= MAX_ASPECT * height:
        return 0
    return max(2 * max(width // MAX_ASPECT, LOW) - height, 0) // 2


def wheel_file(name: str) -> Path:
    """A model inside the installed rapidocr.

    Raises:
        ModelMissing: it is not there.
    """
    spec = find_spec("rapidocr")
    path = Path(spec.origin).parent / "models" / name if spec and spec.origin else Path(name)
    if not path.exists():
        raise ModelMissing(
            "The installed rapidocr does not carry a model for text",
            where=str(path),
            then="Install the version in requirements.txt again: pip install -r requirements.txt",
        )
    return path
