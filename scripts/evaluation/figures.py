"""What an evaluation gives, and how it asks the engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from google.cloud import vision
from numpy.typing import NDArray
from PIL import Image

from core.engine.annotators import Annotator, load
from core.engine.models.model_store import ModelStore
from core.pictures.picture import Picture
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    Attributes:
        part: what was judged, for example "text, de".
        case: under which condition, for example "blurred".
        measure: what the number is, for example "character error rate".
        value: the number; None where it could not be measured, and ``note`` says why.
        count: over how many pictures, characters, colours...
    """

    part: str
    case: str
    measure: str
    value: float | None
    count: int = 0
    note: str = ""


@cache
def models() -> ModelStore:
    """The engine's own models."""
    return ModelStore(Settings.from_env().home / "engine" / "models")


def annotator(feature: str) -> Annotator:
    """The engine's own annotator of a feature."""
    loaded = load(vision.Feature.Type.__members__[feature], models())
    if loaded is None:
        raise SystemExit(f"The engine does not answer {feature}")
    return loaded


def ask(feature: str, image: Image.Image | Picture) -> Any:
    """The plain ``AnnotateImageResponse`` protobuf of one feature."""
    picture = image if isinstance(image, Picture) else Picture(np.asarray(image.convert("RGB")))
    response = vision.AnnotateImageResponse()
    # As many as there are: what is judged is the finding, not the cutting.
    asked = vision.Feature(type_=vision.Feature.Type.__members__[feature], max_results=100)
    annotator(feature).annotate(picture, asked, vision.ImageContext(), response)
    return vision.AnnotateImageResponse.pb(response)


def package_file(package: str, path: str) -> Path | None:
    """A file inside an installed package, which is not imported; None if there is none."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    file = Path(spec.origin).parent / path
    return file if file.exists() else None


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """The picture after being a JPEG of that quality."""
    import io

    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def noisy(image: Image.Image, deviation: float, seed: int) -> Image.Image:
    """With Gaussian noise, in grey levels of 255."""
    pixels: NDArray[np.float64] = np.asarray(image.convert("RGB"), np.float64)
    noise = np.random.default_rng(seed).normal(0.0, deviation, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))
