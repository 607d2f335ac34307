"""WEB_DETECTION inside a corpus, since the Internet cannot be searched offline.

The corpus is the operator's gallery ``web/`` and every picture that was annotated with this feature
before, in this or an earlier batch: so of two copies in one batch the later one tells of the
earlier. Pages on the Internet are never answered.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from core.engine.annotators.max_results import most_results
from core.engine.galleries.galleries import SignedGallery, galleries_folder, open_index
from core.engine.galleries.picture_index import Likeness, PictureIndex
from core.engine.galleries.signatures import Detail, Signature, bits_apart, same_frame, shared, sign
from core.engine.models.label_model import LabelModel, label_model
from core.engine.models.label_tree import LabelTree
from core.engine.models.model_store import ModelStore

if TYPE_CHECKING:
    from google.cloud import vision

    from core.pictures.picture import Picture

log = logging.getLogger("engine.web")

GALLERY, SEEN = "web", "seen"
MOST_SEEN = 10_000  # pictures that are remembered, the latest: about 260 MB on disk
DETAIL = Detail(side=384, most=192)
SHORTLIST, LEAST = 24, 0.35  # candidates by embedding; a third cut out of a picture has 0.38
SIMILAR = 0.5  # cosine; over it 2 of 903 pairs of different pictures, two jeeps and two skies
SAME_HASH = 8  # bits of 64; different pictures differ by 18 and more
SAME_LOOK = 0.6  # cosine that a copy has as well
# Plain pictures all hash alike and have no keypoints: these must also be as light as each other.
PLAIN_LOOK, PLAIN_LIGHTNESS = 0.65, 48.0
SAME_SHAPE = 0.03  # by how much a copy's aspect ratio may differ
REFRESH_S = 1.0  # for new pictures of the gallery, a picture


class Match(NamedTuple):
    """One picture of the corpus: ``kind`` is full, partial or similar."""

    kind: str
    url: str
    score: float
    subject: str


class WebAnnotator:
    """Fills ``web_detection``."""

    def __init__(
        self, model: LabelModel, index: PictureIndex, gallery: SignedGallery, tree: LabelTree
    ) -> None:
        self._model, self._index, self._gallery, self._tree = model, index, gallery, tree
        self._seen = Likeness(index, SEEN)

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Fill ``web_detection``: matches, surest first; gallery entities; one best guess."""
        target = type(response).pb(response).web_detection
        target.Clear()
        target.SetInParent()
        signature = sign(picture, self._model, DETAIL)
        try:
            self._gallery.refresh(REFRESH_S)
            # First kept, then compared: of two copies that two workers answer at the same time, at
            # least one so meets the other.
            if picture.uri:
                self._index.put(SEEN, picture.uri, "", signature, MOST_SEEN)
            matches = self._matches(signature, picture.uri)
        except sqlite3.OperationalError as error:  # no room, or kept busy: the labels still stand
            log.warning("the corpus cannot be used: %s", error)
            matches = []
        most = most_results(feature)
        lists = {
            "full": target.full_matching_images,
            "partial": target.partial_matching_images,
            "similar": target.visually_similar_images,
        }
        for match in matches:
            if len(lists[match.kind]) < most:
                lists[match.kind].add(url=match.url)
        for subject, score in _subjects(matches)[:most]:
            target.web_entities.add(description=subject, score=score)
        guess = self._tree.best_guess(self._model.look(picture).probability)
        if guess:
            target.best_guess_labels.add(label=guess.lower(), language_code="en")

    def stock(self) -> str:
        """What it compares with at present."""
        own, seen = self._index.count(GALLERY), self._index.count(SEEN)
        return f"Compares with {own} pictures of the gallery and {seen} seen before."

    def _matches(self, signature: Signature, uri: str) -> list[Match]:
        """The most alike first."""
        matches = []
        for gallery, likeness in ((GALLERY, self._gallery.likeness), (SEEN, self._seen)):
            for name, score in likeness.nearest(signature.embedding, SHORTLIST, LEAST):
                other = self._index.get(gallery, name)
                if other is None or (gallery == SEEN and name == uri):
                    continue
                kind = kind_of(signature, other, score)
                if kind:
                    url, subject = (name, "") if gallery == SEEN else _described(name)
                    matches.append(Match(kind, url, score, subject))
        return sorted(matches, key=lambda match: -match.score)


def kind_of(one: Signature, other: Signature, cosine: float) -> str:
    """What ``other`` is to ``one``: "full" a copy of any size, "partial", "similar", or ""."""
    placed = shared(one, other)
    copy = same_frame(one, other, placed) if placed else _plain_alike(one, other, cosine)
    if copy and _looks_the_same(one, other, cosine):
        return "full"
    if placed is not None:
        return "partial"
    return "similar" if cosine >= SIMILAR else ""


def _looks_the_same(one: Signature, other: Signature, cosine: float) -> bool:
    shapes = [width / height for width, height in (one.size, other.size)]
    alike = max(shapes) / min(shapes) <= 1 + SAME_SHAPE
    return alike and cosine >= SAME_LOOK and bits_apart(one.phash, other.phash) <= SAME_HASH


def _plain_alike(one: Signature, other: Signature, cosine: float) -> bool:
    return cosine >= PLAIN_LOOK and abs(one.lightness - other.lightness) <= PLAIN_LIGHTNESS


def _described(name: str) -> tuple[str, str]:
    """Address and subject of a gallery's picture; a path on this machine is nobody's business."""
    subject, _, rest = name.rpartition("/")
    return f"gallery://web/{quote(name)}", subject.split("/")[0] if rest else ""


def _subjects(matches: list[Match]) -> list[tuple[str, float]]:
    """The operator's own names for what was met again, the surest first; never a guess."""
    best: dict[str, float] = {}
    for match in matches:
        if match.subject and match.kind != "similar":
            best[match.subject] = max(best.get(match.subject, 0.0), match.score)
    return sorted(best.items(), key=lambda pair: -pair[1])


def make(models: ModelStore) -> WebAnnotator:
    """Open the model and the corpus; new pictures of the gallery are taken in here."""
    folder = galleries_folder(models)
    model, index = label_model(models), open_index(folder)
    gallery = SignedGallery(folder / GALLERY, GALLERY, index, model, DETAIL)
    gallery.refresh()
    return WebAnnotator(model, index, gallery, LabelTree())
