"""Points of a picture that are found again when the same thing is seen otherwise: SIFT (Lowe 2004).

Descriptors are RootSIFT (Arandjelović & Zisserman 2012), as bytes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

CELLS = 4  # a side: the picture's parts that share the points
RATIO = 0.8  # of the distances to the nearest and to the next descriptor, Lowe's own
NEAR = 4.0  # pixels by which an agreeing point may miss its place
TRIES, SURE = 2000, 0.999  # of RANSAC

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Keypoints:
    """The strongest points of one picture.

    Attributes:
        points: (n, 2) x, y in pixels of the picture that was looked at.
        descriptors: (n, 128) uint8; 255 times a vector of length 1.
    """

    points: Points
    descriptors: NDArray[np.uint8]

    def unit(self) -> NDArray[np.float32]:
        """(n, 128) descriptors of length about 1."""
        return self.descriptors.astype(np.float32) / 255.0


@cache
def _finder(most: int) -> Any:
    import cv2

    cv2.setNumThreads(1)  # one process a core, as for the models
    return cv2.SIFT.create(nfeatures=most)


def find(pixels: NDArray[np.uint8], most: int, mask: NDArray[np.uint8] | None = None) -> Keypoints:
    """The strongest points of each part of a picture; none in a plain one.

    Strength alone would put them all on a caption and leave the picture under it bare.

    Args:
        pixels: (height, width, 3) RGB.
        most: at most so many.
        mask: (height, width); points lie where it is not 0.
    """
    import cv2

    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    detected, values = _finder(4 * most).detectAndCompute(grey, mask)
    if values is None or not len(detected):
        return Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.uint8))
    points = np.array([point.pt for point in detected], np.float32)
    strongest = np.argsort([-point.response for point in detected], kind="stable")
    chosen = _spread(points, strongest, most, grey.shape)
    shares = values / np.maximum(values.sum(axis=1, keepdims=True), 1e-9)
    descriptors = np.round(np.sqrt(shares) * 255).astype(np.uint8)
    return Keypoints(points[chosen], descriptors[chosen])


def _spread(
    points: Points, strongest: NDArray[np.int64], most: int, size: tuple[int, ...]
) -> list[int]:
    """Indices: each cell's strongest first; what some cells leave free goes to the others."""
    place = (points * CELLS / np.array([size[1], size[0]], np.float32)).astype(int)
    in_cell: Counter[tuple[int, ...]] = Counter()
    first: list[int] = []
    rest: list[int] = []
    for at in strongest.tolist():
        cell = tuple(place[at].tolist())
        in_cell[cell] += 1
        (first if in_cell[cell] <= most // CELLS**2 else rest).append(at)
    return (first + rest)[:most]


def pairs(a: Keypoints, b: Keypoints) -> NDArray[np.int64]:
    """(n, 2) indices of points that look alike, clearly more so than any other of ``b``."""
    if len(a.points) == 0 or len(b.points) < 2:
        return np.zeros((0, 2), np.int64)
    alike = a.unit() @ b.unit().T
    best = alike.argmax(axis=1)
    rows = np.arange(len(best))
    nearest = 2 - 2 * alike[rows, best]
    alike[rows, best] = -1.0
    clear = nearest < RATIO**2 * (2 - 2 * alike.max(axis=1))
    # A point of ``b`` that many of ``a`` resemble (a repeated pattern) is kept once, at its best.
    chosen: dict[int, int] = {}
    for row in np.flatnonzero(clear):
        other = chosen.get(int(best[row]))
        if other is None or nearest[row] < nearest[other]:
            chosen[int(best[row])] = int(row)
    return np.array([(row, at) for at, row in chosen.items()], np.int64).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one picture lies in another.

    Attributes:
        matrix: (3, 3), brings homogeneous points of the first onto the second.
        agreeing: (n, 2) indices of the points that bear it out.
    """

    matrix: NDArray[np.float64]
    agreeing: NDArray[np.int64]

    def apply(self, points: Any) -> NDArray[np.float64]:
        """(n, 2) points of the first in the second."""
        flat = np.column_stack([np.asarray(points, np.float64), np.ones(len(points))])
        moved = flat @ self.matrix.T
        placed: NDArray[np.float64] = moved[:, :2] / moved[:, 2:]
        return placed

    @property
    def scale(self) -> float:
        """How many times longer a stretch is in the second, the mean of both directions."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:2, :2]))))

    @property
    def squeeze(self) -> float:
        """How many times more it is stretched in one direction than across it; at least 1."""
        long, short = np.linalg.svd(self.matrix[:2, :2], compute_uv=False)
        return float(long / max(short, 1e-9))

    @property
    def mirrored(self) -> bool:
        """Seen from behind, which no camera does."""
        return float(np.linalg.det(self.matrix[:2, :2])) <= 0


def place(
    a: Keypoints, b: Keypoints, alike: NDArray[np.int64], *, perspective: bool = False
) -> Placement | None:
    """The placement of ``a`` in ``b`` that most pairs agree on; None for none.

    Args:
        alike: (n, 2) indices, from ``pairs``.
        perspective: a plane seen from another side; else it is only turned, scaled and sheared.
    """
    import cv2

    if len(alike) < 4:
        return None
    source, target = a.points[alike[:, 0]], b.points[alike[:, 1]]
    if perspective:
        transform, good = cv2.findHomography(source, target, cv2.RANSAC, NEAR, None, TRIES, SURE)
    else:
        affine, good = cv2.estimateAffine2D(source, target, None, cv2.RANSAC, NEAR, TRIES, SURE)
        transform = None if affine is None else np.vstack([affine, [0.0, 0.0, 1.0]])
    if transform is None or not np.isfinite(transform).all():
        return None
    return Placement(np.asarray(transform, np.float64), alike[good.ravel() > 0])
