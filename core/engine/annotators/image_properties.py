"""IMAGE_PROPERTIES: the dominant colours, measured.

Colours are clustered in Oklab (bottosson.github.io/posts/oklab), where equal distances look about
equally different. The service does not publish its formula, so ``score`` here is a stated one: the
share of the picture, weighted by how much the colour stands out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.models.model_store import ModelStore

if TYPE_CHECKING:
    from google.cloud import vision

    from core.pictures.picture import Picture

SIDE = 160  # longest side looked at, in pixels: colours survive shrinking
COLOURS = 10  # as the service
BINS = 32  # a colour channel, before clustering: 10 Lloyd rounds over bins, not over pixels
ROUNDS = 12
MERGE = 0.04  # Oklab distance under which two colours are one to the eye
SALIENCE = 4.0  # how much a vivid colour (chroma 0.25) outweighs a grey one of the same area

Colours = NDArray[np.float64]


class Dominant(NamedTuple):
    """One dominant colour.

    Attributes:
        red, green, blue: 0 to 255, as the service has them.
        score: 0 to 1; over all of a picture's colours they sum to 1.
        pixel_fraction: share of the picture's pixels that are nearest to this colour.
    """

    red: float
    green: float
    blue: float
    score: float
    pixel_fraction: float


def dominant_colours(pixels: NDArray[np.uint8]) -> list[Dominant]:
    """At most ten colours of a (height, width, 3) RGB array, the highest score first."""
    colours, counts = _histogram(pixels)
    lab = to_oklab(colours)
    labels, lab_centres = _merged(*_lloyd(lab, counts), counts)
    shares = []
    for at, centre in enumerate(lab_centres):
        mine = labels == at
        share = float(counts[mine].sum() / counts.sum())
        mean = np.average(colours[mine], axis=0, weights=counts[mine])
        chroma = float(np.hypot(centre[1], centre[2]))
        shares.append((*mean.tolist(), share * (1.0 + SALIENCE * chroma / 0.25), share))
    total = sum(colour[3] for colour in shares)
    dominant = [Dominant(r, g, b, score / total, share) for r, g, b, score, share in shares]
    return sorted(dominant, key=lambda colour: -colour.score)


def to_oklab(rgb: Colours) -> Colours:
    """(n, 3) sRGB 0 to 255 -> (n, 3) Oklab: lightness 0 to 1, then green-red, blue-yellow."""
    scaled = rgb / 255.0
    linear = np.where(scaled <= 0.04045, scaled / 12.92, ((scaled + 0.055) / 1.055) ** 2.4)
    to_lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    lab: Colours = np.cbrt(linear @ to_lms.T) @ to_lab.T
    return lab


def _histogram(pixels: NDArray[np.uint8]) -> tuple[Colours, NDArray[np.int64]]:
    """Mean colour and number of pixels of every bin that is not empty."""
    flat = pixels.reshape(-1, 3)
    red, green, blue = (flat[:, channel].astype(np.int64) for channel in range(3))
    width = 256 // BINS
    which = (red // width * BINS + green // width) * BINS + blue // width
    counts = np.bincount(which, minlength=BINS**3)
    filled = np.flatnonzero(counts)
    sums = [np.bincount(which, channel, BINS**3)[filled] for channel in (red, green, blue)]
    return np.column_stack(sums) / counts[filled, None], counts[filled]


def _lloyd(lab: Colours, counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], Colours]:
    """Weighted k-means; begins with the far and frequent colours, so it needs no chance."""
    weights = counts.astype(np.float64)
    centres = lab[[int(weights.argmax())]]
    nearest = ((lab - centres[0]) ** 2).sum(axis=1)
    while len(centres) < COLOURS and nearest.max() > MERGE**2:
        centres = np.vstack([centres, lab[int((nearest * np.sqrt(weights)).argmax())]])
        nearest = np.minimum(nearest, ((lab - centres[-1]) ** 2).sum(axis=1))
    labels = np.zeros(len(lab), np.int64)
    for _ in range(ROUNDS):
        # The squared distance, less what is the same for all centres.
        labels = ((centres**2).sum(axis=1) - 2.0 * (lab @ centres.T)).argmin(axis=1)
        sums = [np.bincount(labels, weights * lab[:, c], len(centres)) for c in range(3)]
        share = np.bincount(labels, weights, len(centres))
        moved = np.column_stack(sums) / np.maximum(share, 1e-9)[:, None]
        moved = np.where(share[:, None] > 0, moved, centres)
        if np.allclose(moved, centres, atol=1e-4):
            break
        centres = moved
    return labels, centres


def _merged(
    labels: NDArray[np.int64], centres: Colours, counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Colours]:
    """Clusters that the eye cannot tell apart made one; empty ones dropped."""
    weights = np.bincount(labels, counts, len(centres))
    chosen: list[int] = []
    becomes = np.zeros(len(centres), np.int64)
    for at in np.argsort(-weights):
        if weights[at] == 0:
            continue
        near = [k for k, other in enumerate(chosen) if _far(centres[at], centres[other]) < MERGE]
        becomes[at] = near[0] if near else len(chosen)
        if not near:
            chosen.append(int(at))
    return becomes[labels], centres[chosen]


def _far(a: Colours, b: Colours) -> float:
    return float(np.linalg.norm(a - b))


class ImagePropertiesAnnotator:
    """Fills ``image_properties_annotation.dominant_colors``."""

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Fill ``image_properties_annotation``: dominant colours, highest score first."""
        target = type(response).pb(response).image_properties_annotation.dominant_colors
        del target.colors[:]
        for colour in dominant_colours(picture.scaled(SIDE)):
            info = target.colors.add(score=colour.score, pixel_fraction=colour.pixel_fraction)
            info.color.red = round(colour.red)
            info.color.green = round(colour.green)
            info.color.blue = round(colour.blue)


def make(models: ModelStore) -> ImagePropertiesAnnotator:
    """Nothing to open: no model."""
    return ImagePropertiesAnnotator()
