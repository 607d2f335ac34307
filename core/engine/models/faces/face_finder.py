"""Finds faces: CenterFace (arxiv.org/abs/1911.03599), box and five points each."""

from __future__ import annotations

import weakref
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.models.model_store import ModelStore, open_session
from core.engine.models.tensors import planes

if TYPE_CHECKING:
    from core.pictures.picture import Picture

MODEL = "centerface"
SIDE = 512  # longest side looked at; a face must have about 12 pixels of it
ENLARGED = 2.0  # at most, of smaller pictures: faces of 20 pixels were found 12 of 100, then all
WORTH_A_LOOK = 1.25  # enlarged by less, nothing new is seen
STEP = 32  # the model's input is a multiple of this
CELL = 4  # pixels of the input a cell of its output
MIN_SCORE = 0.5  # below it, dogs and geese
SAME_FACE = 0.3  # overlap over union

Points = NDArray[np.float64]


class DetectedFace(NamedTuple):
    """One face, in pixels of the full picture.

    Attributes:
        score: 0 to 1.
        box: left, top, right, bottom; from the brow to the chin.
        points: (5, 2): eye, eye, tip of the nose, corner, corner of the mouth; of each pair the
            one on the left of the picture first, as far as the face is upright.
    """

    score: float
    box: tuple[float, float, float, float]
    points: Points


class FaceFinder:
    """One process's model. Keeps what it found in the latest picture: labels ask for it too."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._latest: tuple[weakref.ref[Picture], list[DetectedFace]] | None = None

    def find(self, picture: Picture) -> list[DetectedFace]:
        """Every face, the surest first.

        A small picture is looked at twice, as it is and enlarged: enlarging alone found fewer of
        the larger faces where they were blurred or noisy.
        """
        if self._latest is None or self._latest[0]() is not picture:
            self._latest = (weakref.ref(picture), self._look(picture))
        return self._latest[1]

    def _look(self, picture: Picture) -> list[DetectedFace]:
        factor = SIDE / max(picture.width, picture.height)
        faces = self._at(picture, min(factor, 1.0))
        if factor > WORTH_A_LOOK:
            faces += self._at(picture, min(factor, ENLARGED))
        return _one_each(faces)

    def _at(self, picture: Picture, factor: float) -> list[DetectedFace]:
        width, height = (
            max(STEP, round(side * factor / STEP) * STEP)
            for side in (picture.width, picture.height)
        )
        batch = planes([picture.fitted(SIDE, (width, height))])
        outputs = self._session.run(["537", "538", "539", "540"], {"input.1": batch})
        scale = np.array([picture.width / width, picture.height / height])
        heat, sizes, offsets, marks = (output[0] for output in outputs)
        return _decode(heat, sizes, offsets, marks, scale)


def _decode(
    heat: Points, sizes: Points, offsets: Points, marks: Points, scale: Points
) -> list[DetectedFace]:
    """Faces from the model's maps; each map is (channels, rows, columns), y before x."""
    faces = []
    for row, column in zip(*np.nonzero(heat[0] > MIN_SCORE), strict=True):
        high, wide = np.exp(np.clip(sizes[:, row, column], -5, 6)) * CELL
        y = (row + offsets[0, row, column] + 0.5) * CELL
        x = (column + offsets[1, row, column] + 0.5) * CELL
        corner = np.array([x - wide / 2, y - high / 2])
        # Points come as shares of the box.
        shares = marks[:, row, column].reshape(5, 2)[:, ::-1].astype(np.float64)
        size = np.array([wide, high])
        (left, top), (right, bottom) = corner * scale, (corner + size) * scale
        box = (float(left), float(top), float(right), float(bottom))
        points = (corner + shares * size) * scale
        faces.append(DetectedFace(min(float(heat[0, row, column]), 1.0), box, points))
    return faces


def _one_each(faces: list[DetectedFace]) -> list[DetectedFace]:
    """Of boxes that share a face, the surest."""
    chosen: list[DetectedFace] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(_overlap(face.box, other.box) < SAME_FACE for other in chosen):
            chosen.append(face)
    return chosen


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    wide = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    high = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return wide * high / max(sum(areas) - wide * high, 1e-9)


@cache
def face_finder(models: ModelStore) -> FaceFinder:
    """The finder of this process.

    Raises:
        ModelMissing: its model is not there and cannot be fetched.
    """
    return FaceFinder(open_session(models.path(MODEL)))
