"""Lines of text as they are found and read, and the geometry of their corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

VERTICAL = 1.5  # a line this much taller than wide is turned, as rapidocr does

Quad = NDArray[np.float64]  # (4, 2) x, y; from the top left of the reading direction, clockwise


class Symbol(NamedTuple):
    """One character: confidence 0 to 1, and where on its line (0 = left end, 1 = right end).

    Symbols stand in the order of reading: of a line from right to left the first is the rightmost.
    """

    text: str
    confidence: float
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line as found; ``quad`` in pixels of the full picture; ``symbols`` include spaces."""

    quad: Quad
    symbols: tuple[Symbol, ...]
    from_right: bool = False

    @property
    def text(self) -> str:
        return "".join(symbol.text for symbol in self.symbols)

    @property
    def confidence(self) -> float:
        return confidence(self.symbols)

    def part(self, begin: float, end: float) -> Quad:
        """The quad of a stretch of the line."""
        top_left, top_right, bottom_right, bottom_left = self.quad
        top, bottom = top_right - top_left, bottom_right - bottom_left
        return np.array(
            [
                top_left + begin * top,
                top_left + end * top,
                bottom_left + end * bottom,
                bottom_left + begin * bottom,
            ]
        )


def confidence(symbols: tuple[Symbol, ...]) -> float:
    """The mean of the characters', spaces left out; 0 of none."""
    seen = [symbol.confidence for symbol in symbols if symbol.text != " "]
    return sum(seen) / len(seen) if seen else 0.0


def sides(quad: Quad) -> tuple[float, float]:
    """Width and height along the reading direction, at least a pixel each."""
    top, right, bottom, left = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    return max(float(top), float(bottom), 1.0), max(float(right), float(left), 1.0)


def is_tall(quad: Quad) -> bool:
    """Whether a line stands on end."""
    width, height = sides(quad)
    return height >= VERTICAL * width


def upright(quad: Quad) -> Quad:
    """A tall quad begins at its top right: turned a quarter left it reads from left to right."""
    return np.roll(quad, -1, axis=0) if is_tall(quad) else quad


def straightened(
    pixels: NDArray[np.uint8], quad: Quad, height: int, width: int
) -> NDArray[np.uint8]:
    """A line cut out of a picture: (height, width, 3)."""
    import cv2

    wide, high = sides(quad)
    # Two steps, since warping alone would skip pixels where it shrinks.
    size = (max(int(wide), 2), max(int(high), 2))
    corners = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), corners)
    flat = cv2.warpPerspective(
        pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    how = cv2.INTER_AREA if size[1] > height else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(flat, (width, height), interpolation=how), np.uint8)
