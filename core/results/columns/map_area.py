"""Parts of the map of pictures: what somebody drew around, and room for a thumbnail each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.results.tables.arrow import Bools

MOST_CORNERS = 48
ROOM = 1_500  # pictures that are moved apart; of more there are only dots
WIDTH, HEIGHT = 2.12, 1.62  # of the map, in its own units
_NUMBER = r"-?\d{1,2}(?:\.\d{1,4})?"
_AREA = re.compile(rf"{_NUMBER}:{_NUMBER}(?:,{_NUMBER}:{_NUMBER}){{2,{MOST_CORNERS - 1}}}")


def area_of(xs: Sequence[float], ys: Sequence[float]) -> str:
    """A drawn outline as text, "x:y,x:y,...", at most ``MOST_CORNERS`` corners; "" for too few.

    Two opposite corners are a rectangle.
    """
    if len(xs) == 2:
        xs, ys = [xs[0], xs[1], xs[1], xs[0]], [ys[0], ys[0], ys[1], ys[1]]
    step = -(-len(xs) // MOST_CORNERS) or 1
    corners = list(zip(xs, ys, strict=True))[::step]
    text = ",".join(f"{_short(x)}:{_short(y)}" for x, y in corners)
    return text if _AREA.fullmatch(text) else ""


def _short(number: float) -> str:
    return f"{min(max(number, -9.0), 9.0):.3f}"


def read_area(text: str) -> str:
    """The text, if it is an outline.

    Raises:
        ValueError: it is none.
    """
    if not _AREA.fullmatch(text):
        raise ValueError("no outline")
    return text


def within(places: NDArray[np.float32], area: str) -> Bools:
    """Which places (n, 2) lie in an outline (n,), by the even-odd rule."""
    corners = np.array([[float(n) for n in pair.split(":")] for pair in area.split(",")])
    x, y = places[:, 0], places[:, 1]
    inside: Bools = np.zeros(len(places), bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, 1, axis=0), strict=True):
        if ay == by:
            continue
        crosses = (ay > y) != (by > y)
        inside ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return inside


def cell(count: int) -> float:
    """Side of a thumbnail's cell in the map's units, so that all of ``count`` have room.

    Of few it is larger: most of the map is empty then.
    """
    area = WIDTH * HEIGHT / max(count, 1)
    return float(max(min(0.12, np.sqrt(0.6 * area)), min(0.2, np.sqrt(0.3 * area))))


def one_a_cell(places: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Of places (n, 2) one for each cell of a grid of some ``ROOM``, the nearest to its middle.

    Returns their rows (m,), and the middles of their cells (m, 2).
    """
    side = cell(ROOM)
    at = np.floor(places / side).astype(np.int64)
    middles = (at + 0.5) * side
    away = ((places - middles) ** 2).sum(axis=1)
    key = at[:, 0] * 100_000 + at[:, 1]
    order = np.lexsort((away, key))
    first = np.ones(len(order), bool)
    first[1:] = np.diff(key[order]) != 0
    rows = np.sort(order[first])
    return rows, middles[rows].astype(np.float32)


def spread(places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Places (n, 2) moved apart to cells of a grid, each to the nearest one that is free.

    The same for the same places. Of more than ``ROOM`` they stay where they are, within the map.
    """
    count = len(places)
    scaled = places * np.array([WIDTH / 2.12, HEIGHT / 2.12], np.float32)
    if not 0 < count <= ROOM:
        return scaled
    side = cell(count)
    wide, high = int(WIDTH / side), int(HEIGHT / side)
    columns, rows = np.meshgrid(np.arange(wide), np.arange(high))
    centres = np.stack(
        [
            (columns.ravel() + 0.5) * side - wide * side / 2,
            (rows.ravel() + 0.5) * side - high * side / 2,
        ],
        axis=1,
    )
    free = np.ones(len(centres), bool)
    positions = np.empty((count, 2), np.float32)
    middle = np.median(scaled, axis=0)
    for n in np.argsort(((scaled - middle) ** 2).sum(axis=1), kind="stable").tolist():
        away: Any = ((centres - scaled[n]) ** 2).sum(axis=1)
        away[~free] = np.inf
        best = int(np.argmin(away))
        free[best] = False
        positions[n] = centres[best]
    return positions
