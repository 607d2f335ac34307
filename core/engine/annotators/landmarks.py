"""LANDMARK_DETECTION: the places of the operator's gallery.

The embedding says which photographs could show the same place, SIFT whether they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.engine.annotators.max_results import most_results
from core.engine.galleries import keypoints
from core.engine.galleries.entries import ABOUT, read_about
from core.engine.galleries.galleries import SignedGallery, galleries_folder, open_index
from core.engine.galleries.picture_index import PictureIndex
from core.engine.galleries.signatures import Detail, Signature, sign
from core.engine.models.label_model import LabelModel, label_model
from core.engine.models.model_store import ModelStore
from core.pictures.picture import Picture

if TYPE_CHECKING:
    from google.cloud import vision
    from numpy.typing import NDArray

GALLERY = "landmarks"
DETAIL = Detail(side=640, most=800)
SHORTLIST, LEAST = 12, 0.2  # photographs by embedding, and the cosine that they need
FEWEST = 12  # keypoints that agree on a plane seen from another side
SCALES = (0.15, 6.0)
MAX_SQUEEZE = 3.0
REFRESH_S = 20.0  # for new photographs, a tenth of a second each: else an answer lacks them
HALF_SURE = 15.0  # agreeing keypoints over the fewest that make a score of one half


class LandmarkMatch(NamedTuple):
    """A landmark in a picture; ``box`` left, top, right, bottom in shares of the picture."""

    folder: str
    score: float
    box: tuple[float, float, float, float]


def too_plain(pixels: NDArray[np.uint8]) -> str:
    """Why a photograph of a place would never be recognised; "" if it can be.

    Args:
        pixels: (height, width, 3) RGB, upright.
    """
    side = DETAIL.side
    count = len(keypoints.find(Picture(pixels).scaled(side), DETAIL.most).points)
    if count >= FEWEST:
        return ""
    return f"It has {count} details to go by, and {FEWEST} are needed"


class LandmarkAnnotator:
    """Fills ``landmark_annotations``."""

    def __init__(self, model: LabelModel, index: PictureIndex, gallery: SignedGallery) -> None:
        self._model, self._index, self._gallery = model, index, gallery

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Fill ``landmark_annotations`` from the gallery, surest first; empty without one."""
        target = type(response).pb(response)
        del target.landmark_annotations[:]
        self._gallery.refresh(REFRESH_S, REFRESH_S)
        if not self._index.count(GALLERY):
            return
        places = self._matches(sign(picture, self._model, DETAIL))
        for one in places[: most_results(feature)]:
            place = read_about(self._gallery.folder / one.folder, ABOUT[GALLERY])
            out = target.landmark_annotations.add(description=place.name, score=one.score)
            left, right = (round(one.box[at] * picture.width) for at in (0, 2))
            top, bottom = (round(one.box[at] * picture.height) for at in (1, 3))
            for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)):
                out.bounding_poly.vertices.add(x=x, y=y)
            if place.position:
                position = out.locations.add().lat_lng
                position.latitude, position.longitude = place.position

    def _matches(self, seen: Signature) -> list[LandmarkMatch]:
        best: dict[str, LandmarkMatch] = {}
        for name, _ in self._gallery.likeness.nearest(seen.embedding, SHORTLIST, LEAST):
            folder, inside, _ = name.partition("/")
            photograph = self._index.get(GALLERY, name) if inside else None
            match = same_place(seen, photograph, folder) if photograph else None
            if match and (folder not in best or match.score > best[folder].score):
                best[folder] = match
        return sorted(best.values(), key=lambda one: -one.score)


def same_place(seen: Signature, photograph: Signature, folder: str) -> LandmarkMatch | None:
    """Whether a picture shows what a photograph shows: a plane of it, from whatever side."""
    alike = keypoints.pairs(photograph.keypoints, seen.keypoints)
    placed = keypoints.place(photograph.keypoints, seen.keypoints, alike, perspective=True)
    if placed is None or placed.mirrored or len(placed.agreeing) < FEWEST:
        return None
    if not SCALES[0] <= placed.scale <= SCALES[1] or placed.squeeze > MAX_SQUEEZE:
        return None
    more = len(placed.agreeing) - FEWEST + 1
    points = seen.keypoints.points[placed.agreeing[:, 1]] / np.array(seen.size)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    box = (float(left), float(top), float(right), float(bottom))
    return LandmarkMatch(folder, more / (more + HALF_SURE), box)


def make(models: ModelStore) -> LandmarkAnnotator:
    """Open the model and the gallery, whose new photographs are taken in here."""
    folder = galleries_folder(models)
    model, index = label_model(models), open_index(folder)
    gallery = SignedGallery(folder / GALLERY, GALLERY, index, model, DETAIL)
    gallery.refresh()
    return LandmarkAnnotator(model, index, gallery)
