"""What is measured of a picture's surface, on pictures whose measures are known."""

from __future__ import annotations

import numpy as np
import pytest

from core.engine.annotators.picture_statistics import measure
from core.pictures.picture import Picture

RNG = np.random.default_rng(3)


def plain(red: int, green: int, blue: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((120, 160, 3), (red, green, blue), np.uint8)


def test_a_plain_picture() -> None:
    statistics = measure(Picture(plain(250, 250, 250)))
    assert statistics.colours == 1 and statistics.flat == 1.0
    assert statistics.contrast == statistics.chroma == statistics.uneven == 0.0
    assert statistics.likeness == pytest.approx(1.0) and statistics.hue == ""


def test_noise_is_alike_everywhere_and_nowhere_flat() -> None:
    statistics = measure(Picture(RNG.integers(0, 256, (200, 240, 3)).astype(np.uint8)))
    assert statistics.colours > 1000 and statistics.flat < 0.01 and statistics.likeness > 0.8


def test_two_halves_are_uneven_and_unlike() -> None:
    pixels = plain(0, 0, 0)
    pixels[:, 80:] = 255
    statistics = measure(Picture(pixels))
    assert statistics.colours == 2 and statistics.uneven > 0.9 and statistics.likeness < 0.6
    assert statistics.crisp == 1.0
    assert statistics.ratio == pytest.approx(4 / 3)


def test_soft_edges_are_not_crisp() -> None:
    ramp = np.clip(np.linspace(-200, 455, 160), 0, 255).astype(np.uint8)
    statistics = measure(Picture(np.repeat(np.tile(ramp, (120, 1))[..., None], 3, axis=2)))
    assert statistics.crisp == 0.0 and 0.4 < statistics.flat < 0.8


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((220, 20, 30), "Red"),
        ((230, 20, 60), "Red"),
        ((240, 130, 20), "Orange"),
        ((110, 70, 30), "Brown"),
        ((240, 220, 30), "Yellow"),
        ((30, 180, 60), "Green"),
        ((40, 200, 200), "Turquoise"),
        ((6, 74, 92), "Teal"),
        ((110, 40, 75), "Purple"),
        ((30, 60, 200), "Blue"),
        ((130, 40, 200), "Purple"),
        ((240, 60, 170), "Pink"),
        ((128, 128, 128), ""),
    ],
)
def test_hues_have_names(colour: tuple[int, int, int], name: str) -> None:
    statistics = measure(Picture(plain(*colour)))
    assert statistics.hue == name and statistics.hue_share == (1.0 if name else 0.0)


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((5, 5, 5), "Black"),
        ((62, 65, 73), "Grey"),
        ((128, 128, 128), "Grey"),
        ((250, 250, 250), "White"),
    ],
)
def test_what_has_no_hue_has_a_name(colour: tuple[int, int, int], name: str) -> None:
    statistics = measure(Picture(plain(*colour)))
    assert (statistics.neutral, statistics.neutral_share) == (name, 1.0)


def test_a_pale_colour_is_not_called_grey() -> None:
    statistics = measure(Picture(plain(220, 235, 220)))
    assert statistics.neutral_share == 0.0 and statistics.tinted == 1.0
    assert measure(Picture(plain(128, 128, 128))).tinted == 0.0


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 3000, 3), (3000, 2, 3), (5, 7, 3)])
def test_odd_shapes_are_measured(shape: tuple[int, ...]) -> None:
    statistics = measure(Picture(np.zeros(shape, np.uint8)))
    assert statistics.colours == 1 and all(np.isfinite(value) for value in statistics[:8])
