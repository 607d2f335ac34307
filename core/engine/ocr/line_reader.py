"""Reads a line cut out of a picture: PP-OCRv6's reading model as it comes in the rapidocr wheel.

Lines are read one at a time and not padded to the widest, which was a quarter faster than
rapidocr's batches and gives each character its own place and confidence. The model's last inner
layer comes along: it sees scripts that it has no letters for.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.models.model_store import open_session
from core.engine.models.tensors import BGR, planes
from core.engine.ocr.line_finder import wheel_file
from core.engine.ocr.lines import Symbol, confidence

LINE_HEIGHT = 48  # what the model was trained on
MAX_LINE_WIDTH = 3200
# Between these, read again with the margin that the model was trained with: of 31 lines that were
# read less surely than that, none became a word by it.
TRY_PADDED = (0.5, 0.9)
TRAINED_WIDTH = 320
LATE = 0.2  # widths of a character by which the model speaks up after the character's middle


class Reading(NamedTuple):
    """A line as the model reads it.

    Attributes:
        symbols: what it reads.
        seen: (steps, 120) its last inner layer, from the line's left end to its right one.
    """

    symbols: tuple[Symbol, ...]
    seen: NDArray[np.float32]


class LineReader:
    """One process's model."""

    def __init__(self) -> None:
        model, self._layer = _with_inner_layer(wheel_file("PP-OCRv6_rec_small.onnx"))
        self._session: Any = open_session(model)
        self._input = self._session.get_inputs()[0].name
        self._scores = self._session.get_outputs()[0].name
        named = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._characters = ["", *named, " "]  # 0 is CTC's blank

    def read(self, strip: NDArray[np.uint8]) -> Reading:
        """Read a line of (48, width, 3) RGB."""
        batch = _batch(strip)
        first = self._decode(batch)
        short_by = TRAINED_WIDTH - batch.shape[3]
        if short_by <= 0 or not TRY_PADDED[0] <= confidence(first.symbols) < TRY_PADDED[1]:
            return first
        padded = self._decode(np.pad(batch, ((0, 0), (0, 0), (0, 0), (0, short_by))))
        wider = TRAINED_WIDTH / batch.shape[3]
        again = tuple(s._replace(begin=s.begin * wider, end=s.end * wider) for s in padded.symbols)
        fits = all(symbol.begin < 1.0 for symbol in again)  # else it read the margin
        better = fits and confidence(again) > confidence(first.symbols)
        return first._replace(symbols=again) if better else first

    def see(self, strip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The inner layer alone, of a line of (48, width, 3) RGB."""
        (seen,) = self._session.run([self._layer], {self._input: _batch(strip)})
        scores: NDArray[np.float32] = seen[0]
        return scores

    def _decode(self, batch: NDArray[np.float32]) -> Reading:
        names = [self._scores, self._layer]
        scores, seen = self._session.run(names, {self._input: batch})
        best: NDArray[np.int64] = scores[0].argmax(axis=1)
        sure: NDArray[np.float32] = scores[0].max(axis=1)
        begins = np.flatnonzero(np.diff(best, prepend=-1))
        ends = np.append(begins[1:], len(best))
        runs = [
            (self._characters[best[a]], float(sure[a:b].max()), (a + b) / 2)
            for a, b in zip(begins, ends, strict=True)
            if best[a] != 0
        ]
        return Reading(_placed(runs, len(best)), seen[0])


@cache
def line_reader() -> LineReader:
    """The reader of this process.

    Raises:
        ModelMissing: rapidocr does not carry its model.
    """
    return LineReader()


def strip_width(width: float, height: float) -> int:
    """How wide a line of these sides is when it is ``LINE_HEIGHT`` high; a multiple of 8."""
    return int(np.clip(round(LINE_HEIGHT * width / height / 8) * 8, 16, MAX_LINE_WIDTH))


def _batch(strip: NDArray[np.uint8]) -> NDArray[np.float32]:
    half = (127.5,) * 3
    return planes([strip], mean=half, deviation=half, order=BGR)


def _with_inner_layer(path: Path) -> tuple[bytes, str]:
    """The model with what goes into its last product of matrices as a second output."""
    import onnx

    model = onnx.load(path)
    name = next(node for node in reversed(model.graph.node) if node.op_type == "MatMul").input[0]
    model.graph.output.append(onnx.ValueInfoProto(name=name))
    return model.SerializeToString(), name


def _placed(runs: list[tuple[str, float, float]], steps: int) -> tuple[Symbol, ...]:
    """Symbols from where each was recognised: a border half way between neighbours."""
    centres = [centre for _, _, centre in runs]
    pitch = (centres[-1] - centres[0]) / (len(runs) - 1) if len(runs) > 1 else float(steps)
    centres = [centre - LATE * pitch for centre in centres]
    symbols = []
    for at, (text, sure, _) in enumerate(runs):
        centre = centres[at]
        before = centres[at - 1] if at else centre - pitch
        after = centres[at + 1] if at + 1 < len(runs) else centre + pitch
        begin, end = (before + centre) / 2, (centre + after) / 2
        place = (max(begin, 0.0) / steps, min(max(end, 0.0), float(steps)) / steps)
        symbols.append(Symbol(text, min(sure, 1.0), *place))
    return tuple(symbols)
