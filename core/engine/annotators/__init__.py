"""One module a feature; each fills its part of an ``AnnotateImageResponse``.

Importing this package never loads a model or onnxruntime (``load`` does), and no annotator ever
writes into another's part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from core.engine.annotators.capabilities import CAPABILITIES, Capability

if TYPE_CHECKING:
    from google.cloud import vision

    from core.engine.models.model_store import ModelStore
    from core.pictures.picture import Picture

__all__ = ["CAPABILITIES", "Annotator", "Capability", "Differing", "Stocked", "load"]


class Annotator(Protocol):
    """Answers one feature. Made once a process by ``load``; not shared between threads."""

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Fill this feature's part of ``response`` and touch nothing else.

        Boxes are in pixels of ``picture.pixels``. An odd picture (one pixel, all black, pure
        noise) gets an empty part, never an exception.
        """


@runtime_checkable
class Stocked(Protocol):
    """An annotator that compares with pictures of the operator's."""

    def stock(self) -> str:
        """One sentence on what it has at present, for the submit page."""


@runtime_checkable
class Differing(Protocol):
    """An annotator that may answer by other models than its ``Capability`` says."""

    def differs(self) -> Mapping[str, str]:
        """Fields of the capability as they are here; ``model`` decides whether answers are alike.

        {} where nothing differs.
        """


# Where each annotator lives: module under this package; its ``make(models)`` opens the sessions.
_MODULES = {
    "LABEL_DETECTION": "labels.labels",
    "TEXT_DETECTION": "text",
    "DOCUMENT_TEXT_DETECTION": "text",
    "SAFE_SEARCH_DETECTION": "safe_search",
    "IMAGE_PROPERTIES": "image_properties",
    "CROP_HINTS": "crop_hints",
    "FACE_DETECTION": "faces",
    "OBJECT_LOCALIZATION": "objects",
    "WEB_DETECTION": "web",
    "LOGO_DETECTION": "logos",
    "LANDMARK_DETECTION": "landmarks",
}

_loaded: dict[tuple[str, str, ModelStore], Annotator] = {}


def load(
    feature: vision.Feature.Type, models: ModelStore, *, quick_labels: bool = False
) -> Annotator | None:
    """The annotator for a feature, made at its first use in this process.

    TEXT and DOCUMENT_TEXT get the same annotator, which reads each picture once when both are
    asked.

    Args:
        quick_labels: labels from the witnesses that take little time.

    Returns:
        None where the engine does not answer the feature (see ``CAPABILITIES``).

    Raises:
        ModelMissing: a model is not there and cannot be fetched.
    """
    from google.cloud import vision

    module = _MODULES.get(vision.Feature.Type(feature).name)
    if module is None:
        return None
    maker = "make_quick" if quick_labels and module == "labels.labels" else "make"
    key = (module, maker, models)
    if key not in _loaded:
        make = getattr(import_module(f"{__name__}.{module}"), maker)
        _loaded[key] = cast(Callable[["ModelStore"], Annotator], make)(models)
    return _loaded[key]
