"""What holds for every annotator."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from google.cloud import vision
from google.protobuf import json_format

from core.engine.annotators import CAPABILITIES, load
from core.engine.models.model_store import ModelStore
from core.engine.protocol.request_checks import check_sync
from core.pictures.picture import Picture
from tests.kit.pictures.real_pictures import Annotate, feature_type, sample

SUPPORTED = sorted(name for name, capability in CAPABILITIES.items() if capability.supported)
NOISE = np.random.default_rng(1).integers(0, 256, (90, 120, 3)).astype(np.uint8)
ODD = {
    "one pixel": np.zeros((1, 1, 3), np.uint8),
    "all black": np.zeros((200, 300, 3), np.uint8),
    "all white": np.full((300, 200, 3), 255, np.uint8),
    "a row": np.zeros((1, 3000, 3), np.uint8),
    "a column": np.full((3000, 2, 3), 128, np.uint8),
    "noise": NOISE,
}


def test_every_feature_of_the_service_has_a_capability() -> None:
    features = set(vision.Feature.Type.__members__) - {"TYPE_UNSPECIFIED"}
    assert set(CAPABILITIES) == features


@pytest.mark.parametrize("name", sorted(CAPABILITIES))
def test_capabilities_speak_and_match_what_loads(
    name: str, loaded: Callable[[str], object]
) -> None:
    capability = CAPABILITIES[name]
    assert capability.feature == name
    assert capability.does.endswith(".") and capability.limits.endswith(".")
    assert bool(capability.model) == bool(capability.licence)
    assert (loaded(name) is not None) == capability.supported


@pytest.mark.parametrize("name", SUPPORTED)
@pytest.mark.parametrize("odd", sorted(ODD))
def test_odd_pictures_raise_nothing(name: str, odd: str, annotate: Annotate) -> None:
    picture = Picture(ODD[odd])
    context = vision.ImageContext(crop_hints_params={"aspect_ratios": [1.0, 0.001, 500.0]})
    response = annotate(name, picture, context)
    text = json_format.MessageToJson(vision.AnnotateImageResponse.pb(response))
    assert vision.AnnotateImageResponse.from_json(text) == response
    assert not response.error.code


@pytest.mark.parametrize("odd", ["one pixel", "all black", "all white", "a row", "a column"])
def test_empty_pictures_show_and_say_nothing(odd: str, annotate: Annotate) -> None:
    assert not annotate("TEXT_DETECTION", Picture(ODD[odd])).text_annotations


def test_describing_the_engine_loads_no_model_library() -> None:
    code = (
        "import core.engine.annotators, sys;"
        "print([m for m in ('onnxruntime', 'cv2', 'rapidocr', 'google.cloud') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_text_and_document_text_share_one_annotator(model_store: ModelStore) -> None:
    text, document = (
        load(feature_type(name), model_store)
        for name in ("TEXT_DETECTION", "DOCUMENT_TEXT_DETECTION")
    )
    assert text is document


LISTS = {
    "LABEL_DETECTION": "label_annotations",
    "OBJECT_LOCALIZATION": "localized_object_annotations",
}


@pytest.mark.parametrize("name", sorted(LISTS))
def test_results_fall_in_score_and_are_ten_at_most(name: str, annotate: Annotate) -> None:
    picture = sample("chelsea.png")
    annotations = getattr(annotate(name, picture), LISTS[name])
    scores = [one.score for one in annotations]
    assert scores and len(scores) <= 10 and scores == sorted(scores, reverse=True)
    assert len(getattr(annotate(name, picture, most=1), LISTS[name])) == 1
    assert len(getattr(annotate(name, picture, most=-3), LISTS[name])) == len(annotations)


@pytest.mark.parametrize("model", ["", "builtin/stable", "builtin/latest", "builtin/weekly"])
def test_every_model_of_the_service_is_accepted(model: str) -> None:
    request = vision.BatchAnnotateImagesRequest.pb()()
    one = request.requests.add()
    one.image.content = b"picture"
    one.features.add(type_=int(feature_type("LABEL_DETECTION")), model=model)
    check_sync(request, {"LABEL_DETECTION": {"supported": True}})


def test_a_context_that_does_not_concern_a_feature_changes_nothing(annotate: Annotate) -> None:
    picture = sample("page.png")
    context = vision.ImageContext(
        lat_long_rect={"min_lat_lng": {"latitude": 1.0}, "max_lat_lng": {"latitude": 2.0}},
        product_search_params={"filter": "a=b"},
        web_detection_params={"include_geo_results": True},
        text_detection_params={"advanced_ocr_options": ["legacy_layout"]},
        crop_hints_params={"aspect_ratios": [1.0]},
    )
    for name in ("LABEL_DETECTION", "DOCUMENT_TEXT_DETECTION", "IMAGE_PROPERTIES"):
        assert annotate(name, picture, context) == annotate(name, picture)


def test_json_has_names_of_enums_and_no_defaults(annotate: Annotate) -> None:
    response = annotate("DOCUMENT_TEXT_DETECTION", sample("page.png"))
    fields = json_format.MessageToDict(vision.AnnotateImageResponse.pb(response))
    assert set(fields) == {"textAnnotations", "fullTextAnnotation"}
    block = fields["fullTextAnnotation"]["pages"][0]["blocks"][0]
    assert block["blockType"] == "TEXT"
    word = block["paragraphs"][0]["words"][0]
    assert set(word) == {"property", "boundingBox", "symbols", "confidence"}
    assert set(word["symbols"][0]) == {"boundingBox", "text", "confidence"}
    breaks = [
        symbol["property"]["detectedBreak"]["type"]
        for paragraph in block["paragraphs"]
        for each in paragraph["words"]
        for symbol in each["symbols"]
        if "property" in symbol
    ]
    assert breaks[0] == "SPACE" and breaks[-1] == "LINE_BREAK" and "EOL_SURE_SPACE" in breaks
    adult = annotate("SAFE_SEARCH_DETECTION", sample("coffee.png"))
    said = json_format.MessageToDict(vision.AnnotateImageResponse.pb(adult))
    assert said["safeSearchAnnotation"]["adult"] == "VERY_UNLIKELY"
