"""Sizes, proportions and sharpness of pictures, and their classes."""

from __future__ import annotations

import io
from itertools import chain

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.results.analysis.picture_hashes import look_of
from core.results.analysis.picture_measures import CLASSES, PictureMeasures, sharpness_of
from core.results.pictures.thumbnails import make
from tests.kit.pictures.real_pictures import sample

SIZES = [(640, 479), (640, 480), (1000, 1000), (2000, 2000), (4000, 3000), (50, 100), (51, 100),
         (96, 100), (105, 100), (200, 100)]  # fmt: skip
MEASURES = PictureMeasures.of([(n, w, h, 60.0 * n) for n, (w, h) in enumerate(SIZES)])


def class_of(measure: str, place: int) -> str:
    return CLASSES[measure][int(MEASURES.classes(measure)[place])]


def test_sizes_fall_into_classes_by_their_pixels() -> None:
    said = [class_of("pixels", n).split()[:3] for n in range(5)]
    assert said == [
        ["below", "640", "x"],
        ["to", "1", "megapixel"],
        ["1", "to", "4"],
        ["4", "to", "12"],
        ["12", "megapixels", "and"],
    ]


def test_proportions_are_named_as_they_are_seen() -> None:
    said = [class_of("ratio", n).split(",")[0] for n in (5, 6, 7, 2, 8, 1, 9)]
    assert said == ["tall", "portrait", "square", "square", "landscape", "landscape", "wide"]


def test_counts_have_every_picture_once_and_lead_to_them() -> None:
    for measure, names in CLASSES.items():
        frame = MEASURES.counted(measure)
        assert frame["pictures"].sum() == len(SIZES)
        pictures = [MEASURES.within(measure, name) for name in names]
        assert sorted(chain.from_iterable(pictures)) == list(range(len(SIZES)))
    assert MEASURES.within("pixels", "<b>") == MEASURES.within("no measure", "sharp") == []


def test_nothing_measured_counts_nothing() -> None:
    nothing = PictureMeasures.of([])
    assert nothing.counted("ratio").empty
    assert nothing.largest([3, 4]) == 3


def test_the_largest_of_a_group_is_kept() -> None:
    assert MEASURES.largest([0, 3, 4, 2]) == 4
    assert MEASURES.largest([8, 7]) == 8


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png", "china.jpg"])
def test_a_blurred_photograph_is_less_sharp(name: str) -> None:
    image = Image.fromarray(sample(name).pixels)
    classes = []
    for radius in (0, image.width / 80):
        file = io.BytesIO()
        image.filter(ImageFilter.GaussianBlur(radius)).save(file, "PNG")
        look = look_of(make(file.getvalue(), "gs://b/x")[0], image.size)
        assert (look.width, look.height) == image.size
        one = PictureMeasures.of([(0, look.width, look.height, look.sharpness)])
        classes.append(int(one.classes("sharpness")[0]))
    assert classes[0] > classes[1] == 0


def test_a_plain_or_tiny_picture_has_no_detail() -> None:
    assert sharpness_of(np.full((9, 9), 7, np.float32)) == 0
    assert sharpness_of(np.zeros((2, 9), np.float32)) == 0
