"""Pixels of an overlay."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def pixels(data: bytes) -> Pixels:
    image = Image.open(io.BytesIO(data))
    assert image.format == "PNG"
    return np.asarray(image)
