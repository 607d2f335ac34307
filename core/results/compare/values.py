"""Judgements that every picture has once: safe search, colours, text, and errors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from core.results.columns.palettes import to_lab
from core.results.compare.common_rows import Floats, Ints, Side, number, per_pair, ratio
from core.results.vocabulary import LIKELIHOODS, SAFE_CATEGORIES, status_name

STEPS = len(LIKELIHOODS) - 2  # from VERY_UNLIKELY to VERY_LIKELY
SAME_COLOR = 20.0  # CIE76 distance: one family of colours, the Explore page's tolerance too
BLOCK = 500_000  # colour distances in memory at once
MOST_TEXT = 20_000  # characters compared; more is cut, since the work grows with their square


class Safe(NamedTuple):
    """How safe search agrees.

    Attributes:
        agreement: of each pair (n,): 1 - mean steps between the likelihoods / 4, over the
            categories that both sides judged (UNKNOWN is no judgement); NaN where there are none.
        left, right: 1 where the side judged any category (n,).
        same: part of the judgements that are exactly the same; NaN without any.
        moves: columns category, left, right (likelihoods), pictures: all 5 x 6 x 6 cells.
    """

    agreement: Floats
    left: Floats
    right: Floats
    same: float
    moves: pd.DataFrame


def compare_safe(sides: tuple[Side, Side], pairs: int) -> Safe:
    """Compare the likelihoods of every category."""
    levels = []
    for side in sides:
        table, owners = side.rows("safe_search")
        likelihoods = np.full((pairs, len(SAFE_CATEGORIES)), -1, np.int64)
        for place, category in enumerate(SAFE_CATEGORIES):
            likelihoods[owners, place] = table[category].to_numpy()
        levels.append(likelihoods)
    left, right = levels
    judged = (left > 0) & (right > 0)
    steps = np.where(judged, np.abs(left - right), 0)
    total = float(judged.sum())
    return Safe(
        agreement=1 - ratio(steps.sum(1) / STEPS, judged.sum(1).astype(np.float64)),
        left=np.asarray((left > 0).any(1), np.float64),
        right=np.asarray((right > 0).any(1), np.float64),
        same=float((judged & (steps == 0)).sum() / total) if total else float("nan"),
        moves=_moves(left, right),
    )


def _moves(left: Ints, right: Ints) -> pd.DataFrame:
    size = len(LIKELIHOODS)
    cells = []
    for place in range(len(SAFE_CATEGORIES)):
        a, b = left[:, place], right[:, place]
        answered = (a >= 0) & (b >= 0)
        cells.append(np.bincount(a[answered] * size + b[answered], minlength=size * size))
    return pd.DataFrame(
        {
            "category": np.repeat(SAFE_CATEGORIES, size * size),
            "left": np.tile(np.repeat(LIKELIHOODS, size), len(SAFE_CATEGORIES)),
            "right": np.tile(LIKELIHOODS, len(SAFE_CATEGORIES) * size),
            "pictures": np.concatenate(cells),
        }
    )


class Colors(NamedTuple):
    """How dominant colours agree.

    Attributes:
        agreement: of each pair (n,): part of the colour, by weight and both ways round, that has a
            counterpart on the other side within ``SAME_COLOR``; NaN unless both sides have colours.
        left, right: colours of each side (n,).
        distance: CIE76 distance to the nearest colour of the other side, weighted mean of both ways
            round (n,); NaN as above.
    """

    agreement: Floats
    left: Floats
    right: Floats
    distance: Floats


def compare_colors(sides: tuple[Side, Side], pairs: int) -> Colors:
    """Compare palettes in CIELAB; a colour weighs its part of the pixels (or its score)."""
    tables = [side.rows("colors") for side in sides]
    counts = [per_pair(owners, pairs) for _, owners in tables]
    near, distance = np.full(pairs, np.nan), np.full(pairs, np.nan)
    both = np.flatnonzero((counts[0] > 0) & (counts[1] > 0))
    if len(both):
        widths = [int(count.max()) for count in counts]
        size = max(1, BLOCK // (widths[0] * widths[1]))
        grids = [_grid(*side, pairs, width) for side, width in zip(tables, widths, strict=True)]
        for first in range(0, len(both), size):
            block = both[first : first + size]
            one, other = ((lab[block], weight[block]) for lab, weight in grids)
            near[block], distance[block] = _likeness(one, other)
    return Colors(agreement=near, left=counts[0], right=counts[1], distance=distance)


def _grid(table: pa.Table, owners: Ints, pairs: int, width: int) -> tuple[Floats, Floats]:
    """CIELAB (pairs, width, 3) and weights (pairs, width) that add up to 1 a picture; NaN and 0
    where a picture has fewer colours than the most."""  # fmt: skip
    distinct, places = np.unique(table["color"].to_numpy(), return_inverse=True)
    fraction, score = number(table, "fraction"), number(table, "score")
    weights = np.maximum(fraction if (fraction > 0).any() else score, 1e-9)
    within = np.arange(len(owners)) - np.searchsorted(owners, owners)
    lab, weight = np.full((pairs, width, 3), np.nan), np.zeros((pairs, width))
    lab[owners, within] = to_lab(distinct)[places]
    weight[owners, within] = weights / per_pair(owners, pairs, weights)[owners]
    return lab, weight


def _likeness(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Part with a near counterpart, and mean distance to the nearest; both ways round alike."""
    a, b = one[0], other[0]
    # |a - b|^2 = |a|^2 + |b|^2 - 2ab: a product of small matrices instead of all differences.
    squares = np.square(a).sum(2)[:, :, None] + np.square(b).sum(2)[:, None, :]
    distance = np.sqrt(np.maximum(squares - 2 * a @ b.transpose(0, 2, 1), 0))
    distance[np.isnan(distance)] = np.inf
    near, mean = np.zeros(len(a)), np.zeros(len(a))
    for nearest, weight in ((distance.min(2), one[1]), (distance.min(1), other[1])):
        known = np.where(np.isfinite(nearest), nearest, 0)
        near += (weight * (known <= SAME_COLOR)).sum(1) / 2
        mean += (weight * known).sum(1) / 2
    return near, mean


