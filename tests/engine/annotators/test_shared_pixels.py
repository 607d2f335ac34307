"""One picture, many features: decoded once, made smaller once."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from google.cloud import vision
from PIL import Image

from core.engine.models.model_store import ModelStore
from core.engine.workers.kit import real_kit
from core.engine.workers.worker import WorkerConfig, annotate
from core.pictures import decoding
from core.pictures.picture import decode
from core.settings import Settings
from tests.kit.pictures.real_pictures import feature_type, sample

pytestmark = pytest.mark.slow

SMALL_MODELS = (
    "LABEL_DETECTION",
    "SAFE_SEARCH_DETECTION",
    "IMAGE_PROPERTIES",
    "CROP_HINTS",
    "FACE_DETECTION",
)
TEXT = "DOCUMENT_TEXT_DETECTION"


def jpeg(width: int, height: int, name: str = "coffee.png") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(sample(name).pixels).resize((width, height)).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def ask(model_store: ModelStore) -> Callable[..., vision.AnnotateImageResponse]:
    config = WorkerConfig(real_kit(), Settings.from_env().home / "engine" / "models", "")

    def run(data: bytes, *names: str) -> vision.AnnotateImageResponse:
        request = vision.AnnotateImageRequest(
            image=vision.Image(content=data),
            features=[vision.Feature(type_=feature_type(name)) for name in names],
        )
        answer = annotate(config, vision.AnnotateImageRequest.serialize(request), as_json=False)
        response: vision.AnnotateImageResponse = vision.AnnotateImageResponse.deserialize(answer)
        return response

    return run


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one at each decoding of a file."""
    real, calls = decoding.decode, list[int]()

    def counted(data: bytes, at_least: int | None = None, where: str = "") -> decoding.Decoded:
        calls.append(len(data))
        return real(data, at_least, where)

    monkeypatch.setattr(decoding, "decode", counted)
    return calls


@pytest.mark.parametrize(
    ("size", "names"),
    [
        ((900, 600), (*SMALL_MODELS, TEXT)),
        ((3000, 2000), SMALL_MODELS),
    ],
)
def test_all_features_share_one_decoding(
    size: tuple[int, int],
    names: tuple[str, ...],
    ask: Callable[..., vision.AnnotateImageResponse],
    opened: list[int],
) -> None:
    data = jpeg(*size)
    opened.clear()
    response = ask(data, *names)
    assert opened == [len(data)]
    assert not response.error.code and response.label_annotations  # they did look at it
    assert response.image_properties_annotation.dominant_colors.colors


def test_reading_a_large_picture_decodes_it_whole_once_more(
    ask: Callable[..., vision.AnnotateImageResponse], opened: list[int]
) -> None:
    data = jpeg(3000, 1500, "page.png")
    opened.clear()
    response = ask(data, TEXT, "TEXT_DETECTION", *SMALL_MODELS)
    assert "markers" in response.full_text_annotation.text
    assert opened == [len(data)] * 2


def test_no_reduced_copy_is_made_twice(
    ask: Callable[..., vision.AnnotateImageResponse], monkeypatch: pytest.MonkeyPatch
) -> None:
    reductions: list[Any] = []
    real = Image.Image.reduce

    def counted(image: Image.Image, factor: Any, *rest: Any, **more: Any) -> Image.Image:
        if min(image.size) >= 900:  # of the picture; Pillow's resize calls it too
            reductions.append(factor)
        return real(image, factor, *rest, **more)

    monkeypatch.setattr(Image.Image, "reduce", counted)
    ask(jpeg(1200, 900), *(name for name in SMALL_MODELS if name != "IMAGE_PROPERTIES"))
    assert sorted(reductions) == [2, 3, 4, 7]


def test_a_reduced_copy_is_not_taken_from_before_the_picture_was_decoded_larger() -> None:
    picture = decode(jpeg(5200, 3900))  # decoded at a quarter first
    assert picture.fitted(640, (640, 480)).shape == (480, 640, 3)
    few = max(picture.reduced(640).size)
    assert picture.pixels.shape == (3900, 5200, 3)
    assert few < 2000 < max(picture.reduced(2000).size)
    assert 640 <= max(picture.reduced(640).size) < 1280


def test_a_reduced_picture_keeps_its_shape() -> None:
    picture = decode(jpeg(3000, 1000))
    small = picture.reduced(512)
    assert 512 <= small.width < 1024 and small.width / small.height == pytest.approx(3, abs=0.02)
    assert picture.reduced(512) is small
    tiny = decode(jpeg(300, 100))
    assert tiny.reduced(512).size == (300, 100)
