"""OBJECT_LOCALIZATION: a box around each of 80 kinds of things, see ``object_finder``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.annotators.max_results import most_results
from core.engine.annotators.own import OwnAnnotator, own_annotator
from core.engine.models.model_store import ModelStore
from core.engine.models.object_finder import ObjectFinder, object_finder
from core.engine.models.own.manifest import DETECTION

if TYPE_CHECKING:
    from google.cloud import vision

    from core.pictures.picture import Picture


class ObjectAnnotator:
    """Fills ``localized_object_annotations``."""

    def __init__(self, finder: ObjectFinder) -> None:
        self._finder = finder

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Fill ``localized_object_annotations``, surest first, with normalized boxes."""
        target = type(response).pb(response)
        del target.localized_object_annotations[:]
        for one in self._finder.find(picture)[: most_results(feature)]:
            out = target.localized_object_annotations.add(name=one.name, score=one.score)
            left, top, right, bottom = one.box
            for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)):
                out.bounding_poly.normalized_vertices.add(x=x, y=y)


def make(models: ModelStore) -> ObjectAnnotator | OwnAnnotator:
    """Open both models, or the one that was added for it."""
    return own_annotator(models, DETECTION) or ObjectAnnotator(object_finder(models))
