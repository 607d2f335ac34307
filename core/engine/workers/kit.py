"""The annotators that ship, as a ``Kit`` that can be sent to worker processes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine.annotators import CAPABILITIES, Annotator, load
from core.engine.workers.worker import Kit

if TYPE_CHECKING:
    from core.engine.models.model_store import ModelStore

log = logging.getLogger("engine.kit")


def real_kit() -> Kit:
    """Labels, text, colours, crop hints and safe search, by models in ``annotators``."""
    return Kit(prepare=_prepare, load=_load, capabilities=_capabilities)


@cache
def _models(folder: Path) -> ModelStore:
    from core.engine.models.model_store import ModelStore

    return ModelStore(folder)


def _prepare(folder: Path, report: Callable[[str], None]) -> None:
    from core.engine.ocr import language_data

    still_missing = language_data.fetch(folder, report)
    if still_missing:
        log.warning("text: %s", language_data.how_to_get(still_missing))
    _models(folder).prepare(report)


def _load(feature: int, folder: Path, quick_labels: bool) -> Annotator | None:
    from google.cloud import vision

    return load(vision.Feature.Type(feature), _models(folder), quick_labels=quick_labels)


def _capabilities() -> Mapping[str, Mapping[str, Any]]:
    return {
        name: {key: value for key, value in asdict(capability).items() if key != "feature"}
        for name, capability in CAPABILITIES.items()
    }
