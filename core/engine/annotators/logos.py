"""LOGO_DETECTION: the logos of the operator's gallery, found by SIFT and then looked at.

Keypoints alone took other things for logos in 9 of 24 cases (an earlier session's count), so what
they point at is straightened and must also look like the logo, pixel by pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.annotators.max_results import most_results
from core.engine.galleries import keypoints
from core.engine.galleries.entries import ABOUT, read_about
from core.engine.galleries.galleries import Watched, galleries_folder, read_picture
from core.engine.galleries.keypoints import Keypoints, Placement
from core.engine.models.model_store import ModelStore
from core.pictures.picture import Picture

if TYPE_CHECKING:
    from pathlib import Path

    from google.cloud import vision

GALLERY = "logos"
LOGO_SIDE, LOGO_POINTS = 256, 300  # how closely a logo's picture is looked at
SIDE, POINTS = 1024, 1500  # and the picture that is searched
VOTES = 4  # of its keypoints that look most like this logo of all, before it is tried at all
MOST_TRIED = 8  # logos a picture: those with most votes
MOST_EACH = 5  # times one logo may be found in a picture
FEWEST = 5  # agreeing keypoints
SCALES = (0.08, 4.0)  # of the logo as it was looked at: 20 pixels to all of the picture
MAX_SQUEEZE = 2.5  # seen from the side
ALIKE = 0.6  # zero-mean normalised cross-correlation of the straightened patch with the logo
VOTE_RATIO = 0.85  # of the distances to the nearest logo and to the nearest other one
MOST_COMPARED = 4_000_000  # pairs of keypoints in memory at once: 16 MB, and twice as much beside
OVERLAP = 0.3  # of the smaller box, from which the weaker of two is dropped

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LogoTemplate:
    """One picture of a logo.

    Attributes:
        grey: (height, width), 0 to 255.
        mask: (height, width), true where the logo or its edge is, not the ground around it.
    """

    name: str
    grey: Grey
    mask: NDArray[np.bool_]
    keypoints: Keypoints


class LogoMatch(NamedTuple):
    """One logo in a picture; ``corners`` (4, 2) in pixels of what was searched."""

    name: str
    score: float
    corners: NDArray[np.float64]


def read_logo(path: Path, name: str) -> LogoTemplate | None:
    """A gallery's picture; None if it is no picture or shows nothing to go by."""
    import io

    import cv2
    from PIL import Image

    read = read_picture(path)
    if read is None:
        return None
    pixels = read[0].scaled(LOGO_SIDE)
    height, width = pixels.shape[:2]
    mask = np.ones((height, width), np.uint8)
    with Image.open(io.BytesIO(read[1])) as image:
        if image.has_transparency_data and read[0].orientation == 1:
            alpha = image.convert("RGBA").getchannel("A").resize((width, height))
            # With the edge, which is all that a plain shape has.
            solid = (np.asarray(alpha) > 32).astype(np.uint8)
            mask = cv2.dilate(solid, np.ones((9, 9), np.uint8)).astype(np.uint8)
    points = keypoints.find(pixels, LOGO_POINTS)
    if len(points.points) < FEWEST or int(mask.sum()) < 64:
        return None
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return LogoTemplate(name, grey, mask > 0, points)


def too_plain(pixels: NDArray[np.uint8]) -> str:
    """Why a picture of a logo would never be recognised; "" if it can be.

    Args:
        pixels: (height, width, 3) RGB, upright.
    """
    count = len(keypoints.find(Picture(pixels).scaled(LOGO_SIDE), LOGO_POINTS).points)
    if count >= FEWEST:
        return ""
    return f"It has {count} details to go by, and {FEWEST} are needed"


