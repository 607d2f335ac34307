"""LABEL_DETECTION: what a picture shows."""

from __future__ import annotations

from core.results.features.feature import CODE, REAL, Counted, Feature, Table
from core.results.messages import Message


class Label(Message):
    """EntityAnnotation of LABEL_DETECTION, which has no polygon."""

    description: str = ""
    score: float = 0.0


FEATURE = Feature(
    "labels",
    fields=("label_annotations",),
    tables={"labels": Table({"label": (CODE, "description"), "score": (REAL, "score")})},
    counted={"labels": Counted("labels", "label", "score", cut=True)},
)
