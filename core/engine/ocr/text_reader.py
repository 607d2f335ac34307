"""Finds lines of text and reads them: PP-OCRv6 as it comes in the rapidocr wheel.

``line_finder`` finds the lines. They are read one at a time and not padded to the widest, which was
a quarter faster than rapidocr's batches and gives each character its own place and confidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.models.model_store import open_session
from core.engine.models.tensors import BGR, planes
from core.engine.ocr.line_finder import line_finder, wheel_file

if TYPE_CHECKING:
    from core.pictures.picture import Picture

DETECT_SIDE = 960  # longest side for finding lines: three times as fast as rapidocr's own choice
FINE_SIDE = 1600  # for a second look, if what was found is small print in a larger picture
SMALL_PRINT = 24  # pixels of a found line's height at DETECT_SIDE, twice that of its letters
READ_SIDE = 2560  # longest side for reading them: small print of a large scan is still sharp
LINE_HEIGHT = 48  # what the reading model was trained on
MAX_LINE_WIDTH = 3200
VERTICAL = 1.5  # a line this much taller than wide is turned, as rapidocr does
# Least mean confidence of a line's characters, by how many different ones they are: textures and
# edges look like single letters (a cup's rim "8" 0.97, strawberries "0000" 0.88), not like words.
MIN_SCORES = ((1, 0.98), (3, 0.85), (100_000, 0.70))
TRY_PADDED = 0.9  # below this, read again with the margin that the model was trained with
TRAINED_WIDTH = 320
TRY_TURNED = 0.75  # below this a line may be upside down
TURNED_BETTER_BY = 0.1
LATE = 0.2  # widths of a character by which the model speaks up after the character's middle

Quad = NDArray[np.float64]  # (4, 2) x, y; from the top left of the reading direction, clockwise


class Symbol(NamedTuple):
    """One character: confidence 0 to 1, and where on its line (0 = beginning, 1 = end)."""

    text: str
    confidence: float
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line as found; ``quad`` in pixels of the full picture; ``symbols`` include spaces."""

    quad: Quad
    symbols: tuple[Symbol, ...]

    @property
    def text(self) -> str:
        return "".join(symbol.text for symbol in self.symbols)

    @property
    def confidence(self) -> float:
        return _confidence(self.symbols)

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


class TextReader:
    """Both models of one process."""

    def __init__(self) -> None:
        self._finder = line_finder()
        self._reader: Any = open_session(wheel_file("PP-OCRv6_rec_small.onnx"))
        self._input = self._reader.get_inputs()[0].name
        named = self._reader.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._characters = ["", *named, " "]  # 0 is CTC's blank

    def read(self, picture: Picture) -> list[Line]:
        """Every line that can be read, in no order."""
        quads = self._find(picture)
        if not quads:
            return []
        pixels = picture.scaled(READ_SIDE)
        scale = np.array([pixels.shape[1] / picture.width, pixels.shape[0] / picture.height])
        lines = [self._read_line(pixels, quad, scale) for quad in quads]
        if _mostly_turned(lines, quads):
            # An upside-down page: what was less clear by itself is upside down as well.
            pairs = zip(lines, quads, strict=True)
            lines = [
                self._turned(pixels, quad, scale) if line.quad is quad else line
                for line, quad in pairs
            ]
        return [line for line in lines if _believable(line)]

    def _find(self, picture: Picture) -> list[Quad]:
        quads = self._find_at(picture, DETECT_SIDE)
        larger = max(picture.width, picture.height) / DETECT_SIDE
        heights = [_sides(quad)[1] / larger for quad in quads]
        if larger > 1 and heights and float(np.quantile(heights, 0.25)) < SMALL_PRINT:
            return self._find_at(picture, FINE_SIDE)
        return quads

    def _find_at(self, picture: Picture, side: int) -> list[Quad]:
        small = picture.scaled(side)
        height, width = small.shape[:2]
        scale = np.array([picture.width / width, picture.height / height])
        return [_upright(quad * scale) for quad in self._finder.find(small)]

    def _read_line(self, pixels: NDArray[np.uint8], quad: Quad, scale: NDArray[np.float64]) -> Line:
        line = Line(quad, self._recognise(_straighten(pixels, quad * scale)))
        if line.confidence >= TRY_TURNED:
            return line
        turned = self._turned(pixels, quad, scale)
        return turned if turned.confidence > line.confidence + TURNED_BETTER_BY else line

    def _turned(self, pixels: NDArray[np.uint8], quad: Quad, scale: NDArray[np.float64]) -> Line:
        turned = np.roll(quad, 2, axis=0)
        return Line(turned, self._recognise(_straighten(pixels, turned * scale)))

    def _recognise(self, strip: NDArray[np.float32]) -> tuple[Symbol, ...]:
        symbols = self._decode(strip)
        short_by = TRAINED_WIDTH - strip.shape[3]
        if short_by <= 0 or _confidence(symbols) >= TRY_PADDED:
            return symbols
        padded = self._decode(np.pad(strip, ((0, 0), (0, 0), (0, 0), (0, short_by))))
        wider = TRAINED_WIDTH / strip.shape[3]
        again = tuple(s._replace(begin=s.begin * wider, end=s.end * wider) for s in padded)
        fits = all(symbol.begin < 1.0 for symbol in again)  # else it read the margin
        return again if fits and _confidence(again) > _confidence(symbols) else symbols

    def _decode(self, strip: NDArray[np.float32]) -> tuple[Symbol, ...]:
        (scores,) = self._reader.run(None, {self._input: strip})
        best: NDArray[np.int64] = scores[0].argmax(axis=1)
        sure: NDArray[np.float32] = scores[0].max(axis=1)
        begins = np.flatnonzero(np.diff(best, prepend=-1))
        ends = np.append(begins[1:], len(best))
        runs = [
            (self._characters[best[a]], float(sure[a:b].max()), (a + b) / 2)
            for a, b in zip(begins, ends, strict=True)
            if best[a] != 0
        ]
        return _placed(runs, len(best))


