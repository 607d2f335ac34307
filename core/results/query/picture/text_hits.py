"""Where a search was found: marked in a picture's text, and as boxes on the picture."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate

from core.results.columns.text_fold import fold_with_places
from core.results.columns.text_query import TextQuery
from core.results.query.picture.annotations import Annotations

WIDTH = 160  # characters of a snippet
BEFORE = 40  # of them before the first hit
LONGEST = 50_000  # characters of one text that are looked through; a dense page has some 5,000
MOST_WORDS = 5_000  # words of one picture that are looked through
ROOM = 12  # characters that a cut may move to fall between words


@dataclass(frozen=True, slots=True)
class Snippet:
    """Part of a text around its first hit; hostile.

    Attributes:
        parts: (text, whether it is a hit), without line breaks.
        hits: in the whole text.
    """

    parts: tuple[tuple[str, bool], ...]
    hits: int


def snippet(text: str, query: TextQuery, width: int = WIDTH) -> Snippet:
    """The surroundings of the first hit; the beginning of the text if there is none."""
    folded = fold_with_places(text[:LONGEST])
    hits, said = query.hits(folded), folded.original
    start = _cut(said, hits[0][0] - BEFORE if hits else 0)
    end = min(len(said), max(start + width, hits[0][1] if hits else 0))
    parts: list[tuple[str, bool]] = [("… ", False)] if start else []
    at = start
    for first, last in hits:
        if first >= end:
            break
        stop = min(last, end)
        parts += [(said[at:first], False), (said[first:stop], True)]
        at = stop
    parts.append((said[at:end] + (" …" if end < len(said) else ""), False))
    return Snippet(tuple((_one_line(part), hit) for part, hit in parts if part), len(hits))


def with_hits(annotations: Annotations, query: TextQuery) -> Annotations:
    """The same picture, with its words that the query finds as shapes of the kind "hit"."""
    places = [n for n, shape in enumerate(annotations.shapes) if shape.kind == "word"][:MOST_WORDS]
    words = [unicodedata.normalize("NFC", annotations.shapes[n].name) for n in places]
    if not words or not query.wanted:
        return annotations
    ends = list(accumulate(len(word) + 1 for word in words))  # with the space behind each
    hits = query.hits(fold_with_places(" ".join(words)))
    marked = {
        places[n]
        for first, last in hits
        for n in range(bisect_right(ends, first), bisect_left(ends, last) + 1)
    }
    shapes = tuple(
        replace(shape, kind="hit") if n in marked else shape
        for n, shape in enumerate(annotations.shapes)
    )
    return replace(annotations, shapes=shapes)


def _cut(text: str, place: int) -> int:
    """A place at or a little after the given one where a word begins."""
    if place <= 0:
        return 0
    for n in range(place, min(place + ROOM, len(text))):
        if text[n - 1].isspace():
            return n
    return place


def _one_line(text: str) -> str:
    """Line breaks and other runs of white space as one space."""
    lead, tail = text[:1].isspace(), text[-1:].isspace()
    return f"{' ' * lead}{' '.join(text.split())}{' ' * tail}" if text.strip() else " "