class LogoBook:
    """The gallery's logos in memory, with all their descriptors in one table."""

    def __init__(self, logos: list[LogoTemplate]) -> None:
        self.logos = logos
        names = sorted({logo.name for logo in logos})
        self._table = np.concatenate(
            [np.zeros((0, 128), np.float32), *(logo.keypoints.unit() for logo in logos)]
        )
        self._picture_of = np.repeat(
            np.arange(len(logos)), [len(logo.keypoints.points) for logo in logos]
        )
        numbers = np.array([names.index(logo.name) for logo in logos], np.int64)
        self._name_of = numbers[self._picture_of] if logos else np.zeros(0, np.int64)

    def shortlist(self, seen: Keypoints) -> list[LogoTemplate]:
        """Logos worth a closer look: those that most keypoints vote for.

        Products of matrices for the whole gallery, some keypoints of the picture at a time.
        """
        if not len(self._table) or not len(seen.points):
            return []
        votes = np.zeros(len(self.logos), np.int64)
        points = seen.unit()
        step = max(1, MOST_COMPARED // len(self._table))
        for first in range(0, len(points), step):
            alike = points[first : first + step] @ self._table.T
            best = alike.argmax(axis=1)
            rows = np.arange(len(best))
            nearest = 2 - 2 * alike[rows, best]
            # The nearest of another name: several pictures of one logo do not rival each other.
            alike[self._name_of[best][:, None] == self._name_of[None, :]] = -1.0
            clear = nearest < VOTE_RATIO**2 * (2 - 2 * alike.max(axis=1))
            votes += np.bincount(self._picture_of[best[clear]], minlength=len(self.logos))
        order = np.argsort(-votes, kind="stable")[:MOST_TRIED]
        return [self.logos[at] for at in order if votes[at] >= VOTES]


def search(book: LogoBook, pixels: NDArray[np.uint8]) -> list[LogoMatch]:
    """Every logo of the book in a picture, the surest first."""
    import cv2

    if not book.logos:
        return []
    seen = keypoints.find(pixels, POINTS)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    candidates: list[LogoMatch] = []
    for logo in book.shortlist(seen):
        candidates += _each(logo, seen, grey)
    logos_seen: list[LogoMatch] = []
    for one in sorted(candidates, key=lambda one: -one.score):
        if not any(_overlap(one.corners, other.corners) > OVERLAP for other in logos_seen):
            logos_seen.append(one)
    return logos_seen


def _each(logo: LogoTemplate, seen: Keypoints, grey: Grey) -> list[LogoMatch]:
    """One logo as often as it is there: found, its keypoints put aside, searched again."""
    places: list[LogoMatch] = []
    left = np.arange(len(seen.points))
    while len(places) < MOST_EACH:
        rest = Keypoints(seen.points[left], seen.descriptors[left])
        placed = keypoints.place(logo.keypoints, rest, keypoints.pairs(logo.keypoints, rest))
        if placed is None or not _plausible(placed):
            break
        score = likeness(logo, grey, placed)
        if score < ALIKE:
            break
        height, width = logo.grey.shape
        corners = placed.apply([[0, 0], [width, 0], [width, height], [0, height]])
        places.append(LogoMatch(logo.name, score, corners))
        inside = _inside(seen.points[left], corners)
        inside[placed.agreeing[:, 1]] = True
        left = left[~inside]
    return places


def _plausible(placed: Placement) -> bool:
    return (
        len(placed.agreeing) >= FEWEST
        and not placed.mirrored
        and SCALES[0] <= placed.scale <= SCALES[1]
        and placed.squeeze <= MAX_SQUEEZE
    )


def likeness(logo: LogoTemplate, grey: Grey, placed: Placement) -> float:
    """-1 to 1: how the picture's patch, straightened, goes with the logo, light and dark."""
    import cv2

    height, width = logo.grey.shape
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(grey, placed.matrix[:2], (width, height), flags=flags)
    blurred = cv2.GaussianBlur(logo.grey, (0, 0), max(0.5, 0.5 / max(placed.scale, 1e-3)))
    there, here = blurred[logo.mask], patch[logo.mask]
    spread = float(there.std() * here.std())
    if spread < 1.0:
        return 0.0
    return float(((there - there.mean()) * (here - here.mean())).mean()) / spread


def _inside(points: NDArray[np.float32], corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    edges = np.roll(corners, -1, axis=0) - corners
    offsets = points[:, None, :] - corners[None, :, :]
    sides = edges[None, :, 0] * offsets[:, :, 1] - edges[None, :, 1] * offsets[:, :, 0]
    return np.asarray((sides >= 0).all(axis=1), np.bool_)


def _overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Of the upright boxes around two, the shared part of the smaller."""
    low, high = np.maximum(a.min(axis=0), b.min(axis=0)), np.minimum(a.max(axis=0), b.max(axis=0))
    shared = float(np.prod(np.maximum(high - low, 0.0)))
    smaller = min(float(np.prod(np.ptp(box, axis=0))) for box in (a, b))
    return shared / max(smaller, 1e-9)


class LogoAnnotator:
    """Fills ``logo_annotations``."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._book = LogoBook([])
        self._refresh()

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Fill ``logo_annotations`` from the gallery, surest first; empty without one."""
        self._refresh()
        target = type(response).pb(response)
        del target.logo_annotations[:]
        if not self._book.logos:
            return
        pixels = picture.scaled(SIDE)
        scale = np.array([picture.width / pixels.shape[1], picture.height / pixels.shape[0]])
        for one in search(self._book, pixels)[: most_results(feature)]:
            out = target.logo_annotations.add(description=one.name, score=min(one.score, 1.0))
            for x, y in one.corners * scale:
                out.bounding_poly.vertices.add(
                    x=int(np.clip(round(float(x)), 0, picture.width)),
                    y=int(np.clip(round(float(y)), 0, picture.height)),
                )

    def _refresh(self) -> None:
        there, new = self._watched.changed()
        if not new:
            return
        folder = self._watched.folder
        inside = [name for name in there if "/" in name]  # others have no name to answer
        entries = {name.split("/")[0] for name in inside}
        names = {entry: read_about(folder / entry, ABOUT[GALLERY]).name for entry in entries}
        read = [read_logo(folder / name, names[name.split("/")[0]]) for name in inside]
        self._book = LogoBook([logo for logo in read if logo is not None])


def make(models: ModelStore) -> LogoAnnotator:
    """Read the gallery."""
    return LogoAnnotator(Watched(galleries_folder(models) / GALLERY))
