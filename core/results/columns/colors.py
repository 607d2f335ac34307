"""Dominant colours of all pictures: which are near a colour, and how much each colour weighs."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from core.results.columns.palettes import hex_to_lab, is_grey, to_lab
from core.results.tables.arrow import Bools, numbers

EXACT = 300_000  # rows up to which every distinct colour counts; beyond, the middle of its bin
BIN_BITS = 4  # a channel; 4,096 bins stand for millions of colours
_ALL = 1 << 24


class ColorColumn:
    """The table ``colors`` as arrays, in the order of the pictures.

    A colour weighs its part of the pixels, or its score in results that give no part.
    """

    def __init__(self, table: pa.Table, total: int) -> None:
        self._total = total
        self._pictures, self._colors = numbers(table, "picture"), numbers(table, "color")
        fractions = numbers(table, "fraction")
        given = bool(len(fractions)) and fractions.max() > 0
        self._weights = fractions if given else numbers(table, "score")
        self._starts = np.searchsorted(self._pictures, np.arange(total + 1, dtype=np.int32))
        self._bins = _bins(self._colors)

    @cached_property
    def _distinct(self) -> Any:
        there: Bools = np.zeros(_ALL, bool)
        there[self._colors] = True
        return np.flatnonzero(there)

    @cached_property
    def _lab(self) -> Any:
        return _lab(self._distinct)

    @cached_property
    def _grey(self) -> Bools:
        """Which of the distinct colours are near-neutral."""
        grey: Bools = is_grey(self._lab)
        return grey

    @cached_property
    def _weights_without_greys(self) -> Any:
        chromatic: Bools = np.zeros(_ALL, bool)
        chromatic[self._distinct[~self._grey]] = True
        return np.where(chromatic[self._colors], self._weights, np.float32(0))

    def near(self, color: str, tolerance: float, share: float, no_greys: bool = False) -> Bools:
        """Pictures with a colour within a CIE76 distance that weighs enough (total,).

        Args:
            no_greys: a near-neutral colour of a picture is no match.
        """
        away = self._lab - np.array(hex_to_lab(color), np.float32)
        within: Bools = np.einsum("ij,ij->i", away, away) <= tolerance**2
        if no_greys:
            within &= ~self._grey
        close: Bools = np.zeros(_ALL, bool)
        close[self._distinct[within]] = True
        mask: Bools = np.zeros(self._total, bool)
        rows = close[self._colors]
        rows &= self._weights >= np.float32(share)
        mask[self._pictures[rows]] = True
        return mask

    def weigh(self, mask: Bools | None, no_greys: bool = False) -> tuple[Any, Any]:
        """Colours (n,) as 0xRRGGBB, rising, and the sum of what each weighs (n,).

        Of more than ``EXACT`` rows colours are taken together in bins.

        Args:
            no_greys: near-neutral colours weigh nothing.
        """
        colors, bins = self._colors, self._bins
        weights = self._weights_without_greys if no_greys else self._weights
        if mask is not None:
            rows = np.repeat(mask, np.diff(self._starts))
            weights = weights[rows]
            colors, bins = (colors[rows], bins) if len(weights) <= EXACT else (colors, bins[rows])
        if len(weights) <= EXACT:
            distinct, places = np.unique(colors, return_inverse=True)
            return distinct.astype(np.int64), np.bincount(places, weights, len(distinct))
        sums = np.bincount(bins, weights, 1 << 3 * BIN_BITS)
        filled = np.flatnonzero(sums)
        middles = _middles(filled)
        if no_greys:  # what is left of a grey bin would be shown as grey
            coloured = ~is_grey(_lab(middles))
            filled, middles = filled[coloured], middles[coloured]
        return middles, sums[filled]


def _bins(colors: Any) -> Any:
    drop, mask = 8 - BIN_BITS, (1 << BIN_BITS) - 1
    bins = np.zeros(len(colors), np.uint16)
    for shift in (16, 8, 0):
        bins = bins << BIN_BITS | (colors >> (shift + drop) & mask).astype(np.uint16)
    return bins


def _middles(bins: Any) -> Any:
    drop, mask = 8 - BIN_BITS, (1 << BIN_BITS) - 1
    colors = np.zeros(len(bins), np.int64)
    for place in (2, 1, 0):
        channel = (bins >> place * BIN_BITS & mask) << drop | 1 << (drop - 1)
        colors = colors << 8 | channel
    return colors


def _lab(colors: Any) -> Any:
    lab = np.empty((len(colors), 3), np.float32)
    for start in range(0, len(colors), 1 << 18):  # a few MB of intermediate results at a time
        piece = slice(start, start + (1 << 18))
        lab[piece] = to_lab(colors[piece])
    return lab
