"""What a batch asks for, under a name: presets that come with the program, and saved ones.

A saved one is kept as flat texts, as URL parameters are (``core.jobs.ledger.saved_views``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.errors import RequestError
from core.jobs.batch import billing_labels
from core.jobs.batch.features import FEATURES
from core.jobs.batch.request import BatchRequest


@dataclass(frozen=True, slots=True)
class Preset:
    """One that comes with the program.

    Attributes:
        features: names; () for all that a backend answers.
    """

    title: str
    features: tuple[str, ...]

    def chosen(self, offered: Collection[str]) -> tuple[str, ...]:
        """Its features, as far as a backend offers them, in the order of ``FEATURES``."""
        wanted = [n for n in FEATURES if n in offered and (n in self.features or not self.features)]
        # Of both texts only the dense one is answered, and both may be charged.
        if not self.features and "DOCUMENT_TEXT_DETECTION" in wanted:
            wanted = [name for name in wanted if name != "TEXT_DETECTION"]
        return tuple(wanted)


QUICK_LOOK = Preset("Quick look", ("LABEL_DETECTION", "IMAGE_PROPERTIES", "SAFE_SEARCH_DETECTION"))
PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.title: preset
        for preset in (
            QUICK_LOOK,
            Preset("Everything", ()),
            Preset("Text", ("DOCUMENT_TEXT_DETECTION",)),
            # What is written on a picture counts too; labels make safe search free.
            Preset("Moderation", ("LABEL_DETECTION", "SAFE_SEARCH_DETECTION", "TEXT_DETECTION")),
        )
    }
)


def to_params(request: BatchRequest) -> dict[str, str]:
    """A request as flat texts; what was not chosen is left out."""
    shard = request.batch_size
    values = {
        "features": ",".join(request.features),
        "max_results": "" if request.max_results is None else str(request.max_results),
        "languages": ",".join(request.language_hints),
        "ratios": ",".join(f"{ratio:g}" for ratio in request.aspect_ratios),
        "shard": "" if shard is None else str(shard),
        "geo": "1" * request.web_geo,
        "model": request.model,
        "confidence": "1" * request.text_confidence,
        "legacy_layout": "1" * request.legacy_layout,
        "labels": ",".join(f"{key}={value}" for key, value in request.labels),
    }
    return {name: value for name, value in values.items() if value}


def from_params(params: Mapping[str, str]) -> BatchRequest:
    """The inverse of ``to_params``; what it does not know is ignored.

    Raises:
        RequestError: it is none of ours, or was damaged since.
    """

    def several(name: str) -> tuple[str, ...]:
        return tuple(part for part in params.get(name, "").split(",") if part)

    try:
        return BatchRequest(
            features=several("features"),
            max_results=int(params["max_results"]) if params.get("max_results") else None,
            language_hints=several("languages"),
            aspect_ratios=tuple(float(ratio) for ratio in several("ratios")),
            batch_size=int(params["shard"]) if params.get("shard") else None,
            web_geo=bool(params.get("geo")),
            model=params.get("model", ""),
            text_confidence=bool(params.get("confidence")),
            legacy_layout=bool(params.get("legacy_layout")),
            labels=billing_labels.parse(params.get("labels", "")),
        )
    except ValueError as error:
        raise RequestError(
            "This preset cannot be read", where=str(error)[:80], then="Save it again."
        ) from None
