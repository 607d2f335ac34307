"""Reads a line of a script that PP-OCR has no letters for: Tesseract by ``tesserocr``."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engine.ocr.lines import Symbol
from core.engine.ocr.scripts import FROM_RIGHT

HEIGHT = 36  # pixels of a line; at 48 Arabic was worse
MARGIN = 6  # pixels around it
# Below this confidence a line may be out of focus: it is read once more sharpened. Blurred Hindi
# went from 31 % wrong characters to 0.8, Hebrew from 12 to 1.6, Russian from 15 to 0.6; lines in
# focus are at 0.86 and more, and would be spoiled.
TRY_SHARPENED, SURE_THAI = 0.86, 0.93  # Thai is said surely, right or wrong
BLUR, NOISE = 2.0, 0.003  # of the Wiener filter: deviation in pixels; noise to signal
EDGE = 24  # pixels of margin for the filter, which wraps around
_MARKS = dict.fromkeys((0x200E, 0x200F, 0x202A, 0x202B, 0x202C), None)  # of direction, unseen


class TesseractReader:
    """One process's sessions, opened at the first line of each script.

    Args:
        files: ``.traineddata`` by script.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = dict(files)
        self._sessions: dict[str, Any] = {}

    @property
    def scripts(self) -> list[str]:
        """What can be read."""
        return sorted(self._files)

    def read(self, strip: NDArray[np.uint8], script: str) -> tuple[float, tuple[Symbol, ...]]:
        """Read a line of (``HEIGHT``, width, 3) RGB.

        Returns:
            How surely its words are read, 0 to 1, and its characters; () if nothing can be read.
        """
        import cv2

        grey = np.asarray(cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY), np.uint8)
        sure, symbols = self._read(grey, script)
        if not symbols:
            sure, symbols = self._read(grey, script, raw=True)
        if sure >= (SURE_THAI if script == "Thai" else TRY_SHARPENED):
            return sure, symbols
        return max((sure, symbols), self._read(sharpened(grey), script), key=itemgetter(0))

    def _read(
        self, grey: NDArray[np.uint8], script: str, *, raw: bool = False
    ) -> tuple[float, tuple[Symbol, ...]]:
        """Mean confidence of the words, which tells a blur better than that of the characters (0.48
        and 0.91 in the same line), and the characters.

        Args:
            raw: without Tesseract's own search for the line, which sometimes finds none where a
                pixel more or less brings all of it.
        """
        import cv2
        from PIL import Image
        from tesserocr import PSM, RIL, iterate_level

        session = self._session(script)
        session.SetPageSegMode(PSM.RAW_LINE if raw else PSM.SINGLE_LINE)
        around = (MARGIN,) * 4
        session.SetImage(Image.fromarray(cv2.copyMakeBorder(grey, *around, cv2.BORDER_REPLICATE)))
        session.Recognize()
        places = session.GetIterator()
        if places is None or places.Empty(RIL.SYMBOL):
            return 0.0, ()
        spaced = _before_spaces(session.GetUTF8Text())
        symbols: list[Symbol] = []
        count = 0  # characters without spaces so far
        for place in iterate_level(places, RIL.SYMBOL):
            text = place.GetUTF8Text(RIL.SYMBOL).translate(_MARKS).strip()
            box = place.BoundingBox(RIL.SYMBOL)
            if not text or box is None:
                continue
            begin, end = (float(np.clip((x - MARGIN) / grey.shape[1], 0, 1)) for x in box[::2])
            symbol = Symbol(text, place.Confidence(RIL.SYMBOL) / 100, begin, end)
            starts_word = count in spaced
            count += len(text)
            if symbols and starts_word:
                symbols.append(_space(symbols[-1], symbol, script))
            if symbols and not starts_word and unicodedata.category(text[0]).startswith("M"):
                symbols[-1] = _with_mark(symbols[-1], symbol)
            else:
                symbols.append(symbol)
        return session.MeanTextConf() / 100, tuple(symbols)

    def _session(self, script: str) -> Any:
        if script not in self._sessions:
            import tesserocr

            path = self._files[script]
            self._sessions[script] = tesserocr.PyTessBaseAPI(
                path=f"{path.parent}/",
                lang=path.stem,
                oem=tesserocr.OEM.LSTM_ONLY,
            )
        return self._sessions[script]


def sharpened(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A line with the blur of a picture out of focus undone as far as it can be: a Wiener filter
    for a Gaussian of ``BLUR`` pixels."""
    padded = np.pad(grey.astype(np.float32), EDGE, mode="edge")
    down, across = np.fft.fftfreq(padded.shape[0])[:, None], np.fft.rfftfreq(padded.shape[1])[None]
    transfer = np.exp(-2 * (np.pi * BLUR) ** 2 * (across**2 + down**2))
    spectrum = np.fft.rfft2(padded) * transfer / (transfer**2 + NOISE)
    undone = np.fft.irfft2(spectrum, s=padded.shape)[EDGE:-EDGE, EDGE:-EDGE]
    return np.clip(undone, 0, 255).astype(np.uint8)


def _before_spaces(text: str) -> set[int]:
    """How many characters that are no spaces stand before each space of a line.

    What Tesseract takes for words are syllables in Korean: only its text says where spaces are.
    """
    words = text.translate(_MARKS).split()
    return set(np.cumsum([len(word) for word in words]).tolist())


def _space(before: Symbol, after: Symbol, script: str) -> Symbol:
    left, right = (after, before) if script in FROM_RIGHT else (before, after)
    begin, end = sorted((left.end, right.begin))
    return Symbol(" ", 1.0, begin, end)


def _with_mark(base: Symbol, mark: Symbol) -> Symbol:
    """A vowel sign or accent belongs to the letter that it is written on."""
    return Symbol(
        base.text + mark.text,
        min(base.confidence, mark.confidence),
        min(base.begin, mark.begin),
        max(base.end, mark.end),
    )
