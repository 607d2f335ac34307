"""The real models that tests of annotators share."""

from __future__ import annotations

import pytest
from google.cloud import vision

from core.engine.annotators import load
from core.engine.onnx_models import ModelStore
from core.engine.pictures import Picture
from core.settings import Settings
from tests.engine.real_pictures import Annotate, feature_type


@pytest.fixture(scope="session")
def model_store() -> ModelStore:
    """The same folder as the engine's, so that tests fetch nothing twice."""
    return ModelStore(Settings.from_env().home / "engine" / "models")


@pytest.fixture(scope="session")
def annotate(model_store: ModelStore) -> Annotate:
    """One feature on one picture with the real models."""

    def run(
        name: str, picture: Picture, context: vision.ImageContext | None = None, most: int = 0
    ) -> vision.AnnotateImageResponse:
        kind = feature_type(name)
        annotator = load(kind, model_store)
        assert annotator is not None
        response = vision.AnnotateImageResponse()
        feature = vision.Feature(type_=kind, max_results=most)
        annotator.annotate(picture, feature, context or vision.ImageContext(), response)
        return response

    return run
