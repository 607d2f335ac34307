"""The drill's annotators: the real one of colours, which needs no model, and each use noted.

Every annotation adds a line to the file named in ``DRILL_NOTES``: the picture's address, or the
file's with ``#PAGE``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine.workers.worker import Kit

if TYPE_CHECKING:
    from google.cloud import vision

    from core.engine.annotators import Annotator
    from core.pictures.picture import Picture

FEATURE = "IMAGE_PROPERTIES"


class Noted:
    """An annotator that notes the address of each picture before it looks at it."""

    def __init__(self, annotator: Annotator, notes: Path, delay_s: float) -> None:
        self._annotator = annotator
        self._notes = notes
        self._delay_s = delay_s

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Note, wait a little, and do it."""
        page = response.context  # filled in before for a page of a file, afterwards for a picture
        where = picture.uri or f"{page.uri}#{page.page_number}"
        with self._notes.open("ab", buffering=0) as notes:
            notes.write(f"{where}\n".encode())
        time.sleep(self._delay_s)
        self._annotator.annotate(picture, feature, context, response)


def prepare(folder: Path, report: Callable[[str], None]) -> None:
    """Nothing to fetch."""
    folder.mkdir(parents=True, exist_ok=True)


def load(feature: int, folder: Path, quick_labels: bool) -> Annotator | None:
    """The one annotator that needs no model."""
    from google.cloud import vision

    from core.engine import annotators
    from core.engine.models.model_store import ModelStore

    kind = vision.Feature.Type(feature)
    annotator = annotators.load(kind, ModelStore(folder)) if kind.name == FEATURE else None
    if annotator is None:
        return None
    return Noted(
        annotator, Path(os.environ["DRILL_NOTES"]), float(os.environ.get("DRILL_DELAY_S", "0"))
    )


def capabilities() -> Mapping[str, Mapping[str, Any]]:
    """All features by name; one is supported."""
    from core.engine.workers.kit import real_kit

    return {
        name: {**capability, "supported": name == FEATURE}
        for name, capability in real_kit().capabilities().items()
    }


KIT = Kit(prepare, load, capabilities)
