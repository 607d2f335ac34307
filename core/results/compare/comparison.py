"""Two result sets over the same pictures: how far they agree, what changed, and where most.

"Left" and "right" are the sides as they stand on the page; neither is taken for the truth. Every
agreement is 0..1 for a pair of pictures, and NaN where there is nothing to compare: a picture in
which neither side found a face says nothing of faces. Pictures that failed on a side are compared
by their errors alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
import pandas as pd

from core.results.columns.name_counts import COUNTED
from core.results.compare.boxes import compare_crops, compare_faces, compare_objects
from core.results.compare.common_rows import Floats, Ints, Side, TableSource
from core.results.compare.matching import Contents, Matching, match
from core.results.compare.names import Where, compare_names
from core.results.compare.values import compare_colors, compare_errors, compare_safe, compare_texts

# Features compared, in the order shown, and what their agreement means.
FEATURES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "labels": ("Labels", "shared labels by all labels of either side (Jaccard)"),
        "objects": ("Objects", "boxes of one name that overlap by half or more (F1)"),
        "faces": ("Faces", "the smaller count by the larger"),
        "text": ("Text", "letters that need no change"),
        "safe": ("Safe search", "1 less the mean steps between likelihoods by 4"),
        "colors": ("Dominant colours", "colour with a counterpart within a CIELAB distance of 20"),
        "crops": ("Crop hints", "overlap of the first hint (IoU)"),
        "logos": ("Logos", "shared names by all names (Jaccard)"),
        "landmarks": ("Landmarks", "shared names by all names (Jaccard)"),
        "web": ("Web entities", "shared names by all names (Jaccard)"),
        "products": ("Products", "shared names by all names (Jaccard)"),
        "errors": ("Errors", "failed pictures that fail alike on both sides"),
    }
)
NAMED = ("labels", "logos", "landmarks", "web", "products")  # compared by name alone
SUMMARY = (
    "feature", "title", "left", "right", "pictures", "agreement", "same", "detail", "state",
)  # fmt: skip
OVERALL = "change"  # the ranking that takes all features together
SAME = 1e-9  # an agreement nearer to 1 is whole


@dataclass(frozen=True, slots=True)
class Comparison:
    """What ``compare`` finds.

    Attributes:
        matching: which picture is which.
        summary: one row a feature that any side has: feature (key of ``FEATURES``), title, left and
            right (pictures in which the side found something), pictures (compared), agreement
            (their mean), same (pictures that agree wholly), detail (more in words), state: "both",
            or "left" / "right" where only that side has the feature at all.
        pairs: one row a pair: left, right (picture ids), name and folder (hostile text), how (of
            ``matching.HOW``), an agreement for each feature of the summary, ``change`` (0..1:
            mean of 1 - agreement over the features compared; 1 where one side failed; NaN if
            nothing could be compared), error_rate, color_distance.
        names: for each of ``NAMED`` and "objects": lost and gained names, most changed first (see
            ``names.Names.changes``, ``boxes.Boxes.changes``).
        where: for the same, the pairs behind each name lost or gained.
        safe_moves: see ``values.Safe.moves``.
        error_moves: see ``values.Errors.moves``.
    """

    matching: Matching
    summary: pd.DataFrame
    pairs: pd.DataFrame
    names: Mapping[str, pd.DataFrame]
    where: Mapping[str, Where]
    safe_moves: pd.DataFrame
    error_moves: pd.DataFrame

    def ranked(self, by: str = OVERALL, name: str = "") -> pd.DataFrame:
        """Pairs from most to least changed, unchanged ones left out.

        Args:
            by: a feature of the summary, or ``OVERALL``; anything else counts as ``OVERALL``.
            name: only pairs in which this name of the feature was lost or gained; "" for all.
        """
        change = self.pairs[OVERALL] if by not in self.features else 1 - self.pairs[by]
        shown = change.to_numpy() > SAME
        if name and by in self.where:
            shown &= np.isin(np.arange(len(shown)), self.where[by].pairs_of(name))
        changed = self.pairs.assign(by=change)[shown]
        order = np.lexsort((-changed[OVERALL].to_numpy(), -changed["by"].to_numpy()))
        return changed.iloc[order].reset_index(drop=True)

    @property
    def features(self) -> list[str]:
        """Features that both sides have."""
        both = self.summary["state"] == "both"
        return [str(name) for name in self.summary.loc[both, "feature"]]


class _HasAgreement(Protocol):
    """What the comparison of any feature says."""

    @property
    def agreement(self) -> Floats: ...
    @property
    def left(self) -> Floats: ...
    @property
    def right(self) -> Floats: ...


@dataclass(frozen=True, slots=True)
class _Outcome:
    """One feature: agreement and how many each side has, all (pairs,); more in words."""

    agreement: Floats
    left: Floats
    right: Floats
    detail: str = ""

    @classmethod
    def of(cls, compared: _HasAgreement, *details: str) -> _Outcome:
        return cls(compared.agreement, compared.left, compared.right, _joined(*details))


def compare(
    left: TableSource,
    right: TableSource,
    by: str = "auto",
    contents: tuple[Contents, Contents] = ({}, {}),
) -> Comparison:
    """Compare two result sets, given as tables (``tables.Tables``).

    Args:
        by, contents: how to match pictures, see ``matching.match``.

    Raises:
        ValueError: ``by`` is unknown.
    """
    matching = match(left["pictures"], right["pictures"], by, contents)
    pairs = len(matching)
    codes = _codes(left, matching.left), _codes(right, matching.right)
    good = (codes[0] == 0) & (codes[1] == 0)
    sides = Side.of(left, matching.left, good), Side.of(right, matching.right, good)
    outcomes: dict[str, _Outcome] = {}
    names, where = _compare_names(sides, pairs, outcomes)
    safe = compare_safe(sides, pairs)
    outcomes["safe"] = _Outcome.of(safe, _number("{:.0%} exactly the same", safe.same))
    errors = compare_errors(*codes)
    outcomes["errors"] = _Outcome.of(errors)
    more = _compare_values(sides, pairs, outcomes)
    ordered = {feature: outcomes[feature] for feature in FEATURES}
    summary = _summary(ordered)
    return Comparison(
        matching=matching,
        summary=summary,
        pairs=_pairs(matching, ordered, summary, more),
        names=names,
        where=where,
        safe_moves=safe.moves,
        error_moves=errors.moves,
    )


def _compare_names(
    sides: tuple[Side, Side], pairs: int, outcomes: dict[str, _Outcome]
) -> tuple[dict[str, pd.DataFrame], dict[str, Where]]:
    """Add what is compared by name; returns each feature's changed names, and in which pairs."""
    changes: dict[str, pd.DataFrame] = {}
    where: dict[str, Where] = {}
    for feature in NAMED:
        table, column = COUNTED[feature].table, COUNTED[feature].name
        named = compare_names(sides, table, column, pairs)
        detail = _number("mean score difference {:.2f}", named.shift)
        outcomes[feature] = _Outcome.of(named, detail)
        changes[feature], where[feature] = named.changes, named.where
    objects = compare_objects(sides, pairs)
    outcomes["objects"] = _Outcome.of(
        objects,
        _number("mean overlap of matched boxes {:.2f}", objects.overlap),
        f"{objects.renamed:,} in the same place under another name" if objects.renamed else "",
    )
    changes["objects"], where["objects"] = objects.changes, objects.where
    return changes, where


