"""Ranges of pages as people write them: ``1-5, 7, -1``.

A number from 1 is a page, a negative one counts from the end (-1 is the last page), as in the
service's own field ``pages``; two with a dash between are all pages from one to the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import RequestError

MOST_PARTS = 200
_PART = re.compile(r"(-?\d{1,9})(?:\s*[-\u2013]\s*(-?\d{1,9})?)?\Z")
_EXAMPLE = "Write pages such as 1-5, 7, -1: -1 is the last page, 3- all pages from the third on."


@dataclass(frozen=True, slots=True)
class PageRange:
    """Which pages of a file are wanted.

    Attributes:
        parts: (first, last) of each part, both included; negative ones count from the end.
    """

    parts: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> PageRange | None:
        """Read what was typed; None for all pages.

        Raises:
            RequestError: naming the part that is no page and no range.
        """
        pieces = [piece.strip() for piece in re.split(r"[,;]", text)]
        if not any(pieces):
            return None
        if len(pieces) > MOST_PARTS:
            raise RequestError(
                f"This page range has {len(pieces):,} parts; {MOST_PARTS} can be used",
                then="Join neighbouring pages, as in 1-5.",
            )
        return cls(tuple(_part(piece) for piece in pieces if piece))

    def of(self, pages: int) -> tuple[int, ...]:
        """The wanted pages of a file of so many, ascending, each once.

        >>> PageRange.parse("7, 1-3, -1").of(12)
        (1, 2, 3, 7, 12)
        >>> PageRange.parse("5-").of(3)
        ()
        """
        wanted: set[int] = set()
        for first, last in self.parts:
            begin, end = (n if n > 0 else pages + 1 + n for n in (first, last))
            wanted |= set(range(max(begin, 1), min(end, pages) + 1))
        return tuple(sorted(wanted))

    def beyond(self, pages: int) -> bool:
        """Whether it names pages that a file of so many does not have."""
        return any(abs(n) > pages for part in self.parts for n in part)


def _part(piece: str) -> tuple[int, int]:
    match = _PART.match(piece)
    if match is None:
        raise RequestError(f"{piece[:40]!r} is no page and no range of pages", then=_EXAMPLE)
    first = int(match[1])
    last = first
    if match[0] != match[1]:
        last = int(match[2]) if match[2] else -1
    if 0 in (first, last):
        raise RequestError("There is no page 0: pages are counted from 1", then=_EXAMPLE)
    if (first > 0) == (last > 0) and first > last:
        raise RequestError(
            f"The range {piece} runs backwards", then=f"Write {match[2]}-{match[1]}."
        )
    return first, last


def to_text(numbers: Iterable[int]) -> str:
    """Ascending page numbers as a range.

    >>> to_text((1, 2, 3, 7, 12))
    '1-3,7,12'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def from_text(text: str) -> tuple[int, ...]:
    """The inverse of ``to_text``.

    >>> from_text("1-3,7")
    (1, 2, 3, 7)
    """
    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return tuple(numbers)