class Texts(NamedTuple):
    """How text agrees, once runs of white space count as one space.

    Attributes:
        agreement: of each pair (n,): 1 - edit distance / length of the longer text; NaN where
            neither side read any.
        left, right: 1 where the side read text (n,).
        error_rate: character error rate of the right text against the left one: edit distance /
            length of the left text (n,). May exceed 1; NaN where the left has no text.
    """

    agreement: Floats
    left: Floats
    right: Floats
    error_rate: Floats


def compare_texts(sides: tuple[Side, Side], pairs: int) -> Texts:
    """Compare texts by Levenshtein distance, a letter at a time."""
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    left, right = (_texts(side, pairs) for side in sides)
    sizes = [np.array([len(text) for text in texts], np.float64) for texts in (left, right)]
    distance = np.maximum(*sizes) if pairs else np.zeros(0)  # of any text to none: all of it
    unlike = np.flatnonzero((sizes[0] > 0) & (sizes[1] > 0))
    if len(unlike):
        distance[unlike] = process.cpdist(
            [left[n] for n in unlike], [right[n] for n in unlike], scorer=Levenshtein.distance
        )
    return Texts(
        agreement=1 - ratio(distance, np.maximum(*sizes)),
        left=(sizes[0] > 0).astype(np.float64),
        right=(sizes[1] > 0).astype(np.float64),
        error_rate=ratio(distance, sizes[0]),
    )


def _texts(side: Side, pairs: int) -> list[str]:
    table, owners = side.rows("texts")
    texts = [""] * pairs
    for pair, text in zip(owners.tolist(), table["text"].to_pylist(), strict=True):
        texts[pair] = " ".join(text[: 2 * MOST_TEXT].split())[:MOST_TEXT]
    return texts


class Errors(NamedTuple):
    """How errors agree.

    Attributes:
        agreement: of each pair (n,): 1 where both failed alike, 0 where one failed or they failed
            differently, NaN where neither failed.
        left, right: 1 where the side failed (n,).
        moves: columns left, right (code names; "OK"), pictures; without those OK on both sides.
    """

    agreement: Floats
    left: Floats
    right: Floats
    moves: pd.DataFrame


def compare_errors(left: Ints, right: Ints) -> Errors:
    """Compare google.rpc codes of each pair (n,); 0 is OK."""
    failed = (left != 0) | (right != 0)
    counted = pd.DataFrame({"left": left[failed], "right": right[failed]})
    moves = counted.value_counts().rename("pictures").reset_index()
    for name in ("left", "right"):
        moves[name] = pd.Series([status_name(int(code)) for code in moves[name]], dtype="str")
    return Errors(
        agreement=np.where(failed, (left == right).astype(np.float64), np.nan),
        left=(left != 0).astype(np.float64),
        right=(right != 0).astype(np.float64),
        moves=moves,
    )
