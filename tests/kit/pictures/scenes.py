"""Drawn scenes that differ in a known way, for near-duplicates."""

from __future__ import annotations

import numpy as np
from PIL import Image


def scene(seed: int) -> Image.Image:
    """A picture of soft shapes at random: no two seeds alike."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:180, 0:240].astype(np.float32)
    pixels = np.ones((180, 240, 3), np.float32) * rng.integers(0, 255, 3)
    for _ in range(12):
        centre, radius = rng.random(2) * (240, 180), rng.uniform(15, 70)
        inside = 1 / (1 + np.exp((np.hypot(x - centre[0], y - centre[1]) - radius) / 3))
        pixels += inside[..., None] * (rng.integers(0, 255, 3) - pixels)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
