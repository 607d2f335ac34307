"""Colours are compared and clustered as eyes see them."""

from __future__ import annotations

import numpy as np
import pytest

from core.results.palettes import batch_palette, hex_to_lab, to_hex, to_lab


@pytest.mark.parametrize(
    ("color", "lab"),
    [  # CIELAB under D65, from brucelindbloom.com's calculator
        ("#000000", (0, 0, 0)),
        ("#ffffff", (100, 0, 0)),
        ("#ff0000", (53.24, 80.09, 67.20)),
        ("#0000ff", (32.30, 79.19, -107.86)),
    ],
)
def test_lab_is_the_standard_one(color: str, lab: tuple[float, float, float]) -> None:
    assert hex_to_lab(color) == pytest.approx(lab, abs=0.1)


def test_hex_and_back() -> None:
    assert to_hex(0x00010A) == "#00010a"
    assert to_lab(np.array([0xFF0000]))[0] == pytest.approx(hex_to_lab("#ff0000"))


def test_three_groups_are_found_with_their_weights() -> None:
    rng = np.random.default_rng(1)
    centres = ((200, 30, 30), (30, 160, 60), (40, 50, 190))
    colors, weights = [], []
    for centre, weight in zip(centres, (5.0, 3.0, 2.0), strict=True):
        for shade in rng.normal(centre, 6, (200, 3)).round().astype(int):
            colors.append(int(shade[0]) << 16 | int(shade[1]) << 8 | int(shade[2]))
            weights.append(weight / 200)
    found = batch_palette(np.array(colors), np.array(weights), 3)
    assert found.shares == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
    for color, centre in zip(found.colors, centres, strict=True):
        assert (color >> 16, color >> 8 & 255, color & 255) == pytest.approx(centre, abs=4)
    assert all(1 < spread < 25 for spread in found.spreads)


def test_weight_counts_and_number_does_not() -> None:
    colors = np.array([0xFF0000] * 99 + [0x0000FF])
    weights = np.array([0.01] * 99 + [9.0])
    found = batch_palette(colors, weights, 2)
    assert found.colors == [0x0000FF, 0xFF0000]


def test_a_cluster_lies_where_its_weight_is() -> None:
    found = batch_palette(np.array([0x000000, 0xFFFFFF]), np.array([9.0, 1.0]), 1)
    assert to_lab(np.array(found.colors))[0] == pytest.approx((10, 0, 0), abs=0.5)


@pytest.mark.parametrize(
    ("colors", "weights", "k", "expected"),
    [
        ([], [], 8, []),
        ([0xFF0000], [0.0], 8, []),
        ([0xFF0000], [1.0], 0, []),
        ([0xFF0000], [1.0], 8, [0xFF0000]),
        ([0xFF0000, 0xFF0000, 0x00FF00], [0.1, 0.1, 1.0], 8, [0x00FF00, 0xFF0000]),
    ],
)
def test_few_colours(colors: list[int], weights: list[float], k: int, expected: list[int]) -> None:
    found = batch_palette(np.array(colors, np.int64), np.array(weights), k)
    assert found.colors == expected
    assert sum(found.shares) == pytest.approx(1 if expected else 0)
