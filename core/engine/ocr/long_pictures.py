"""Long and narrow pictures (receipts, scrolled screenshots, banners) read in strips that overlap.

Scaled to the side at which lines are looked for, the letters of such a picture would have two or
three pixels. So it is cut along its longer side; each strip costs what a page costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.pictures.picture import LONG, Picture, longest_side

if TYPE_CHECKING:
    from core.engine.ocr.lines import Line, Symbol

LEAST_STRIP = 960  # pixels along the longer side: more than lines are looked for at is no gain
OVERLAP = 0.25  # of a strip: no line across it is higher
READ_SIDE = 2560


class _Strip(NamedTuple):
    """From where to where along the longer side; lines whose middle lies in ``own`` are its own."""

    begin: int
    end: int
    own: tuple[float, float]


def read_in_strips(read: Callable[[Picture], list[Line]], picture: Picture) -> list[Line]:
    """Every line that ``read`` finds, in strips if the picture is long; in its own pixels."""
    if max(picture.width, picture.height) <= max(
        LONG * min(picture.width, picture.height), LEAST_STRIP
    ):
        return read(picture)
    pixels = picture.scaled(longest_side(picture.width, picture.height, READ_SIDE))
    axis = 0 if pixels.shape[1] > pixels.shape[0] else 1  # of points: x or y
    scale = np.array([picture.width / pixels.shape[1], picture.height / pixels.shape[0]])
    across: list[Line] = []
    along: list[Line] = []
    for strip in _strips(*sorted(pixels.shape[:2])):
        part = pixels[:, strip.begin : strip.end] if axis == 0 else pixels[strip.begin : strip.end]
        offset = np.eye(2)[axis] * strip.begin
        for line in read(Picture(part)):
            moved = replace(line, quad=line.quad + offset)
            if _runs_along(moved, axis):
                _put(along, moved, axis, strip)
            elif strip.own[0] <= moved.quad[:, axis].mean() < strip.own[1]:
                across.append(moved)
    return [replace(line, quad=line.quad * scale) for line in [*across, *along]]


def _strips(short: int, long: int) -> Iterator[_Strip]:
    length = min(long, max(2 * short, LEAST_STRIP))
    count = -(-(long - length) // round(length * (1 - OVERLAP))) + 1
    begins = [round(n * (long - length) / max(count - 1, 1)) for n in range(count)]
    cuts = [(a + length + b) / 2 for a, b in pairwise(begins)]
    owned = zip([-np.inf, *cuts], [*cuts, np.inf], strict=True)
    for begin, own in zip(begins, owned, strict=True):
        yield _Strip(begin, begin + length, own)


def _ends(line: Line) -> NDArray[np.float64]:
    """The middles of a line's beginning and end."""
    ends: NDArray[np.float64] = np.array([line.quad[[0, 3]].mean(axis=0), line.quad[1:3].mean(0)])
    return ends


def _runs_along(line: Line, axis: int) -> bool:
    length = np.abs(np.diff(_ends(line), axis=0)[0])
    return bool(length[axis] > length[1 - axis])


def _put(along: list[Line], line: Line, axis: int, strip: _Strip) -> None:
    """Add a line that the strips' cuts go through; joined with its part in the strip before."""
    for place, before in enumerate(along):
        if _same(before, line, axis):
            # What a strip's cut leaves of a line may be half a word, or taken for another script.
            if _covers(before, line, axis):
                return
            whole = _covers(line, before, axis)
            along[place] = line if whole else _joined(before, line, axis, strip.own[0])
            return
    along.append(line)


def _same(one: Line, other: Line, axis: int) -> bool:
    """Whether two lines run the same way and overlap, by half of the lower one's height."""
    low = np.maximum(one.quad.min(axis=0), other.quad.min(axis=0))
    high = np.minimum(one.quad.max(axis=0), other.quad.max(axis=0))
    heights = [np.ptp(line.quad[:, 1 - axis]) for line in (one, other)]
    forward = [np.diff(_ends(line)[:, axis])[0] > 0 for line in (one, other)]
    common = high - low
    return bool(
        forward[0] == forward[1] and common[axis] > 0 and common[1 - axis] > min(heights) / 2
    )


def _covers(line: Line, other: Line, axis: int) -> bool:
    """Whether a line begins and ends beyond another, but for half of the lower one's height."""
    little = min(np.ptp(one.quad[:, 1 - axis]) for one in (line, other)) / 2
    (begin, end), (first, last) = (sorted(_ends(one)[:, axis]) for one in (line, other))
    return bool(begin <= first + little and last - little <= end)


def _joined(before: Line, line: Line, axis: int, cut: float) -> Line:
    """One line of the first one's symbols up to a gap in both, and the other's from there on."""
    first, second = (before, line) if np.diff(_ends(line)[:, axis])[0] > 0 else (line, before)
    if not first.symbols or not second.symbols:
        return first if first.symbols else second
    cut = _gap(first, axis, cut, second)
    begin, end = _ends(first)[0, axis], _ends(second)[1, axis]

    def symbols_of(of: Line, *, head: bool) -> list[Symbol]:
        start, stop = _ends(of)[:, axis]
        placed = [
            s._replace(
                begin=(start + s.begin * (stop - start) - begin) / (end - begin),
                end=(start + s.end * (stop - start) - begin) / (end - begin),
            )
            for s in of.symbols
        ]
        there = (cut - begin) / (end - begin)
        return [s for s in placed if ((s.begin + s.end) / 2 <= there) == head]

    head, tail = symbols_of(first, head=True), symbols_of(second, head=False)
    while head and tail and tail[0].text == " ":
        tail = tail[1:]
    quad = np.array([first.quad[0], second.quad[1], second.quad[2], first.quad[3]])
    symbols = (*tail, *head) if before.from_right else (*head, *tail)
    return replace(before, quad=quad, symbols=symbols)


def _gap(first: Line, axis: int, cut: float, second: Line) -> float:
    """Where to cut within what both lines cover: behind a space if there is one, near the cut."""
    start, stop = _ends(first)[:, axis]
    reach = sorted((_ends(second)[0, axis], stop))
    symbols = first.symbols
    places = [
        (start + (a.end + b.begin) / 2 * (stop - start), a.text == " ")
        for a, b in pairwise(symbols)
    ]
    within = [place for place in places if reach[0] <= place[0] <= reach[1]]
    spaces = [place for place in within if place[1]]
    return min((place for place, _ in spaces or within), key=lambda x: abs(x - cut), default=cut)
