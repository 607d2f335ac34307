"""CROP_HINTS: the windows by themselves, then real pictures."""

from __future__ import annotations

import numpy as np
import pytest
from google.cloud import vision
from hypothesis import given
from hypothesis import strategies as st

from core.engine.annotators.crop_hints import best_window, own_window, spectral_residual
from core.pictures.picture import Picture
from tests.kit.pictures.real_pictures import Annotate, sample

Box = tuple[int, int, int, int]


def spot(x: int, y: int, size: int = 16) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    saliency = np.zeros((128, 128))
    saliency[y : y + size, x : x + size] = 1.0
    return saliency


@pytest.mark.parametrize("x", [0, 20, 56, 100, 112])
def test_a_window_holds_the_spot_in_its_middle_where_it_can(x: int) -> None:
    window = best_window(spot(x, 40), 0.5, 1.0)
    assert window.saliency == pytest.approx(1.0, abs=0.01)
    assert window.left <= x / 128 + 0.01 and window.right >= (x + 16) / 128 - 0.01
    wanted = min(max((x + 8) / 128 - 0.25, 0), 0.5)
    assert window.left == pytest.approx(wanted, abs=0.01)


@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.integers(0, 112), st.integers(0, 112))
def test_a_window_has_its_size_and_lies_inside(wide: float, high: float, x: int, y: int) -> None:
    window = best_window(spot(x, y), wide, high)
    assert window.right - window.left == pytest.approx(wide)
    assert window.bottom - window.top == pytest.approx(high)
    assert min(window[:2]) >= -1e-9 and max(window[2:4]) <= 1 + 1e-9
    assert 0 < window.saliency <= 1 + 1e-9


def test_without_saliency_the_middle_is_kept() -> None:
    window = best_window(np.zeros((128, 128)), 0.5, 1.0)
    assert (window.left, window.right) == (0.25, 0.75)
    assert own_window(np.zeros((128, 128)))[:4] == (0.0, 0.0, 1.0, 1.0)


def test_the_own_window_wraps_the_spot() -> None:
    window = own_window(spot(64, 32))
    assert 0.4 < window.left < 0.5 and 0.62 < window.right < 0.72
    assert 0.15 < window.top < 0.25 and window.saliency == pytest.approx(1.0)


def test_a_window_larger_than_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        best_window(spot(0, 0), 1.5, 1.0)


def test_the_residual_marks_what_breaks_a_pattern() -> None:
    rows, columns = np.mgrid[:128, :128]
    grey = 128 + 60 * np.sin(columns / 2) + 10 * np.sin(rows / 3)
    grey[60:68, 90:98] = 0
    y, x = np.unravel_index(spectral_residual(grey).argmax(), grey.shape)
    assert 55 <= y <= 72 and 85 <= x <= 102


def test_the_residual_of_a_plain_picture_is_nothing() -> None:
    assert not spectral_residual(np.full((128, 128), 200.0)).any()


def hints(annotate: Annotate, picture: Picture, *ratios: float) -> list[Box]:
    context = vision.ImageContext(crop_hints_params={"aspect_ratios": ratios})
    response = annotate("CROP_HINTS", picture, context)
    boxes = []
    for hint in response.crop_hints_annotation.crop_hints:
        (left, top), second, (right, bottom), fourth = (
            (v.x, v.y) for v in hint.bounding_poly.vertices
        )
        assert second == (right, top) and fourth == (left, bottom)
        assert 0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height
        assert 0 <= hint.confidence <= 1 and 0 <= hint.importance_fraction <= 1.000001
        boxes.append((left, top, right, bottom))
    return boxes


def test_hints_honour_the_ratios_in_their_order(annotate: Annotate) -> None:
    china = sample("china.jpg")
    ratios = (1.0, 1.777, 0.5, 3.0)
    boxes = hints(annotate, china, *ratios)
    assert len(boxes) == len(ratios)
    for (left, top, right, bottom), ratio in zip(boxes, ratios, strict=True):
        assert (right - left) / (bottom - top) == pytest.approx(ratio, rel=0.02)
        assert right - left == china.width or bottom - top == china.height  # as large as can be


def test_the_pagoda_and_the_flower_are_not_cut(annotate: Annotate) -> None:
    left, _, right, _ = hints(annotate, sample("china.jpg"), 0.8)[0]
    assert left < 75 and right > 360  # where the pagoda's widest roof begins and ends
    left, top, right, bottom = hints(annotate, sample("flower.jpg"), 1.0)[0]
    assert left < 235 and right > 430 and top < 90 and bottom > 340


def test_without_ratios_one_hint_around_the_subject(annotate: Annotate) -> None:
    (only,) = hints(annotate, sample("flower.jpg"))
    left, top, right, bottom = only
    assert left < 235 and right > 430 and top < 90 and bottom > 330
    assert (right - left) * (bottom - top) < 0.5 * 640 * 427


def test_at_most_sixteen_and_nonsense_is_left_out(annotate: Annotate) -> None:
    flower = sample("flower.jpg")
    assert len(hints(annotate, flower, *[1.0] * 20)) == 16
    assert hints(annotate, flower, 0.0, -1.0, float("nan"), float("inf")) == []
    assert len(hints(annotate, flower, 0.0, 1.5)) == 1
