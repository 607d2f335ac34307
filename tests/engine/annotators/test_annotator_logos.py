"""LOGO_DETECTION, with made-up logos pasted into real photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from google.cloud import vision
from PIL import Image, ImageDraw, ImageFont

from core.engine.annotators.logos import LogoAnnotator
from core.engine.galleries.galleries import LOOK_AGAIN_S, Watched
from core.pictures.picture import Picture
from tests.kit.pictures.real_pictures import sample

pytestmark = pytest.mark.slow


def logo(word: str, colour: str) -> Image.Image:
    """A badge with a word, on nothing."""
    made = Image.new("RGBA", (260, 200), (0, 0, 0, 0))
    pen = ImageDraw.Draw(made)
    pen.polygon([(10, 100), (60, 10), (200, 10), (250, 100), (200, 190), (60, 190)], fill=colour)
    pen.ellipse((30, 30, 90, 90), fill="white", outline="black", width=5)
    pen.text((50, 100), word, fill="white", font=ImageFont.load_default(56))
    pen.line((60, 172, 200, 172), fill="yellow", width=7)
    return made


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    for name, colour in (("Acme", "navy"), ("Bolt", "darkred")):
        (tmp_path / name).mkdir()
        logo(name, colour).save(tmp_path / name / "logo.png")
    return tmp_path


def scene(*placed: tuple[Image.Image, int, int], turned: float = 0.0) -> Picture:
    image = Image.fromarray(np.array(sample("coffee.png").pixels)).resize((900, 600))
    for made, x, y in placed:
        small = made.resize((130, 100)).rotate(turned, Image.Resampling.BICUBIC, expand=True)
        image.paste(small, (x, y), small)
    return Picture(np.asarray(image))


def ask(annotator: LogoAnnotator, picture: Picture, most: int = 0) -> list[vision.EntityAnnotation]:
    response = vision.AnnotateImageResponse()
    feature = vision.Feature(max_results=most)
    annotator.annotate(picture, feature, vision.ImageContext(), response)
    return list(response.logo_annotations)


@pytest.mark.parametrize("turned", [0.0, 30.0])
def test_a_logo_is_named_and_placed(gallery: Path, turned: float) -> None:
    picture = scene((logo("Acme", "navy"), 600, 380), turned=turned)
    (annotation,) = ask(LogoAnnotator(Watched(gallery)), picture)
    assert annotation.description == "Acme" and 0.6 <= annotation.score <= 1.0
    assert not annotation.mid and not annotation.locale
    corners = np.array([(v.x, v.y) for v in annotation.bounding_poly.vertices])
    middle = (665, 430) if not turned else (600 + 81, 380 + 76)
    assert corners.mean(axis=0) == pytest.approx(middle, abs=12)


def test_several_logos_and_the_same_one_twice(gallery: Path) -> None:
    acme, bolt = logo("Acme", "navy"), logo("Bolt", "darkred")
    picture = scene((acme, 20, 20), (bolt, 740, 30), (acme, 720, 480))
    annotator = LogoAnnotator(Watched(gallery))
    annotations = ask(annotator, picture)
    assert sorted(one.description for one in annotations) == ["Acme", "Acme", "Bolt"]
    scores = [one.score for one in annotations]
    assert scores == sorted(scores, reverse=True)
    assert len(ask(annotator, picture, most=2)) == 2


@pytest.mark.parametrize("name", ["coffee.png", "page.png", "china.jpg", "brick.png"])
def test_no_logo_where_there_is_none(name: str, gallery: Path) -> None:
    assert ask(LogoAnnotator(Watched(gallery)), sample(name)) == []


def test_the_gallery_may_be_empty_broken_and_filled_while_it_runs(tmp_path: Path) -> None:
    now = [0.0]
    (tmp_path / "loose.png").write_bytes(b"?")
    annotator = LogoAnnotator(Watched(tmp_path, lambda: now[0]))
    picture = scene((logo("Acme", "navy"), 600, 380))
    assert ask(annotator, picture) == []
    (tmp_path / "Acme").mkdir()
    logo("Acme", "navy").save(tmp_path / "Acme" / "a.png")
    (tmp_path / "Acme" / "b.png").write_bytes(b"no picture")
    now[0] += LOOK_AGAIN_S
    assert [one.description for one in ask(annotator, picture)] == ["Acme"]
