"""LANDMARK_DETECTION: the places of the operator's gallery.

The embedding says which photographs could show the same place, SIFT whether they do.
"""

from __future__ import annotations

import json
import logging
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.engine.annotators.max_results import most_results
from core.engine.galleries import keypoints
from core.engine.galleries.galleries import SignedGallery, galleries_folder, open_index
from core.engine.galleries.picture_index import PictureIndex
from core.engine.galleries.signatures import Detail, Signature, sign
from core.engine.models.label_model import LabelModel, label_model
from core.engine.models.model_store import ModelStore

if TYPE_CHECKING:
    from pathlib import Path

    from google.cloud import vision

    from core.pictures.picture import Picture

log = logging.getLogger("engine.landmarks")

GALLERY = "landmarks"
ABOUT = "landmark.json"
DETAIL = Detail(side=640, most=800)
SHORTLIST, LEAST = 12, 0.2  # photographs by embedding, and the cosine that they need
FEWEST = 12  # keypoints that agree on a plane seen from another side
SCALES = (0.15, 6.0)
MAX_SQUEEZE = 3.0
HALF_SURE = 15.0  # agreeing keypoints over the fewest that make a score of one half


class Place(NamedTuple):
    """A landmark as its ``landmark.json`` describes it; no position if that names none."""

    name: str
    position: tuple[float, float] | None


class LandmarkMatch(NamedTuple):
    """A landmark in a picture; ``box`` left, top, right, bottom in shares of the picture."""

    folder: str
    score: float
    box: tuple[float, float, float, float]


def read_place(folder: Path) -> Place:
    """What a landmark's folder says of it; what is wrong is left out and logged."""
    path = folder / ABOUT
    try:
        place = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(place, dict):
            raise ValueError("it must be an object")
        name = str(place.get("name") or folder.name)
    except FileNotFoundError:
        return Place(folder.name, None)
    except (OSError, ValueError) as error:
        log.warning("%s is not used: %s", path, error)
        return Place(folder.name, None)
    try:
        lat, lng = float(place["lat"]), float(place["lng"])
        if not (math.isfinite(lat + lng) and abs(lat) <= 90 and abs(lng) <= 180):
            raise ValueError(f"{lat}, {lng} is nowhere on Earth")
    except (KeyError, TypeError, ValueError) as error:
        log.warning("%s gives no position: %s", path, error)
        return Place(name, None)
    return Place(name, (lat, lng))


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
        self._gallery.refresh(budget_s=1.0)
        if not self._index.count(GALLERY):
            return
        places = self._found(sign(picture, self._model, DETAIL))
        for one in places[: most_results(feature)]:
            place = read_place(self._gallery.folder / one.folder)
            out = target.landmark_annotations.add(description=place.name, score=one.score)
            left, right = (round(one.box[at] * picture.width) for at in (0, 2))
            top, bottom = (round(one.box[at] * picture.height) for at in (1, 3))
            for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)):
                out.bounding_poly.vertices.add(x=x, y=y)
            if place.position:
                position = out.locations.add().lat_lng
                position.latitude, position.longitude = place.position

    def stock(self) -> str:
        """What it knows at present."""
        names = self._index.stamps(GALLERY)
        places = {name.split("/")[0] for name in names if "/" in name}
        return f"The gallery holds {len(places)} landmarks in {len(names)} photographs."

    def _found(self, seen: Signature) -> list[LandmarkMatch]:
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
