"""Dominant colours: conversion to CIELAB, and one palette for a whole batch."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

BIN_BITS = 5  # 32 bins a channel: clustering bins costs a tenth of clustering all colours
RUNS = 4  # k-means starts; the best is kept
# CIELAB chroma below which a colour is a grey, black or white to people. Where from: the centroids
# of the ISCC-NBS colour names (Kelly and Judd, NBS Special Publication 440, 1976), as sRGB. Of 31
# that are called gray, black or white ("bluish gray" too) 29 lie below it; of 36 that are called
# by a hue but "grayish" ("dark grayish blue") 35 lie above. No other number parts them better.
GREY_CHROMA = 7.5
SEED = 0  # the same batch always gives the same palette


class Palette(NamedTuple):
    """Colours with their part of the whole, largest first.

    ``colors``: 0xRRGGBB; ``shares`` add up to 1; ``spreads``: CIE76 distance from the colour within
    which 90 % of its cluster's weight lies.
    """

    colors: list[int]
    shares: list[float]
    spreads: list[float]


def to_rgb(colors: Ints) -> Floats:
    """0xRRGGBB numbers (n,) to channels (n, 3) in 0..255."""
    return np.stack([colors >> 16 & 255, colors >> 8 & 255, colors & 255], axis=-1).astype(float)


def to_lab(colors: Ints) -> Floats:
    """0xRRGGBB numbers (n,) to CIELAB (n, 3) under D65, taking them as sRGB."""
    from skimage.color import rgb2lab

    lab: Floats = rgb2lab(to_rgb(np.atleast_1d(colors)) / 255.0)
    return lab


def is_grey(lab: Any) -> Any:
    """Which CIELAB colours (n, 3) are near-neutral (n,): ``GREY_CHROMA``."""
    return np.hypot(lab[:, 1], lab[:, 2]) < GREY_CHROMA


@lru_cache(maxsize=256)
def hex_to_lab(color: str) -> tuple[float, float, float]:
    """CIELAB of "#rrggbb"."""
    lightness, a, b = to_lab(np.array([int(color.removeprefix("#"), 16)]))[0].tolist()
    return lightness, a, b


def to_hex(color: int) -> str:
    """#rrggbb of 0xRRGGBB."""
    return f"#{color:06x}"


def batch_palette(colors: Ints, weights: Floats, k: int, *, members: bool = False) -> Palette:
    """Cluster weighted colours in CIELAB.

    Args:
        colors: 0xRRGGBB (n,); repeats are allowed.
        weights: what each counts for (n,), not negative.
        k: clusters at most.
        members: show each cluster by the colour nearest to its centre instead of the centre
            itself, which is a grey where the colours around it are of every hue.
    """
    weighty = weights > 0
    if not weighty.any() or k < 1:
        return Palette([], [], [])
    means, weights = _bins(to_rgb(colors[weighty]), weights[weighty])
    lab = _rgb_to_lab(means)
    labels, centres = _clusters(lab, weights, min(k, len(lab)))
    totals = np.bincount(labels, weights, len(centres))
    order = [int(n) for n in np.argsort(-totals, kind="stable") if totals[n] > 0]
    distance = np.linalg.norm(lab - centres[labels], axis=1)
    shown = _nearest(lab, labels, distance, order) if members else centres[order]
    return Palette(
        _lab_to_colors(shown),
        (totals[order] / totals.sum()).tolist(),
        [_spread(distance[labels == n], weights[labels == n]) for n in order],
    )


def _bins(rgb: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weighted mean colour and weight of every histogram bin that has any."""
    places = rgb.astype(np.int64) >> (8 - BIN_BITS)
    keys = (places[:, 0] << (2 * BIN_BITS)) | (places[:, 1] << BIN_BITS) | places[:, 2]
    _, inverse = np.unique(keys, return_inverse=True)
    totals = np.bincount(inverse, weights).astype(np.float64)
    sums = [np.bincount(inverse, weights * rgb[:, channel]) for channel in range(3)]
    return np.stack(sums, axis=-1) / totals[:, None], totals


def _clusters(lab: Floats, weights: Floats, k: int) -> tuple[Ints, Floats]:
    if len(lab) <= k:
        return np.arange(len(lab), dtype=np.int64), lab
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no stubs

    model = KMeans(n_clusters=k, n_init=RUNS, random_state=SEED)
    # OpenMP's waiting threads spin: on a busy machine of 2 cores one thread was 40 times as fast.
    with threadpool_limits(1):
        model.fit(lab, sample_weight=weights)
    centres: Floats = model.cluster_centers_
    labels: Ints = model.labels_.astype(np.int64)
    return labels, centres


def _nearest(lab: Floats, labels: Ints, distance: Floats, order: list[int]) -> Floats:
    """Of each cluster the colour nearest to its centre."""
    clusters = [np.flatnonzero(labels == n) for n in order]
    return lab[[rows[np.argmin(distance[rows])] for rows in clusters]]


def _spread(distances: Floats, weights: Floats) -> float:
    order = np.argsort(distances)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(distances[order][np.searchsorted(reached, 0.9)])


def _rgb_to_lab(rgb: Floats) -> Floats:
    from skimage.color import rgb2lab

    lab: Floats = rgb2lab(rgb / 255.0)
    return lab


def _lab_to_colors(lab: Floats) -> list[int]:
    from skimage.color import lab2rgb

    rgb = np.rint(np.clip(lab2rgb(lab), 0, 1) * 255).astype(int)
    return [int(r) << 16 | int(g) << 8 | int(b) for r, g, b in rgb]
