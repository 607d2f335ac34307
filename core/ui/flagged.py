"""Which pictures are blurred until somebody asks to see them."""

from __future__ import annotations

from core.results.annotations import Annotations
from core.results.vocabulary import LIKELIHOODS

CATEGORIES = ("adult", "violence", "racy")
FROM = LIKELIHOODS.index("LIKELY")


def is_flagged(annotations: Annotations) -> bool:
    """Whether safe search finds it likely that some viewers would not want to see this."""
    return any(
        LIKELIHOODS.index(annotations.safe.get(name, "UNKNOWN")) >= FROM for name in CATEGORIES
    )
