"""Colours: palettes drawn by code, so every colour and its share of the picture is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from scripts.evaluation.figures import Figure, ask, jpeg, noisy

PALETTES = 20
SIDE = 480  # pixels of the picture
FOUND = 5.0  # CIEDE2000 up to which a colour counts as found: seen side by side, a slight change
APART = 20.0  # CIEDE2000 at least between two colours of a palette

CASES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "plain": lambda picture: picture,
    "JPEG 75": lambda picture: jpeg(picture, 75),
    "noise 12": lambda picture: noisy(picture, 12, seed=3),
}


def difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIEDE2000 of each of ``a`` (n, 3) with each of ``b`` (m, 3), sRGB 0 to 255 -> (n, m)."""
    color: Any = import_module("skimage.color")  # without types
    lab_a, lab_b = color.rgb2lab(a[:, None] / 255.0), color.rgb2lab(b[None] / 255.0)
    distances: NDArray[np.float64] = color.deltaE_ciede2000(lab_a, lab_b)
    return distances


def palette(seed: int) -> NDArray[np.float64]:
    """Three to seven colours that are well apart."""
    random = np.random.default_rng(seed)
    wanted = int(random.integers(3, 8))
    colours = random.integers(0, 256, (1, 3)).astype(np.float64)
    while len(colours) < wanted:
        another = random.integers(0, 256, (1, 3)).astype(np.float64)
        if difference(another, colours).min() >= APART:
            colours = np.vstack([colours, another])
    return colours


def drawn(colours: NDArray[np.float64], seed: int) -> tuple[Image.Image, NDArray[np.float64]]:
    """Upright stripes of uneven width, none under 5 %; the picture and each colour's share."""
    random = np.random.default_rng(seed)
    widths = random.dirichlet(np.full(len(colours), 2.0)) * (1 - 0.05 * len(colours)) + 0.05
    edges = np.round(np.concatenate([[0.0], np.cumsum(widths)]) * SIDE).astype(int)
    picture = Image.new("RGB", (SIDE, SIDE))
    pen = ImageDraw.Draw(picture)
    for colour, left, right in zip(colours, edges, edges[1:], strict=False):
        fill = (int(colour[0]), int(colour[1]), int(colour[2]))
        pen.rectangle((int(left), 0, int(right) - 1, SIDE), fill=fill)
    return picture, np.diff(edges) / SIDE


def evaluate() -> Iterator[Figure]:
    """The error of colours and of shares, and how many were not found."""
    for case, change in CASES.items():
        off: list[float] = []
        share_off: list[float] = []
        for seed in range(PALETTES):
            colours = palette(seed)
            picture, shares = drawn(colours, seed)
            response = ask("IMAGE_PROPERTIES", change(picture))
            reported = response.image_properties_annotation.dominant_colors.colors
            seen = [(one.color.red, one.color.green, one.color.blue) for one in reported]
            distance = difference(colours, np.array(seen, np.float64).reshape(-1, 3))
            off += distance.min(axis=1).tolist()
            for row, share in zip(distance, shares, strict=True):
                own = sum(
                    o.pixel_fraction for o, d in zip(reported, row, strict=True) if d < APART / 2
                )
                share_off.append(abs(own - share))
        count = len(off)
        yield Figure("colours", case, "CIEDE2000, mean", float(np.mean(off)), count)
        yield Figure("colours", case, "CIEDE2000, worst", float(np.max(off)), count)
        yield Figure("colours", case, "not found", float(np.mean(np.array(off) > FOUND)), count)
        yield Figure("colours", case, "error of the share, mean", float(np.mean(share_off)), count)
