"""Boxes that both sides draw: objects, faces, crop hints; matched by how much they overlap."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.results.compare.common_rows import (
    Bools,
    Floats,
    Ints,
    Side,
    boxes,
    codes,
    crossed,
    per_pair,
    ratio,
)
from core.results.compare.names import Where

SAME_FROM = 0.5  # intersection over union from which two boxes are of one thing (PASCAL VOC)


class Boxes(NamedTuple):
    """How boxes agree.

    Attributes:
        agreement: of each pair (n,): twice the matched boxes by all boxes of both sides (the F1
            score, whichever side is taken for the truth); NaN where neither has any.
        left, right: boxes of each side (n,).
        overlap: mean IoU of all matched boxes; NaN if there are none.
        changes: columns name, left, right, both (matched), lost, gained, renamed_to (the commonest
            name that the right side gives its boxes, "" if none); most changed first.
        renamed: boxes of one place with two names.
        where: the pairs of the boxes that no box of the same name matches.
    """

    agreement: Floats
    left: Floats
    right: Floats
    overlap: float
    changes: pd.DataFrame
    renamed: int
    where: Where


def compare_objects(sides: tuple[Side, Side], pairs: int) -> Boxes:
    """Match boxes of one name first, then those of different names by place alone."""
    (left, left_pairs), (right, right_pairs) = (side.rows("objects") for side in sides)
    left_codes, right_codes, names = codes(left["object"], right["object"])
    lefts, rights = crossed(left_pairs, right_pairs)
    overlaps = iou(boxes(left), boxes(right), lefts, rights)
    same = left_codes[lefts] == right_codes[rights]
    good = np.flatnonzero((overlaps >= SAME_FROM) & same)
    matched = good[greedy(lefts[good], rights[good], overlaps[good])]
    free_left, free_right = np.ones(left.num_rows, bool), np.ones(right.num_rows, bool)
    free_left[lefts[matched]] = False
    free_right[rights[matched]] = False
    other = np.flatnonzero((overlaps >= SAME_FROM) & ~same & free_left[lefts] & free_right[rights])
    renamed = other[greedy(lefts[other], rights[other], overlaps[other])]
    counts = [per_pair(owners, pairs) for owners in (left_pairs, right_pairs)]
    both = per_pair(left_pairs[lefts[matched]], pairs)
    changes = _changes(
        names,
        [left_codes, right_codes, left_codes[lefts[matched]]],
        (left_codes[lefts[renamed]], right_codes[rights[renamed]]),
    )
    return Boxes(
        agreement=ratio(2 * both, counts[0] + counts[1]),
        left=counts[0],
        right=counts[1],
        overlap=float(overlaps[matched].mean()) if len(matched) else float("nan"),
        changes=changes,
        renamed=len(renamed),
        where=Where(
            names,
            np.concatenate([left_codes[free_left], right_codes[free_right]]),
            np.concatenate([left_pairs[free_left], right_pairs[free_right]]),
        ),
    )


def _changes(names: list[str], name_codes: list[Ints], renamed: tuple[Ints, Ints]) -> pd.DataFrame:
    left, right, both = (np.bincount(code, minlength=len(names)) for code in name_codes)
    to = Counter(zip(*(codes.tolist() for codes in renamed), strict=True))
    commonest = {one: other for (one, other), _ in reversed(to.most_common())}
    frame = pd.DataFrame(
        {
            "name": pd.Series(names, dtype="str"),
            "left": left,
            "right": right,
            "both": both,
            "lost": left - both,
            "gained": right - both,
            "renamed_to": pd.Series(
                [names[commonest[n]] if n in commonest else "" for n in range(len(names))],
                dtype="str",
            ),
        }
    )
    weight = (frame["lost"] + frame["gained"]).to_numpy()
    order = np.lexsort((np.array(names, dtype=str), -weight))
    return frame.iloc[order].reset_index(drop=True)


class Faces(NamedTuple):
    """How faces agree.

    Attributes:
        agreement: of each pair (n,): the smaller count by the larger; NaN where neither has any.
            Services draw faces of different extent, so that overlap is reported but does not count.
        left, right: faces of each side (n,).
        overlap: mean IoU of the boxes that overlap at all, best partners first.
        matched: how many such boxes.
    """

    agreement: Floats
    left: Floats
    right: Floats
    overlap: float
    matched: int


def compare_faces(sides: tuple[Side, Side], pairs: int) -> Faces:
    """Compare how many faces there are, and how well they overlap."""
    (left, left_pairs), (right, right_pairs) = (side.rows("faces") for side in sides)
    lefts, rights = crossed(left_pairs, right_pairs)
    overlaps = iou(boxes(left), boxes(right), lefts, rights)
    some = np.flatnonzero(overlaps > 0)
    matched = some[greedy(lefts[some], rights[some], overlaps[some])]
    counts = [per_pair(owners, pairs) for owners in (left_pairs, right_pairs)]
    return Faces(
        agreement=ratio(np.minimum(*counts), np.maximum(*counts)),
        left=counts[0],
        right=counts[1],
        overlap=float(overlaps[matched].mean()) if len(matched) else float("nan"),
        matched=len(matched),
    )


def compare_crops(sides: tuple[Side, Side], pairs: int) -> tuple[Floats, Floats, Floats]:
    """IoU of each pair's first crop hint (NaN unless both have one), and hints of each side."""
    tables = [side.rows("crop_hints") for side in sides]
    firsts = [np.unique(owners, return_index=True) for _, owners in tables]
    shared, in_left, in_right = np.intersect1d(firsts[0][0], firsts[1][0], return_indices=True)
    rows = [firsts[0][1][in_left], firsts[1][1][in_right]]
    agreement = np.full(pairs, np.nan)
    bounds = [boxes(table) for table, _ in tables]
    agreement[shared] = iou(bounds[0], bounds[1], rows[0], rows[1])
    return agreement, per_pair(tables[0][1], pairs), per_pair(tables[1][1], pairs)


