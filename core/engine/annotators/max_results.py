"""What a request may say of a feature, read as the service reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.cloud import vision

DEFAULT_MAX_RESULTS = 10


def most_results(feature: vision.Feature) -> int:
    """How many results are wanted; the service's default where the number says nothing.

    Not for text and crop hints, to which ``max_results`` does not apply.
    """
    return feature.max_results if feature.max_results > 0 else DEFAULT_MAX_RESULTS
