"""The finder of lines, beside rapidocr's own pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from core.engine.ocr import line_finder
from core.engine.ocr.line_finder import LineFinder, wheel_file
from core.errors import ModelMissing
from core.pictures.picture import Picture
from tests.kit.pictures.real_pictures import sample

Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]


@pytest.fixture(scope="module")
def finder() -> LineFinder:
    return LineFinder()


@pytest.fixture(scope="module")
def rapidocr() -> Any:
    from rapidocr import RapidOCR

    quiet = {"Global.use_cls": False, "Global.use_rec": False, "Global.log_level": "critical"}
    sizes = {"Det.limit_type": "max", "Det.limit_side_len": 1600}
    return RapidOCR(params={**quiet, **sizes})


def drawn(width: int, height: int, at: tuple[int, int], size: int, text: str) -> Pixels:
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).text(at, text, "black", ImageFont.load_default(size))
    return np.asarray(image)


PICTURES: dict[str, Callable[[], Any]] = {
    "a page": lambda: sample("page.png").pixels,
    "a word": lambda: drawn(300, 120, (20, 30), 40, "Hello"),
    "a strip": lambda: drawn(900, 40, (10, 4), 26, "A strip that is much wider than high"),
    "a low strip": lambda: drawn(200, 28, (4, 2), 20, "low and short"),
    "nothing": lambda: np.full((200, 300, 3), 200, np.uint8),
}


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_finds_what_rapidocr_finds(name: str, finder: LineFinder, rapidocr: Any) -> None:
    pixels = np.asarray(PICTURES[name]())
    theirs = rapidocr(np.ascontiguousarray(pixels[:, :, ::-1])).boxes
    expected = [] if theirs is None else np.asarray(theirs, np.float64).tolist()
    quads = sorted(finder.look_at(pixels).quads.tolist())
    assert len(quads) == len(expected) and (len(quads) > 0) == (name != "nothing")
    if quads:
        assert (
            np.abs(np.array(quads) - np.array(sorted(expected))).max() <= 5
        )  # rapidocr enlarges a low strip


def test_a_picture_too_small_for_a_letter_is_not_stretched(finder: LineFinder) -> None:
    look = finder.look_at(np.zeros((7, 3000, 3), np.uint8))
    assert look.quads.shape == (0, 4, 2) and look.trace == 0.0


def test_opencv_keeps_to_one_thread(finder: LineFinder) -> None:
    import cv2

    assert cv2.getNumThreads() == 1


def test_a_missing_model_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_finder, "find_spec", lambda _: None)
    with pytest.raises(ModelMissing, match=r"requirements\.txt"):
        wheel_file("PP-OCRv6_det_small.onnx")


def test_only_what_shows_a_sign_of_a_letter_is_looked_at_closer(
    finder: LineFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = Picture(drawn(1600, 1200, (1200, 1100), 20, "Photo: M. Keller"))
    left, top, right, bottom = finder.look(picture, 640).signs
    assert left < 1200 / 1600 < right and top < 1100 / 1200 < bottom
    looked_at: list[tuple[int, ...]] = []
    real = LineFinder.look_at

    def noted(self: LineFinder, pixels: Pixels) -> Any:
        looked_at.append(pixels.shape)
        return real(self, pixels)

    monkeypatch.setattr(LineFinder, "look_at", noted)
    (closer,) = finder.look_closer(picture, 1600, (left, top, right, bottom))
    ((height, width, _),) = looked_at
    assert height * width < 0.15 * 1600 * 1200
    # The look at the whole picture misses this line.
    corners = np.array([[1200, 1102], [1342, 1102], [1342, 1125], [1200, 1125]])
    assert np.abs(closer - corners).max() <= 6
    finder.look_closer(picture, 960, (0.1, 0.1, 1.0, 1.0))
    assert looked_at[1:] == [(720, 960, 3)]


def test_a_picture_without_a_letter_shows_no_sign(finder: LineFinder) -> None:
    look = finder.look_at(np.full((300, 400, 3), 200, np.uint8))
    assert look.signs == (0.0, 0.0, 0.0, 0.0) and look.trace < 0.3
