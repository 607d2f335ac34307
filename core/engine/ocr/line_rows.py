"""Lines beside each other: upright boxes around them, and pieces joined to one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from core.engine.ocr.lines import Line, Quad, Symbol

SAME_HEIGHTS = 1.6  # ratio of heights; a heading is taller than its text


class Box(NamedTuple):
    """An upright rectangle, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def mirrored(self) -> Box:
        """The same, with x counted to the left."""
        return Box(-self.right, self.top, -self.left, self.bottom)


def box_of(quads: Iterable[Quad]) -> Box:
    """The upright rectangle around some quads."""
    points = np.concatenate(list(quads))
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return Box(float(left), float(top), float(right), float(bottom))


def same_height(a: Box, b: Box) -> bool:
    """Whether two lines may be of one text."""
    return max(a.height, b.height) < SAME_HEIGHTS * min(a.height, b.height)


def grouped(count: int, together: Callable[[int, int], bool]) -> list[list[int]]:
    """Sets of 0..count-1 that hang together pair by pair."""
    owner = list(range(count))

    def root(at: int) -> int:
        while owner[at] != at:
            at = owner[at]
        return at

    for a in range(count):
        for b in range(a):
            if root(a) != root(b) and together(a, b):
                owner[root(a)] = root(b)
    groups: dict[int, list[int]] = {}
    for at in range(count):
        groups.setdefault(root(at), []).append(at)
    return list(groups.values())


def joined(lines: list[Line]) -> Line:
    """One line of pieces that stand beside each other, with a space between them."""
    pieces = sorted(lines, key=lambda line: float(line.quad[:, 0].min()))
    if len(pieces) == 1:
        return pieces[0]
    first, last = pieces[0].quad, pieces[-1].quad
    quad = np.array([first[0], last[1], last[2], first[3]])
    left, width = float(first[0][0]), float(last[1][0] - first[0][0])
    letters = sum(len(piece.symbols) for piece in pieces)
    from_right = 2 * sum(len(p.symbols) for p in pieces if p.from_right) > letters
    symbols: list[Symbol] = []
    for piece in reversed(pieces) if from_right else pieces:
        start = (float(piece.quad[0][0]) - left) / width
        share = float(piece.quad[1][0] - piece.quad[0][0]) / width
        own = [
            s._replace(begin=start + s.begin * share, end=start + s.end * share)
            for s in piece.symbols
        ]
        if symbols and own:
            between = sorted((symbols[-1].begin if from_right else symbols[-1].end, start))
            symbols.append(Symbol(" ", 1.0, *between))
        symbols += own
    return Line(quad, tuple(symbols), from_right)
