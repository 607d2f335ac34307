"""OBJECT_LOCALIZATION: things with a box around each."""

from __future__ import annotations

from core.results.features.feature import CODE, POLYGON, REAL, Counted, Feature, Table
from core.results.messages import Message, Poly


class LocalizedObject(Message):
    """LocalizedObjectAnnotation."""

    name: str = ""
    score: float = 0.0
    bounding_poly: Poly | None = None


FEATURE = Feature(
    "objects",
    fields=("localized_object_annotations",),
    tables={"objects": Table({"object": (CODE, "name"), "score": (REAL, "score"), **POLYGON})},
    counted={"objects": Counted("objects", "object", "score", cut=True)},
)
