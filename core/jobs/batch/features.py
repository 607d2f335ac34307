"""The features that Cloud Vision offers for a picture, one entry each, and the limits of a batch.

Limits: cloud.google.com/vision/quotas and cloud.google.com/vision/docs/batch, read 2026-11.
Prices: cloud.google.com/vision/pricing, see ``PRICES_DATED``.
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
class Tier:
    """A price that holds from a monthly unit number upwards."""

    above: int
    usd_per_1000: float


def _usd(first: float, beyond: float) -> tuple[Tier, ...]:
    """Prices of 1,000 units: of the first five million in a month, and of those beyond."""
    return (Tier(0, first), Tier(5_000_000, beyond))


PRICES_DATED = "2026-11-24, from a stored copy of the page"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureInfo:
    """One feature.

    Attributes:
        name: the name of its ``Feature.Type``, e.g. "LABEL_DETECTION".
        title: short name for people.
        sentence: what it answers, in one plain sentence.
        icon: a Material symbol as Streamlit writes it.
        prices: Google's, ascending by ``above``.
        free_with: the feature beside which it costs nothing, asked of the same picture; "" if none.
        takes_max_results: whether ``max_results`` has an effect on it.
        recommended_size: width and height that the service recommends ("Image dimension
            recommendations" in cloud.google.com/vision/docs/supported-files); its general 640 x 480
            where it names none. None where size changes nothing.
        google_files: whether Google answers it for pages (cloud.google.com/vision/docs/pdf).
    """

    name: str
    title: str
    sentence: str
    icon: str
    prices: tuple[Tier, ...]
    free_with: str = ""
    takes_max_results: bool = False
    recommended_size: tuple[int, int] | None = (640, 480)
    google_files: bool = False


_ALL = (
    FeatureInfo(
        name="LABEL_DETECTION",
        title="Labels",
        sentence="Names what a picture shows: things, places, activities, animals.",
        icon=":material/label:",
        prices=_usd(1.50, 1.00),
        takes_max_results=True,
    ),
    FeatureInfo(
        name="IMAGE_PROPERTIES",
        title="Image properties",
        sentence="Lists a picture's dominant colours with the share of each.",
        icon=":material/palette:",
        prices=_usd(1.50, 0.60),
        recommended_size=None,
    ),
    FeatureInfo(
        name="SAFE_SEARCH_DETECTION",
        title="Safe search",
        sentence="Judges how likely adult, spoof, medical, violent or racy content is.",
        icon=":material/shield:",
        prices=_usd(1.50, 0.60),
        free_with="LABEL_DETECTION",
    ),
    FeatureInfo(
        name="TEXT_DETECTION",
        title="Text",
        sentence="Reads sparse text, such as signs and labels in a photo.",
        icon=":material/text_fields:",
        prices=_usd(1.50, 0.60),
        recommended_size=(1_024, 768),
        google_files=True,
    ),
    FeatureInfo(
        name="DOCUMENT_TEXT_DETECTION",
        title="Document text",
        sentence="Reads dense text and handwriting with its pages, blocks, paragraphs and words.",
        icon=":material/article:",
        prices=_usd(1.50, 0.60),
        recommended_size=(1_024, 768),
        google_files=True,
    ),
    FeatureInfo(
        name="OBJECT_LOCALIZATION",
        title="Objects",
        sentence="Finds several objects in a picture and draws a box around each.",
        icon=":material/category:",
        prices=_usd(2.25, 1.50),
        takes_max_results=True,
    ),
    FeatureInfo(
        name="FACE_DETECTION",
        title="Faces",
        sentence="Finds faces with their landmarks, pose and sharpness; it recognises nobody.",
        icon=":material/face:",
        prices=_usd(1.50, 0.60),
        recommended_size=(1_600, 1_200),
        takes_max_results=True,
    ),
    FeatureInfo(
        name="LOGO_DETECTION",
        title="Logos",
        sentence="Finds logos of well-known products.",
        icon=":material/verified:",
        prices=_usd(1.50, 0.60),
        takes_max_results=True,
    ),
    FeatureInfo(
        name="LANDMARK_DETECTION",
        title="Landmarks",
        sentence="Recognises well-known natural and built places, with their coordinates.",
        icon=":material/location_on:",
        prices=_usd(1.50, 0.60),
        takes_max_results=True,
    ),
    FeatureInfo(
        name="CROP_HINTS",
        title="Crop hints",
        sentence="Suggests a crop for each aspect ratio that you ask for.",
        icon=":material/crop:",
        prices=_usd(1.50, 0.60),
        free_with="IMAGE_PROPERTIES",
    ),
    FeatureInfo(
        name="WEB_DETECTION",
        title="Web",
        sentence="Finds the same or similar pictures on the web, and what those pages are about.",
        icon=":material/public:",
        prices=(Tier(0, 3.50),),
        takes_max_results=True,
    ),
)

FEATURES: Mapping[str, FeatureInfo] = MappingProxyType({info.name: info for info in _ALL})