def iou(
    left: tuple[Floats, Bools], right: tuple[Floats, Bools], lefts: Ints, rights: Ints
) -> Floats:
    """Intersection over union of chosen rows of two lists of boxes.

    Args:
        left, right: as ``compare_rows.boxes`` gives them.
        lefts, rights: rows to compare (n,).

    Returns:
        0..1 (n,). 0 where a box is missing, flat, or only one of the two is in pixels: without the
        picture's size these cannot be laid over each other.
    """
    a, b = left[0][lefts], right[0][rights]
    with np.errstate(invalid="ignore"):
        width = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
        height = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
        inside = np.where((width > 0) & (height > 0), width * height, 0.0)
        union = _area(a) + _area(b) - inside
    comparable = (left[1][lefts] == right[1][rights]) & (union > 0)
    return np.where(comparable, inside / np.where(comparable, union, 1.0), 0.0)


def _area(box: Floats) -> Floats:
    area: Floats = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    return area


def greedy(left: Ints, right: Ints, overlaps: Floats) -> Ints:
    """Best matches first, each box once.

    Args:
        left, right, overlaps: candidates (n,): a left row, a right row, and how much they overlap.

    Returns:
        Places of the accepted candidates. The same as walking down the candidates from the best
        (ties by their order), but in a few passes: in each, every candidate that is the best left
        for both its boxes is taken.
    """
    alive = np.argsort(-overlaps, kind="stable")
    taken = [alive[:0]]
    while len(alive):
        _, best_of_left = np.unique(left[alive], return_index=True)
        _, best_of_right = np.unique(right[alive], return_index=True)
        accepted = alive[np.intersect1d(best_of_left, best_of_right)]
        taken.append(accepted)
        used = np.isin(left[alive], left[accepted]) | np.isin(right[alive], right[accepted])
        alive = alive[~used]
    return np.sort(np.concatenate(taken))
