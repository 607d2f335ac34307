"""Real pictures for tests of annotators, from packages that are installed anyway."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from google.cloud import vision
from PIL import Image

from core.pictures.picture import Picture, decode

Annotate = Callable[..., vision.AnnotateImageResponse]  # the fixture ``annotate``


def feature_type(name: str) -> vision.Feature.Type:
    """By name, for example "LABEL_DETECTION"."""
    return vision.Feature.Type(vision.Feature.Type.__members__[name])


@cache
def sample(name: str) -> Picture:
    """A picture of scikit-image (by file name) or scikit-learn ("china.jpg", "flower.jpg")."""
    import skimage
    import sklearn

    folders = (
        Path(skimage.__file__).parent / "data",
        Path(sklearn.__file__).parent / "datasets" / "images",
    )
    path = next(folder / name for folder in folders if (folder / name).exists())
    return decode(path.read_bytes())


def picture_from(image: Image.Image) -> Picture:
    """A drawn image as the engine sees it."""
    return Picture(np.asarray(image.convert("RGB")))
