"""SAFE_SEARCH_DETECTION: how likely content of five kinds is."""

from __future__ import annotations

from core.results.features.feature import Feature, Table, likelihood
from core.results.messages import Message
from core.results.vocabulary import SAFE_CATEGORIES


class SafeSearch(Message):
    """SafeSearchAnnotation; a missing category is UNKNOWN."""

    adult: int | str = 0
    spoof: int | str = 0
    medical: int | str = 0
    violence: int | str = 0
    racy: int | str = 0


FEATURE = Feature(
    "safe search",
    fields=("safe_search_annotation",),
    tables={
        "safe_search": Table(
            {name: likelihood(name) for name in SAFE_CATEGORIES}, rows=lambda answer: (answer,)
        )
    },
)