def _compare_values(
    sides: tuple[Side, Side], pairs: int, outcomes: dict[str, _Outcome]
) -> dict[str, Floats]:
    """Add faces, text, colours and crop hints; returns more columns of ``Comparison.pairs``."""
    faces = compare_faces(sides, pairs)
    outcomes["faces"] = _Outcome.of(
        faces,
        f"{int(faces.left.sum()):,} against {int(faces.right.sum()):,}",
        _number("mean overlap {:.2f}", faces.overlap),
    )
    texts = compare_texts(sides, pairs)
    error_rate = _number("median character error rate {:.1%}", _median(texts.error_rate))
    outcomes["text"] = _Outcome.of(texts, error_rate)
    colors = compare_colors(sides, pairs)
    distance = _number("median distance {:.1f}", _median(colors.distance))
    outcomes["colors"] = _Outcome.of(colors, distance)
    outcomes["crops"] = _Outcome(*compare_crops(sides, pairs))
    return {"error_rate": texts.error_rate, "color_distance": colors.distance}


def _codes(tables: TableSource, pictures: Ints) -> Ints:
    codes: Ints = tables["pictures"]["error_code"].to_numpy()[pictures].astype(np.int64)
    return codes


def _summary(outcomes: Mapping[str, _Outcome]) -> pd.DataFrame:
    rows = []
    for feature, outcome in outcomes.items():
        left, right = int((outcome.left > 0).sum()), int((outcome.right > 0).sum())
        if not left and not right:
            continue
        # Of errors one side may rightly have none; another feature was then not asked for.
        both = (left and right) or feature == "errors"
        known = outcome.agreement[~np.isnan(outcome.agreement)] if both else np.zeros(0)
        rows.append(
            {
                "feature": feature,
                "title": FEATURES[feature][0],
                "left": left,
                "right": right,
                "pictures": len(known),
                "agreement": float(known.mean()) if len(known) else float("nan"),
                "same": int((known > 1 - SAME).sum()),
                "detail": outcome.detail if both else "",
                "state": "both" if both else "left" if left else "right",
            }
        )
    return pd.DataFrame(rows, columns=list(SUMMARY))


def _pairs(
    matching: Matching,
    outcomes: Mapping[str, _Outcome],
    summary: pd.DataFrame,
    more: Mapping[str, Floats],
) -> pd.DataFrame:
    both = [str(name) for name in summary.loc[summary["state"] == "both", "feature"]]
    agreements = np.array([outcomes[name].agreement for name in both]).reshape(
        len(both), len(matching)
    )
    known = ~np.isnan(agreements)
    counts = known.sum(0)
    lost = np.where(known, 1 - agreements, 0.0).sum(0)
    change = np.divide(lost, counts, out=np.full(len(matching), np.nan), where=counts > 0)
    return pd.DataFrame(
        {
            "left": matching.left,
            "right": matching.right,
            "name": pd.Series(matching.names, dtype="str"),
            "folder": pd.Series(matching.folders, dtype="str"),
            "how": matching.how,
            **{name: outcomes[name].agreement for name in both},
            OVERALL: change if len(both) else np.full(len(matching), np.nan),
            **more,
        }
    )


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _number(text: str, value: float) -> str:
    return "" if np.isnan(value) else text.format(value)


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
