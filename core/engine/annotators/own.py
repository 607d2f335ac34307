"""LABEL_DETECTION and OBJECT_LOCALIZATION by a model of one's own, where one was added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.engine.annotators.max_results import most_results
from core.engine.models.model_store import ModelStore
from core.engine.models.own.own_models import OwnModels
from core.engine.models.own.runner import OwnModel

if TYPE_CHECKING:
    from google.cloud import vision

    from core.pictures.picture import Picture


class OwnAnnotator:
    """Fills ``label_annotations``, or ``localized_object_annotations`` where there are boxes."""

    def __init__(self, model: OwnModel) -> None:
        self._model = model

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """See ``Annotator``; the surest first."""
        target = type(response).pb(response)
        boxes = self._model.find(picture)[: most_results(feature)]
        if self._model.manifest.vectors is not None:
            del target.label_annotations[:]
            for one in boxes:
                target.label_annotations.add(
                    description=one.name, score=one.score, topicality=one.score
                )
            return
        del target.localized_object_annotations[:]
        for one in boxes:
            out = target.localized_object_annotations.add(name=one.name, score=one.score)
            left, top, right, bottom = one.box or (0.0, 0.0, 1.0, 1.0)
            for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)):
                out.bounding_poly.normalized_vertices.add(x=x, y=y)

    def differs(self) -> Mapping[str, str]:
        """See ``Differing``: another model answers, of which nothing was measured here."""
        of = self._model.manifest
        kinds = f"{len(of.labels):,} label{'s' * (len(of.labels) != 1)}"
        return {
            "does": f"Answered by your own model {of.name}, with {kinds}.",
            "limits": f"Not measured here: it is a model of your own, from {of.source}.",
            "model": of.model,
            "licence": of.licence,
        }


def own_annotator(models: ModelStore, task: str) -> OwnAnnotator | None:
    """The annotator of a task's own model; None if none was added.

    Raises:
        ModelRefused: it cannot be used.
    """
    own = OwnModels(models.folder.parent / "own-models")
    manifest = own.of_task(task)
    return None if manifest is None else OwnAnnotator(own.open(manifest))
