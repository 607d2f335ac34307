"""What the witnesses for labels say of one picture, before anything is concluded from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.annotators.picture_statistics import Statistics, measure
from core.engine.models.picture_words import picture_words

if TYPE_CHECKING:
    from core.engine.models.faces.face_finder import FaceFinder
    from core.engine.models.label_model import LabelModel
    from core.engine.models.object_finder import ObjectFinder
    from core.engine.ocr.line_finder import LineFinder
    from core.pictures.picture import Picture

LINES_SIDE = 320  # longest side at which lines of text are found, not read: 25 ms
# The detector takes blobs and whole pictures for one high line; print that is worth a word is
# lower than this share of the picture's longest side.
SMALL_LINE = 0.15
STRIP = 2.0  # a picture this much wider than high may be one line of text...
STRIP_COVERED = 0.6  # ... if a line of the same shape covers this share of it


class TextLines(NamedTuple):
    """Lines of text that were found.

    Attributes:
        small: how many are small against the picture.
        aspect: median width over height of the small ones; 0 if there are none.
        cover: share of the picture that the small ones cover, 0 to about 1.
        strip: whether the picture is a strip with one line of text along it.
    """

    small: int = 0
    aspect: float = 0.0
    cover: float = 0.0
    strip: bool = False


class FaceSeen(NamedTuple):
    """A face: how sure, 0 to 1, and its height as a share of the picture's."""

    score: float
    height: float


class ObjectSeen(NamedTuple):
    """A thing, in the object model's word, and how sure, 0 to 1."""

    name: str
    score: float


class Evidence(NamedTuple):
    """All that labels are concluded from; a witness that is not there has seen nothing.

    Attributes:
        probability: (1000,) softmax over ImageNet's classes.
        words: how surely it shows or is each of ``PictureWords``.
    """

    probability: NDArray[np.float32]
    statistics: Statistics
    lines: TextLines = TextLines()
    faces: tuple[FaceSeen, ...] = ()
    objects: tuple[ObjectSeen, ...] = ()
    words: Mapping[str, float] = {}


class Witnesses(NamedTuple):
    """The models that are asked; ``None`` where one is not wanted or could not be had."""

    classes: LabelModel
    lines: LineFinder
    faces: FaceFinder | None = None
    objects: ObjectFinder | None = None

    def look(self, picture: Picture) -> Evidence:
        """Ask them all. Faces and objects that their own features found are not sought again."""
        small = picture.scaled(LINES_SIDE)
        height, width = small.shape[:2]
        faces = self.faces.find(picture) if self.faces else []
        objects = self.objects.find(picture) if self.objects else []
        seen = self.classes.look(picture)
        return Evidence(
            probability=seen.probability,
            statistics=measure(picture),
            lines=text_lines(self.lines.look(picture, LINES_SIDE).quads, width, height),
            faces=tuple(
                FaceSeen(face.score, (face.box[3] - face.box[1]) / picture.height) for face in faces
            ),
            objects=tuple(ObjectSeen(one.name, one.score) for one in objects),
            words=picture_words().look(seen.embedding),
        )


def text_lines(quads: NDArray[np.float64], width: int, height: int) -> TextLines:
    """Sum up the lines found in a picture.

    Args:
        quads: (lines, 4, 2) corners in pixels.
        width, height: of the picture in which they were found.
    """
    if not len(quads):
        return TextLines()
    sides = np.sort(np.linalg.norm(quads[:, [1, 3]] - quads[:, [0]], axis=2), axis=1)
    high, long = sides[:, 0], np.maximum(sides[:, 1], 1.0)
    areas = high * long / (width * height)
    along = long >= STRIP * np.maximum(high, 1.0)
    strip = width >= STRIP * height and float((areas * along).max()) >= STRIP_COVERED
    small = high <= SMALL_LINE * max(width, height)
    if not small.any():
        return TextLines(strip=strip)
    aspect = float(np.median(long[small] / np.maximum(high[small], 1.0)))
    return TextLines(int(small.sum()), aspect, float(areas[small].sum()), strip)
