"""Searching pictures' texts: words, phrases and exclusions, and the column of folded texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.results.columns.text_fold import WITHIN, Folded, fold
from core.results.tables.arrow import Bools, numbers

HELP = (
    "All words must be in a picture's text, as whole words: total tax. "
    'A phrase stands in quotes: "thank you". A minus leaves out: -draft. '
    "A star is any ending: invoice*. "
    "Capitals, accents and punctuation do not matter: cafe finds Café. "
    "Chinese, Japanese, Korean and Thai are found anywhere in the text."
)
MOST_HITS = 2_000  # places marked in one text
BATCH = 10_000  # texts at once: what is in memory twice meanwhile, and far below Arrow's 2 GB
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
_TERM = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class TextQuery:
    """A search over texts as ``text_fold`` leaves them.

    Attributes:
        wanted: every one of these substrings of folded text must be there.
        unwanted: none of these may be there.
    """

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> TextQuery:
        """Read what was typed, as ``HELP`` explains; anything can be typed."""
        return _parse(text)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for, as where only punctuation was typed."""
        return not self.wanted and not self.unwanted

    def matches(self, folded: str) -> bool:
        """Whether a folded text passes; an empty query passes none."""
        return (
            not self.is_empty
            and all(term in folded for term in self.wanted)
            and not any(term in folded for term in self.unwanted)
        )

    def hits(self, folded: Folded) -> list[tuple[int, int]]:
        """Places of the wanted terms in ``folded.original``: (start, end), rising, not overlapping.

        At most ``MOST_HITS`` of each term.
        """
        places: list[tuple[int, int]] = []
        for term in self.wanted:
            left = len(term) - len(term.lstrip(" "))
            right = len(term.rstrip(" "))
            for n, place in enumerate(_places(folded.text, term)):
                if n == MOST_HITS:
                    break
                places.append((folded.starts[place + left], folded.ends[place + right - 1]))
        joined: list[tuple[int, int]] = []
        for start, end in sorted(places):
            if joined and start < joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return joined


class TextColumn:
    """The table ``texts``, folded; as many bytes again as the texts have.

    A million pictures with some 300,000 short texts are folded in a second and searched in
    hundredths of one.
    """

    def __init__(self, table: pa.Table, total: int) -> None:
        self._total = total
        self._pictures = numbers(table, "picture")
        pieces = [
            pa.array([fold(text) for text in table["text"][n : n + BATCH].to_pylist()], pa.string())
            for n in range(0, table.num_rows, BATCH)
        ]
        self._folded = pa.chunked_array(pieces, pa.string())

    def having(self, query: TextQuery) -> Bools:
        """Pictures with a text that the query passes (total,)."""
        mask: Bools = np.zeros(self._total, bool)
        if query.is_empty:
            return mask
        pictures, folded = self._pictures, self._folded
        for term, wanted in [(t, True) for t in query.wanted] + [
            (t, False) for t in query.unwanted
        ]:
            there = pc.match_substring(folded, term)
            there = there if wanted else pc.invert(there)
            pictures, folded = pictures[there.to_numpy()], folded.filter(there)
        mask[pictures] = True
        return mask


def _places(text: str, term: str) -> Iterator[int]:
    place = text.find(term)
    while place >= 0:
        yield place
        place = text.find(term, place + 1)


@lru_cache(maxsize=128)
def _parse(text: str) -> TextQuery:
    wanted: dict[str, None] = {}
    unwanted: dict[str, None] = {}
    for match in _TERM.finditer(text.translate(_QUOTES)):
        said = match["phrase"] if match["phrase"] is not None else match["word"]
        term = _pattern(said, beginning=match["phrase"] is None and said.endswith("*"))
        if term:
            (unwanted if match["minus"] else wanted)[term] = None
    return TextQuery(tuple(wanted), tuple(unwanted))


def _pattern(said: str, *, beginning: bool) -> str:
    """A term as a substring of folded text; "" if there is no letter or digit in it."""
    term = fold(said).strip(" ")
    if not term:
        return ""
    left = "" if WITHIN.match(term[0]) else " "
    right = "" if beginning or WITHIN.match(term[-1]) else " "
    return f"{left}{term}{right}"
