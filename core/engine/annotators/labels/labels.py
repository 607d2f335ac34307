"""LABEL_DETECTION by several witnesses: see ``label_evidence`` and ``label_rules``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from core.engine.annotators.capabilities import CAPABILITIES
from core.engine.annotators.labels.label_evidence import Witnesses
from core.engine.annotators.labels.label_rules import labels_of
from core.engine.annotators.max_results import most_results
from core.engine.annotators.own import OwnAnnotator, own_annotator
from core.engine.models.faces.face_finder import face_finder
from core.engine.models.label_model import label_model
from core.engine.models.label_tree import LabelTree
from core.engine.models.model_store import ModelStore
from core.engine.models.object_finder import object_finder
from core.engine.models.own.manifest import SIMILARITY
from core.engine.ocr.line_finder import line_finder
from core.errors import ModelMissing

if TYPE_CHECKING:
    from google.cloud import vision

    from core.pictures.picture import Picture

log = logging.getLogger("engine.labels")

Model = TypeVar("Model")


class LabelAnnotator:
    """Fills ``label_annotations``."""

    def __init__(self, witnesses: Witnesses, tree: LabelTree) -> None:
        self._witnesses, self._tree = witnesses, tree

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """See ``Annotator``. ``mid`` stays empty: no model here knows Google's."""
        labels = labels_of(self._witnesses.look(picture), self._tree)
        target = type(response).pb(response)
        del target.label_annotations[:]
        for label in labels[: most_results(feature)]:
            target.label_annotations.add(
                description=label.name, score=label.score, topicality=label.score
            )

    def differs(self) -> Mapping[str, str]:
        """See ``Differing``: faces and objects may not be asked."""
        usual = CAPABILITIES["LABEL_DETECTION"]
        absent = [
            name
            for name, witness in (
                ("faces", self._witnesses.faces),
                ("objects", self._witnesses.objects),
            )
            if witness is None
        ]
        if not absent:
            return {}
        without = f"without {' and '.join(absent)}"
        return {
            "model": f"{usual.model}, {without}",
            "limits": f"{usual.limits} Here labels are given {without}.",
        }


def make(models: ModelStore) -> LabelAnnotator | OwnAnnotator:
    """Open all witnesses' models; without those of faces or objects, labels come without them.

    A model that was added for it answers instead.
    """
    if (own := own_annotator(models, SIMILARITY)) is not None:
        return own
    witnesses = _quick(models)._replace(
        faces=_if_there(face_finder, models), objects=_if_there(object_finder, models)
    )
    return LabelAnnotator(witnesses, LabelTree())


def make_quick(models: ModelStore) -> LabelAnnotator | OwnAnnotator:
    """The witnesses that take little time: classes, lines of text, statistics."""
    own = own_annotator(models, SIMILARITY)
    return own or LabelAnnotator(_quick(models), LabelTree())


def _quick(models: ModelStore) -> Witnesses:
    return Witnesses(label_model(models), line_finder())


def _if_there(make_one: Callable[[ModelStore], Model], models: ModelStore) -> Model | None:
    try:
        return make_one(models)
    except ModelMissing as error:
        log.warning("labels do without a witness: %s", error)
        return None
