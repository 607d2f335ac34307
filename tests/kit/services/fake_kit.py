"""Annotators without models, for tests: quick, exact, and able to misbehave on request.

The kit is importable by worker processes. A picture's own first pixel says what happens to it: see
``COLOURS``. Each annotation is noted as a line in ``ANNOTATED_LOG`` when that is set, so that tests
can count how often a picture really was annotated.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from google.cloud import vision

from core.engine.workers.worker import Kit
from core.errors import ModelMissing
from core.pictures.picture import Picture

LOG_VARIABLE = "FAKE_KIT_LOG"
DELAY_VARIABLE = "FAKE_KIT_DELAY_S"
_FEATURES: Any = vision.Feature.Type  # proto-plus enums iterate, which their types do not say
COLOURS = {"kill": (251, 3, 7), "kill once": (3, 251, 7), "raise": (3, 7, 251)}


class FakeLabels:
    """Says the picture's size as a label; its box is the whole picture."""

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Obey the first pixel, wait, note, answer."""
        first = tuple(int(value) for value in picture.scaled(1280)[0, 0])
        _obey(first)
        time.sleep(float(os.environ.get(DELAY_VARIABLE, "0")))
        _note(f"{picture.width}x{picture.height} {first}")
        picture.vector = np.array([*first, 1, *[0] * 4], np.float32)
        response.label_annotations.append(
            vision.EntityAnnotation(description=f"{picture.width}x{picture.height}", score=0.5)
        )


class FakeObjects:
    """One box of the left upper quarter in pixels, as crop hint."""

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Answer."""
        right, bottom = picture.width // 2, picture.height // 4
        corners = ((0, 0), (right, 0), (right, bottom), (0, bottom))
        response.crop_hints_annotation.crop_hints.append(
            vision.CropHint(
                bounding_poly=vision.BoundingPoly(
                    vertices=[vision.Vertex(x=x, y=y) for x, y in corners]
                ),
                confidence=1.0,
            )
        )


def _obey(colour: tuple[int, ...]) -> None:
    once = Path(os.environ.get(LOG_VARIABLE, "") + ".killed")
    if colour == COLOURS["kill"] or (colour == COLOURS["kill once"] and not once.exists()):
        if colour == COLOURS["kill once"]:
            once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if colour == COLOURS["raise"]:
        raise RuntimeError("an annotator's own fault")


def _note(line: str) -> None:
    log = os.environ.get(LOG_VARIABLE)
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def prepare(folder: Path, report: Callable[[str], None]) -> None:
    """Nothing to fetch."""
    report("Preparing nothing")
    folder.mkdir(parents=True, exist_ok=True)


def load(feature: int, folder: Path, quick_labels: bool) -> FakeLabels | FakeObjects | None:
    """Labels and crop hints; the model of image properties is missing."""
    if feature == vision.Feature.Type.IMAGE_PROPERTIES:
        raise ModelMissing("There is no such model", then="Fetch it.")
    if feature == vision.Feature.Type.LABEL_DETECTION:
        return FakeLabels()
    return FakeObjects() if feature == vision.Feature.Type.CROP_HINTS else None


def capabilities() -> Mapping[str, Mapping[str, Any]]:
    """All features by name; three are said to be supported."""
    supported = {"LABEL_DETECTION", "CROP_HINTS", "IMAGE_PROPERTIES"}
    return {
        feature.name: {
            "supported": feature.name in supported,
            "does": "Nothing real.",
            "limits": "A fake.",
            "model": "none",
            "licence": "none",
        }
        for feature in _FEATURES
        if feature.value
    }


FAKE_KIT = Kit(prepare=prepare, load=load, capabilities=capabilities)
