"""LANDMARK_DETECTION with a gallery of one temple and one cup."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from google.cloud import vision
from PIL import Image

from core.engine.annotators.landmarks import DETAIL, GALLERY, LandmarkAnnotator
from core.engine.galleries.entries import ABOUT, About, read_about
from core.engine.galleries.galleries import SignedGallery
from core.engine.galleries.picture_index import PictureIndex
from core.engine.models.label_model import label_model
from core.engine.models.model_store import ModelStore
from core.pictures.picture import Picture
from tests.kit.pictures.real_pictures import sample

pytestmark = pytest.mark.slow

PALACE = '{"name": "Summer Palace", "lat": 39.9996, "lng": 116.2755}'


def photograph(name: str) -> Image.Image:
    return Image.fromarray(np.array(sample(name).pixels))


@pytest.fixture
def annotator(tmp_path: Path, model_store: ModelStore) -> LandmarkAnnotator:
    folder = tmp_path / GALLERY
    for place, name in (("palace", "china.jpg"), ("cup", "coffee.png")):
        (folder / place).mkdir(parents=True)
        photograph(name).save(folder / place / "photo.png")
    (folder / "palace" / "landmark.json").write_text(PALACE)
    index, model = PictureIndex(tmp_path / "index.sqlite3"), label_model(model_store)
    return LandmarkAnnotator(model, index, SignedGallery(folder, GALLERY, index, model, DETAIL))


def ask(annotator: LandmarkAnnotator, image: Image.Image) -> list[vision.EntityAnnotation]:
    response = vision.AnnotateImageResponse()
    picture = Picture(np.asarray(image))
    annotator.annotate(picture, vision.Feature(), vision.ImageContext(), response)
    return list(response.landmark_annotations)


def test_a_place_is_named_and_located(annotator: LandmarkAnnotator) -> None:
    palace = photograph("china.jpg")
    width, height = palace.size
    # From another side: the right edge shorter, and darker.
    seen = palace.transform(
        palace.size,
        Image.Transform.QUAD,
        (0, 0, -20, height, width, height + 60, width, -60),
        Image.Resampling.BILINEAR,
    ).point(lambda value: value * 0.7)
    (annotation,) = ask(annotator, seen)
    assert annotation.description == "Summer Palace" and 0 < annotation.score <= 1
    (place,) = annotation.locations
    assert (place.lat_lng.latitude, place.lat_lng.longitude) == (39.9996, 116.2755)
    corners = [(vertex.x, vertex.y) for vertex in annotation.bounding_poly.vertices]
    assert len(corners) == 4 and corners[2][0] - corners[0][0] > width / 3


def test_other_pictures_are_no_landmark(annotator: LandmarkAnnotator) -> None:
    for name in ("astronaut.png", "rocket.jpg", "flower.jpg"):
        assert ask(annotator, photograph(name)) == []


def test_a_place_without_description_goes_by_its_folder(annotator: LandmarkAnnotator) -> None:
    (annotation,) = ask(annotator, photograph("coffee.png"))
    assert annotation.description == "cup" and not annotation.locations


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (PALACE, About("Summer Palace", (39.9996, 116.2755))),
        ('{"lat": 1, "lng": 2}', About("here", (1.0, 2.0))),
        ('{"name": "X", "lat": 91, "lng": 2}', About("X", None)),
        ('{"name": "X", "lat": NaN, "lng": 2}', About("X", None)),
        ('{"name": "X", "lat": null, "lng": 2}', About("X", None)),
        ('{"name": "X"}', About("X", None)),
        ("[1]", About("here", None)),
        ("{", About("here", None)),
        ("\udcff", About("here", None)),
    ],
)
def test_descriptions_good_and_bad(text: str, wanted: About, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "landmark.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_about(folder, ABOUT[GALLERY]) == wanted
