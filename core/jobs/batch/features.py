"""The features that Cloud Vision offers for a picture, and the limits of a batch.

Limits: cloud.google.com/vision/quotas and cloud.google.com/vision/docs/batch, read 2026-11.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

PICTURES_PER_OPERATION = 2_000
SHARD_SIZES = range(1, 101)  # output_config.batch_size: responses a shard
DEFAULT_SHARD_SIZE = 20  # the service's own
_LEAST_SHARDS = 40  # that a batch is cut into where it can be, so that it moves early
PICTURES_IN_PROCESSING = 8_000  # Google's quota: pictures of unfinished operations, per project
REQUESTS_PER_MINUTE = 1_800  # Google's quota, per project
PAGES_PER_FILE = 2_000
PAGES_IN_PROCESSING = 10_000  # Google's quota: pages of unfinished operations on files, per project
# What Google answers for pages: cloud.google.com/vision/docs/pdf
GOOGLE_FILE_FEATURES = frozenset({"TEXT_DETECTION", "DOCUMENT_TEXT_DETECTION"})
MAX_RESULTS = range(1, 101)
MAX_RESULTS_DEFAULT = 10
# ``Feature.model``: "" is the service's default, which is the stable one. Text has a weekly model
# besides, which no page of Google's recommends and which is not offered here.
MODELS = ("", "builtin/stable", "builtin/latest")


def shard_size_for(pictures: int) -> int:
    """Pictures a shard, where nobody chose: a fortieth of the batch, 1 to 20.

    >>> [shard_size_for(n) for n in (3, 41, 303, 5_000)]
    [1, 2, 8, 20]
    """
    return max(1, min(DEFAULT_SHARD_SIZE, math.ceil(pictures / _LEAST_SHARDS)))


@dataclass(frozen=True, slots=True)
class Quota:
    """What the service allows a project; Google raises or lowers it on request.

    Attributes:
        pictures: that may be in processing at once.
        requests: a minute, for sending and asking together.
    """

    pictures: int = PICTURES_IN_PROCESSING
    requests: int = REQUESTS_PER_MINUTE


GOOGLE_QUOTA = Quota()


@dataclass(frozen=True, slots=True)
class FeatureInfo:
    """One feature.

    Attributes:
        name: the name of its ``Feature.Type``, e.g. "LABEL_DETECTION".
        title: short name for people.
        sentence: what it answers, in one plain sentence.
        takes_max_results: whether ``max_results`` has an effect on it.
        icon: a Material symbol as Streamlit writes it.
    """

    name: str
    title: str
    sentence: str
    takes_max_results: bool
    icon: str


_ALL = (
    FeatureInfo(
        "LABEL_DETECTION",
        "Labels",
        "Names what a picture shows: things, places, activities, animals.",
        True,
        ":material/label:",
    ),
    FeatureInfo(
        "IMAGE_PROPERTIES",
        "Image properties",
        "Lists a picture's dominant colours with the share of each.",
        False,
        ":material/palette:",
    ),
    FeatureInfo(
        "SAFE_SEARCH_DETECTION",
        "Safe search",
        "Judges how likely adult, spoof, medical, violent or racy content is.",
        False,
        ":material/shield:",
    ),
    FeatureInfo(
        "TEXT_DETECTION",
        "Text",
        "Reads sparse text, such as signs and labels in a photo.",
        False,
        ":material/text_fields:",
    ),
    FeatureInfo(
        "DOCUMENT_TEXT_DETECTION",
        "Document text",
        "Reads dense text and handwriting with its pages, blocks, paragraphs and words.",
        False,
        ":material/article:",
    ),
    FeatureInfo(
        "OBJECT_LOCALIZATION",
        "Objects",
        "Finds several objects in a picture and draws a box around each.",
        True,
        ":material/category:",
    ),
    FeatureInfo(
        "FACE_DETECTION",
        "Faces",
        "Finds faces with their landmarks, pose and sharpness; it recognises nobody.",
        True,
        ":material/face:",
    ),
    FeatureInfo(
        "LOGO_DETECTION",
        "Logos",
        "Finds logos of well-known products.",
        True,
        ":material/verified:",
    ),
    FeatureInfo(
        "LANDMARK_DETECTION",
        "Landmarks",
        "Recognises well-known natural and built places, with their coordinates.",
        True,
        ":material/location_on:",
    ),
    FeatureInfo(
        "CROP_HINTS",
        "Crop hints",
        "Suggests a crop for each aspect ratio that you ask for.",
        False,
        ":material/crop:",
    ),
    FeatureInfo(
        "WEB_DETECTION",
        "Web",
        "Finds the same or similar pictures on the web, and what those pages are about.",
        True,
        ":material/public:",
    ),
)

# Width and height that the service recommends ("Image dimension recommendations" in
# cloud.google.com/vision/docs/supported-files); of features without a line there its general
# 640 x 480. Colours are left out: how large a picture is does not change them.
RECOMMENDED_SIZES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        **{info.name: (640, 480) for info in _ALL if info.name != "IMAGE_PROPERTIES"},
        "FACE_DETECTION": (1_600, 1_200),
        "TEXT_DETECTION": (1_024, 768),
        "DOCUMENT_TEXT_DETECTION": (1_024, 768),
    }
)

FEATURES: Mapping[str, FeatureInfo] = MappingProxyType({info.name: info for info in _ALL})