def _confidence(symbols: tuple[Symbol, ...]) -> float:
    seen = [symbol.confidence for symbol in symbols if symbol.text != " "]
    return sum(seen) / len(seen) if seen else 0.0


def _placed(runs: list[tuple[str, float, float]], steps: int) -> tuple[Symbol, ...]:
    """Symbols from where each was recognised: a border half way between neighbours."""
    centres = [centre for _, _, centre in runs]
    pitch = (centres[-1] - centres[0]) / (len(runs) - 1) if len(runs) > 1 else float(steps)
    centres = [centre - LATE * pitch for centre in centres]
    symbols = []
    for at, (text, confidence, _) in enumerate(runs):
        centre = centres[at]
        before = centres[at - 1] if at else centre - pitch
        after = centres[at + 1] if at + 1 < len(runs) else centre + pitch
        begin, end = (before + centre) / 2, (centre + after) / 2
        place = (max(begin, 0.0) / steps, min(max(end, 0.0), float(steps)) / steps)
        symbols.append(Symbol(text, min(confidence, 1.0), *place))
    return tuple(symbols)


def _sides(quad: Quad) -> tuple[float, float]:
    """Width and height along the reading direction, at least a pixel each."""
    top, right, bottom, left = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    return max(float(top), float(bottom), 1.0), max(float(right), float(left), 1.0)


def _upright(quad: Quad) -> Quad:
    """A tall quad begins at its top right: turned a quarter left it reads from left to right."""
    width, height = _sides(quad)
    return np.roll(quad, -1, axis=0) if height >= VERTICAL * width else quad


def _straighten(pixels: NDArray[np.uint8], quad: Quad) -> NDArray[np.float32]:
    """The line as the reading model wants it: (1, 3, 48, width), BGR, -1 to 1."""
    import cv2

    width, height = _sides(quad)
    target = int(np.clip(round(LINE_HEIGHT * width / height / 8) * 8, 16, MAX_LINE_WIDTH))
    # Two steps, since warping alone would skip pixels where it shrinks.
    size = (max(int(width), 2), max(int(height), 2))
    corners = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), corners)
    flat = cv2.warpPerspective(
        pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    shrinks = size[1] > LINE_HEIGHT
    strip = cv2.resize(
        flat, (target, LINE_HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    half = (127.5,) * 3
    return planes([np.asarray(strip, np.uint8)], mean=half, deviation=half, order=BGR)


def _mostly_turned(lines: list[Line], quads: list[Quad]) -> bool:
    """Whether most of the letters were read upside down."""
    letters = [
        (len(line.text) * line.confidence, line.quad is not quad)
        for line, quad in zip(lines, quads, strict=True)
    ]
    return sum(n if turned else -n for n, turned in letters) > 0


def _believable(line: Line) -> bool:
    different = len({*line.text} - {" "})
    least = next(score for up_to, score in MIN_SCORES if different <= up_to)
    return different > 0 and line.confidence >= least
