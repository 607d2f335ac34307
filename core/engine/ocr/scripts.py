"""Which script a line of text is written in, and who can read it.

Codes are ISO 15924's. Made by ``scripts/build_data/script_classifier.py``, which says how.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.engine.ocr.lines import Line

CLASSIFIER = Path(__file__).with_name("script_classifier.npz")
# PP-OCR's reading model has the letters of these: Latin, and Chinese with Japanese.
READ_BY_PP_OCR = ("Latn", "Hani")
FROM_RIGHT = ("Arab", "Hebr")
PRIOR = 0.02  # added to each script's share of the page before it counts
SURE = 5.0  # log odds that no single line exceeds
OTHER = "none"  # Bengali, Tamil, Georgian and others
# How the names of a script's letters begin in Unicode.
NAMES = {
    "Cyrl": "CYRILLIC",
    "Grek": "GREEK",
    "Hang": "HANGUL",
    "Arab": "ARABIC",
    "Hebr": "HEBREW",
    "Thai": "THAI",
    "Deva": "DEVANAGARI",
}
# PP-OCR has Greek letters without accents, and takes the Latin one where two look alike.
_LATIN = "ABEZHIKMNOPTYXaáÁéÉeiíıÍkKnoóÓptuúÚvwxyç\u00b5\u220f\u2211"
_GREEK = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαάΆέΈειίιΊκΚηοόΌρτυύΎνωχγςμΠΣ"
_LOOK_ALIKE = dict(zip(_LATIN, _GREEK, strict=True))
_WORD = re.compile(r"\S+")


class ScriptClassifier:
    """A softmax regression over what the reading model sees."""

    def __init__(self, path: Path = CLASSIFIER) -> None:
        with np.load(path, allow_pickle=False) as made:
            self.scripts = [str(name) for name in made["scripts"]]
            self._weights, self._bias = made["weights"], made["bias"]
            self._turned_weights, self._turned_bias = made["turned_weights"], made["turned_bias"]

    def log_probabilities(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of each script for a line or a word, from its (steps, 120) inner layer."""
        scores = pooled(seen) @ self._weights + self._bias
        top = scores.max()
        logs: NDArray[np.float32] = scores - top - np.log(np.exp(scores - top).sum())
        return logs

    def probability(self, seen: NDArray[np.float32], scripts: Sequence[str]) -> float:
        """That a line or a word is of any of these scripts; 0 of nothing."""
        if not len(seen):
            return 0.0
        each = np.exp(self.log_probabilities(seen))
        return float(sum(each[self.scripts.index(script)] for script in scripts))

    def odds_of_turned(self, lines: Sequence[NDArray[np.float32]]) -> float:
        """How likely lines are upside down, by all of them together: log odds times steps."""
        return sum(len(seen) * self._is_turned(seen) for seen in lines)

    def _is_turned(self, seen: NDArray[np.float32]) -> float:
        score = float(pooled(seen) @ self._turned_weights + self._turned_bias)
        return float(np.clip(score, -SURE, SURE))

    def of_lines(self, lines: Sequence[NDArray[np.float32]]) -> list[str]:
        """The script of each line of a page.

        A line that might be of two scripts is of the one that the page's other lines are in: few
        letters, or capitals that look alike in Latin, Greek and Cyrillic.
        """
        if not lines:
            return []
        each = np.array([self.log_probabilities(seen) for seen in lines])
        steps = np.array([len(seen) for seen in lines], np.float64)
        share = steps @ np.exp(each) / steps.sum()
        judged = each + np.log(share + PRIOR)
        scripts = [self.scripts[best] for best in judged.argmax(axis=1)]
        page = self.scripts[int(share.argmax())]
        # A blurred line of a page in one of the others: the reader says whether it can be.
        return [page if script == OTHER else script for script in scripts]


def letters_of(script: str, text: str) -> int:
    """How many letters of a text are of a script."""
    name = NAMES[script]
    return sum(c.isalpha() and unicodedata.name(c, "").startswith(name) for c in text)


def with_greek_words(line: Line) -> Line:
    """A line of a Greek page: words that have a Greek letter are Greek throughout."""
    symbols = list(line.symbols)
    for word in _WORD.finditer("".join(symbol.text[:1] or " " for symbol in symbols)):
        if letters_of("Grek", word.group()):
            for n in range(*word.span()):
                text = symbols[n].text
                symbols[n] = symbols[n]._replace(text=_LOOK_ALIKE.get(text, text))
    return replace(line, symbols=tuple(symbols))


def pooled(seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """(240,) mean and maximum over the steps."""
    return np.concatenate([seen.mean(axis=0), seen.max(axis=0)])


@cache
def script_classifier() -> ScriptClassifier:
    """The classifier of this process."""
    return ScriptClassifier()
