"""LABEL_DETECTION on real and drawn pictures; the rules by themselves: test_label_rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.cloud import vision
from PIL import Image, ImageDraw, ImageFont

from core.engine.annotators import CAPABILITIES, Annotator, load
from core.engine.annotators.labels.labels import LabelAnnotator, make, make_quick
from core.engine.models import object_finder
from core.engine.models.catalog import MODELS
from core.engine.models.faces import face_finder
from core.engine.models.model_store import ModelStore
from core.errors import ModelMissing
from core.jobs.samples import samples
from core.pictures.picture import Picture
from tests.kit.pictures.real_pictures import Annotate, feature_type, picture_from, sample

pytestmark = pytest.mark.slow


def names_of(response: vision.AnnotateImageResponse) -> list[str]:
    return [label.description for label in response.label_annotations]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chelsea.png", {"Cat", "Mammal", "Animal"}),
        ("coffee.png", {"Espresso", "Drink", "Food"}),
        ("camera.png", {"Tripod", "Person"}),
        ("astronaut.png", {"Person", "Portrait"}),
        ("motorcycle_left.png", {"Motorcycle", "Vehicle"}),
        ("china.jpg", {"Building", "Water"}),
        ("page.png", {"Text", "Document"}),
        ("gravel.png", {"Texture", "Monochrome"}),
        ("grass.png", {"Texture", "Monochrome"}),
        ("brick.png", {"Texture", "Monochrome"}),
        ("phantom.png", {"Graphics", "Monochrome"}),
        ("chessboard_RGB.png", {"Graphics", "Pattern"}),
    ],
)
def test_real_pictures(name: str, expected: set[str], annotate: Annotate) -> None:
    assert expected <= set(names_of(annotate("LABEL_DETECTION", sample(name))))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hubble_deep_field.jpg", ["Astronomical object"]),
        ("moon.png", ["Astronomical object", "Monochrome"]),  # the classes alone said Nematode
        ("flower.jpg", ["Flower", "Plant", "Nature"]),
        ("rocket.jpg", ["Sky", "Blue"]),
    ],
)
def test_what_only_the_fitted_words_know(name: str, words: list[str], annotate: Annotate) -> None:
    assert names_of(annotate("LABEL_DETECTION", sample(name))) == words


def test_what_no_witness_knows_gets_no_made_up_label(annotate: Annotate) -> None:
    assert not annotate("LABEL_DETECTION", sample("ihc.png")).label_annotations


def test_of_a_picture_without_colour_only_that_is_said(annotate: Annotate) -> None:
    # The objects said a clock.
    assert names_of(annotate("LABEL_DETECTION", sample("coins.png"))) == ["Monochrome"]


PRINT = ("Website", "Menu", "Envelope", "Computer", "Machine", "Electronic equipment", "Container")


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("receipt.jpg", "Text"),
        ("letter.jpg", "Text"),
        ("menu.jpg", "Text"),
        ("poster.jpg", "Text"),
        ("boarding-pass.webp", "Text"),
        ("business-card.jpg", "Text"),
        ("bar-chart.png", "Text"),
        ("web-page.png", "Text"),
        ("crossword.gif", "Crossword"),
        ("balloons.jpg", "Graphics"),
        ("composition.png", "Graphics"),
    ],
)
def test_drawings_of_the_sample_batch(name: str, first: str, annotate: Annotate) -> None:
    drawn = picture_from(Image.open(samples.FOLDER / name).convert("RGB"))
    names = names_of(annotate("LABEL_DETECTION", drawn))
    assert names[0] == first
    assert not set(names) & set(PRINT)


def test_a_word_along_a_strip_is_text(annotate: Annotate) -> None:
    image = Image.new("RGB", (420, 90), "#135")
    ImageDraw.Draw(image).text((12, 4), "Harbour", "white", ImageFont.load_default(76))
    assert names_of(annotate("LABEL_DETECTION", picture_from(image)))[0] == "Text"


def test_one_hue_is_named(annotate: Annotate) -> None:
    ramp = np.linspace(60, 255, 300).astype(np.uint8)
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[..., 2] = ramp
    assert "Blue" in names_of(annotate("LABEL_DETECTION", Picture(pixels)))


def test_the_response_is_shaped_as_the_service_does_it(annotate: Annotate) -> None:
    cat = sample("chelsea.png")
    labels = annotate("LABEL_DETECTION", cat, most=3).label_annotations
    assert len(labels) == 3
    assert len(annotate("LABEL_DETECTION", cat).label_annotations) <= 10
    for label in labels:
        assert label.score == label.topicality and 0 < label.score <= 1 and not label.mid


def test_what_else_is_asked_changes_no_label(annotate: Annotate) -> None:
    name = "astronaut.png"
    alone = annotate("LABEL_DETECTION", Picture(sample(name).pixels))
    shared = Picture(sample(name).pixels)
    for other in ("FACE_DETECTION", "OBJECT_LOCALIZATION", "DOCUMENT_TEXT_DETECTION"):
        annotate(other, shared)
    assert annotate("LABEL_DETECTION", shared) == alone
    # ... and being asked after labels changes no other answer.
    for other in ("FACE_DETECTION", "OBJECT_LOCALIZATION"):
        assert annotate(other, shared) == annotate(other, Picture(sample(name).pixels))


def test_faces_and_objects_are_sought_once(
    annotate: Annotate, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    def watch(module: Any, name: str) -> None:
        real = getattr(module, name)

        def watched(*given: Any) -> Any:
            looks.append(name)
            return real(*given)

        monkeypatch.setattr(module, name, watched)

    watch(object_finder, "model_input_of")
    watch(face_finder, "_decode")
    picture = Picture(sample("astronaut.png").pixels)  # over 410 pixels: one look for faces
    for feature in ("OBJECT_LOCALIZATION", "FACE_DETECTION", "LABEL_DETECTION"):
        annotate(feature, picture)
    assert sorted(looks) == ["_decode", "model_input_of"]


def answers(annotator: Annotator, picture: Picture) -> list[str]:
    response = vision.AnnotateImageResponse()
    annotator.annotate(picture, vision.Feature(), vision.ImageContext(), response)
    return names_of(response)


def test_quick_labels_look_for_no_faces_and_say_so(model_store: ModelStore) -> None:
    quick = make_quick(model_store)
    assert "Portrait" not in answers(quick, sample("astronaut.png"))  # which takes a face
    assert "Cat" in answers(quick, sample("chelsea.png"))
    differs = quick.differs()
    assert differs["model"] != CAPABILITIES["LABEL_DETECTION"].model
    assert "without faces and objects" in differs["limits"]
    asked = load(feature_type("LABEL_DETECTION"), model_store, quick_labels=True)
    assert isinstance(asked, LabelAnnotator) and asked.differs() == differs
    assert asked is not load(feature_type("LABEL_DETECTION"), model_store)


def test_without_the_model_of_objects_labels_come_and_are_named_otherwise(
    model_store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Without(ModelStore):
        def path(self, name: str) -> Path:
            if name == "nanodet":
                raise ModelMissing("No npm here", then="Install it.")
            return model_store.path(name)

    annotator = make(Without(tmp_path, MODELS))
    assert annotator.differs()["model"].endswith("without objects")
    assert "Person" in answers(annotator, sample("astronaut.png"))  # the face is enough
    assert make(model_store).differs() == {}
