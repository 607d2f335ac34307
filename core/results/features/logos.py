"""LOGO_DETECTION: logos of well-known products."""

from __future__ import annotations

from core.results.features.feature import CODE, POLYGON, REAL, Counted, Feature, Table
from core.results.messages import Message, Poly


class Logo(Message):
    """EntityAnnotation of LOGO_DETECTION."""

    description: str = ""
    score: float = 0.0
    bounding_poly: Poly | None = None


FEATURE = Feature(
    "logos",
    fields=("logo_annotations",),
    tables={"logos": Table({"logo": (CODE, "description"), "score": (REAL, "score"), **POLYGON})},
    counted={"logos": Counted("logos", "logo", "score", cut=True)},
)
