"""Colours are compared and clustered as eyes see them."""

from __future__ import annotations

import numpy as np
import pytest

from core.results.columns.palettes import batch_palette, hex_to_lab, is_grey, to_hex, to_lab

# Centroids of ISCC-NBS names: "... gray", "... black", "... white"; then "... grayish ...".
NEUTRAL = """222222 202428 81878b e9e9ed 28201c 5b504f 51585e 555555 4e5755 5d555b 5c504f 1e2321
    7d8984 dfede8 b4bcc0 8e8279 b9b8b5 b2beb5 8a8776 bfb9bd 848482 25241d 57554c c1b6b3 eae3e1
    242124 8b8589 e8e3e5 282022 8f817f bfb8a5"""
GRAYISH = """36454f 3e322c 3a4b47 363527 31362b 50404d 543d3f 43302e a18f60 483c32 536878 635147
    5e716a b9b57d 5b5842 515744 c4aead 796878 4c516d c3a6b1 915f6d 905d5d 674c47 b4745e 836479
    554c69 c2b280 8f9779 7e6d5a c7ada3 958070 8c8767 af868e ad8884 977f73 ae9b82"""


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
    palette = batch_palette(np.array(colors), np.array(weights), 3)
    assert palette.shares == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
    for color, centre in zip(palette.colors, centres, strict=True):
        assert (color >> 16, color >> 8 & 255, color & 255) == pytest.approx(centre, abs=4)
    assert all(1 < spread < 25 for spread in palette.spreads)


def test_weight_counts_and_number_does_not() -> None:
    colors = np.array([0xFF0000] * 99 + [0x0000FF])
    weights = np.array([0.01] * 99 + [9.0])
    palette = batch_palette(colors, weights, 2)
    assert palette.colors == [0x0000FF, 0xFF0000]


def test_a_cluster_lies_where_its_weight_is() -> None:
    palette = batch_palette(np.array([0x000000, 0xFFFFFF]), np.array([9.0, 1.0]), 1)
    assert to_lab(np.array(palette.colors))[0] == pytest.approx((10, 0, 0), abs=0.5)


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
    palette = batch_palette(np.array(colors, np.int64), np.array(weights), k)
    assert palette.colors == expected
    assert sum(palette.shares) == pytest.approx(1 if expected else 0)


def test_greys_are_what_people_call_grey() -> None:
    greys = {
        name: is_grey(to_lab(np.array([int(color, 16) for color in colors.split()])))
        for name, colors in {"neutral": NEUTRAL, "grayish": GRAYISH}.items()
    }
    assert (greys["neutral"].sum(), len(greys["neutral"])) == (29, 31)
    assert (greys["grayish"].sum(), len(greys["grayish"])) == (1, 36)


def test_members_show_no_colour_that_nobody_has() -> None:
    ring = np.array([0xA87878, 0x6A9090])  # opposite hues: their mean is a grey
    weights = np.ones(2)
    (mean,) = batch_palette(ring, weights, 1).colors
    assert is_grey(to_lab(np.array([mean])))[0]
    (member,) = batch_palette(ring, weights, 1, members=True).colors
    assert member in ring
