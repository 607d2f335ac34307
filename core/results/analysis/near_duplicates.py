"""Groups of pictures that look the same, although their files differ.

Every hash is compared with every other, in blocks: 64 bits are one XOR and one count for the
processor, so 20,000 pictures take about a second, and none is missed as an index might.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.results.analysis.picture_hashes import PictureHashes
from core.results.query.filters import Filters
from core.results.query.store import Store

DISTANCE = 10  # bits of 64: no false pair in 5,511 of made and sample pictures
MOST_DISTANCE = 16
TINT = 12.0  # CIELAB; brightening and re-encoding stay below half of it
BLOCK = 256  # rows compared at once: 40 MB at 20,000 pictures


def comparable(store: Store, filters: Filters, limit: int) -> pa.Table:
    """Pictures that have an address and did not fail, of the first ``limit`` that pass.

    Columns: picture, uri, page.
    """
    mask = store.mask(filters, None)
    ids = np.arange(store.tables.pictures) if mask is None else np.flatnonzero(mask)
    some = store.tables["pictures"].take(pa.array(ids[:limit]))
    shown = pc.and_(pc.not_equal(some["uri"], ""), pc.equal(some["error_code"], 0))
    return some.filter(shown).select(["picture", "uri", "page"])


def groups(hashes: PictureHashes, distance: int = DISTANCE) -> list[list[int]]:
    """Ids of the pictures of each group, the largest group first.

    Each group has one picture that all its others are near to, and that stands first: chains of
    small steps between pictures that look nothing alike do not join.

    Args:
        distance: how many of the 64 bits may differ.
    """
    near, starts = _neighbours(hashes, distance)
    free = np.ones(len(hashes.pictures), bool)
    counts = np.diff(starts)
    groups = []
    for place in np.argsort(-counts, kind="stable"):
        if not counts[place]:
            break
        if free[place]:
            members = near[starts[place] : starts[place + 1]]
            members = members[free[members]]
            if len(members):
                free[members] = free[place] = False
                groups.append([int(place), *np.sort(members).tolist()])
    groups.sort(key=lambda group: (-len(group), group[0]))
    return [hashes.pictures[group].tolist() for group in groups]


def _neighbours(
    hashes: PictureHashes, distance: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of every picture's neighbours, one after another, and where each's begin (n + 1,)."""
    count = len(hashes.bits)
    pairs: list[tuple[Any, Any]] = []
    for start in range(0, count, BLOCK):
        block = hashes.bits[start : start + BLOCK, None]
        differ = np.bitwise_count(block ^ hashes.bits[None, start:])
        one, other = np.nonzero(differ <= distance)
        one, other = one + start, other + start
        ordered = one < other
        one, other = one[ordered], other[ordered]
        apart = hashes.tints[one] - hashes.tints[other]
        same = np.einsum("ij,ij->i", apart, apart) <= TINT**2
        pairs.append((one[same], other[same]))
    left = np.concatenate([np.empty(0, np.int64), *(one for one, _ in pairs)])
    right = np.concatenate([np.empty(0, np.int64), *(other for _, other in pairs)])
    owners = np.concatenate([left, right])
    order = np.argsort(owners, kind="stable")
    starts = np.searchsorted(owners[order], np.arange(count + 1))
    return np.concatenate([right, left])[order], starts
