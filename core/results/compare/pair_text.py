"""What changed between two sides' results for one picture, to be read beside its thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.results.query.picture.annotations import Annotations
from core.results.vocabulary import SAFE_CATEGORIES


@dataclass(frozen=True, slots=True)
class NameChange:
    """Names of one feature that only one side gives a picture; hostile text."""

    title: str
    lost: tuple[str, ...]
    gained: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairChange:
    """One picture's differences.

    Attributes:
        names: features whose names differ.
        safe: (category, left likelihood, right likelihood) of judgements that differ.
        faces: faces of either side.
        texts: both sides' text, if they differ in more than white space.
        errors: both sides' error messages; "" where it did not fail.
    """

    names: tuple[NameChange, ...]
    safe: tuple[tuple[str, str, str], ...]
    faces: tuple[int, int]
    texts: tuple[str, str] | None
    errors: tuple[str, str]


def describe(left: Annotations, right: Annotations) -> PairChange:
    """Compare everything that two sides say of one picture.

    Names differ as in ``compare_rows.codes``: whatever their case and spaces. Objects count: two
    dogs against one is one lost.
    """
    features = (
        ("Labels", left.labels, right.labels),
        ("Objects", left.objects, right.objects),
        ("Logos", left.logos, right.logos),
        ("Landmarks", left.landmarks, right.landmarks),
        ("Web entities", left.web, right.web),
        ("Products", left.products, right.products),
    )
    names = [
        NameChange(title, _without(one, other), _without(other, one))
        for title, one, other in features
    ]
    texts = (left.text, right.text)
    failed = bool(left.error_code or right.error_code)
    return PairChange(
        names=() if failed else tuple(n for n in names if n.lost or n.gained),
        safe=tuple(
            (category, left.safe[category], right.safe[category])
            for category in SAFE_CATEGORIES
            if left.safe and right.safe and left.safe[category] != right.safe[category]
        ),
        faces=(len(left.faces), len(right.faces)),
        texts=None if failed or left.text.split() == right.text.split() else texts,
        errors=(_error(left), _error(right)),
    )


def _error(side: Annotations) -> str:
    return (side.error_message or f"Error {side.error_code}") if side.error_code else ""


def _without(
    one: Sequence[tuple[str, float]], other: Sequence[tuple[str, float]]
) -> tuple[str, ...]:
    """Names of ``one`` that are not in ``other``, each as often as it is missing."""
    left = [_case_folded(name) for name, _ in other]
    missing = []
    for name, _ in one:
        if (plain := _case_folded(name)) in left:
            left.remove(plain)
        else:
            missing.append(name)
    return tuple(missing)


def _case_folded(name: str) -> str:
    return " ".join(name.split()).casefold()
