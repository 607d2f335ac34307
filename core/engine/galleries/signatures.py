"""What is kept of a picture to know it again: a perceptual hash, an embedding, keypoints.

Measured on 43 pictures, 12 distortions of each and their 903 pairs: docs/models.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.galleries import keypoints
from core.engine.galleries.keypoints import Keypoints, Placement
from core.engine.models.label_model import LabelModel, Vector

if TYPE_CHECKING:
    from core.pictures.picture import Picture

HASH_SIDE = 32
FEWEST = 8  # agreeing keypoints; of 903 pairs of different pictures none had more than 4
MAX_SQUEEZE = 2.0
SCALES = (0.1, 10.0)
SAME_FRAME = 0.03  # of a side: how far apart the corners of two whole copies may lie


class Detail(NamedTuple):
    """How closely keypoints look: ``side`` in pixels of the longest, ``most`` of them."""

    side: int
    most: int


class Signature(NamedTuple):
    """One picture as it is remembered.

    Attributes:
        phash: 64 bits; the difference in bits of two pictures is small if they look the same.
        embedding: (1280,) of length 1.
        size: width and height in pixels that the keypoints count.
        lightness: mean grey, 0 to 255: all plain pictures hash alike.
    """

    phash: int
    embedding: Vector
    keypoints: Keypoints
    size: tuple[int, int]
    lightness: float


def sign(picture: Picture, model: LabelModel, detail: Detail) -> Signature:
    """Measure all that copies and alike pictures are recognised by; runs the label model once."""
    pixels = picture.scaled(detail.side)
    return Signature(
        perceptual_hash(pixels),
        model.look(picture).embedding,
        keypoints.find(pixels, detail.most),
        (pixels.shape[1], pixels.shape[0]),
        float(pixels.mean()),
    )


def perceptual_hash(pixels: NDArray[np.uint8]) -> int:
    """64 bits: which of the lowest 8 x 8 waves of a picture are over their median (pHash)."""
    import cv2
    from PIL import Image

    small = Image.fromarray(pixels).convert("L").resize((HASH_SIDE, HASH_SIDE), reducing_gap=2.0)
    waves = cv2.dct(np.asarray(small, np.float32))[:8, :8].ravel()
    bits = waves > np.median(waves[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def bits_apart(a: int, b: int) -> int:
    """In how many of 64 bits two hashes differ."""
    return (a ^ b).bit_count()


def shared(a: Signature, b: Signature) -> Placement | None:
    """Where ``a`` lies in ``b``, if enough of their points bear it out; never mirrored."""
    placement = keypoints.place(a.keypoints, b.keypoints, keypoints.pairs(a.keypoints, b.keypoints))
    if placement is None or placement.mirrored or len(placement.agreeing) < FEWEST:
        return None
    plausible = placement.squeeze <= MAX_SQUEEZE and SCALES[0] <= placement.scale <= SCALES[1]
    return placement if plausible else None


def same_frame(a: Signature, b: Signature, placed: Placement) -> bool:
    """Whether ``a`` lies in ``b`` corner on corner: a copy, not a crop of it."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    moved = placed.apply(corners * a.size) / b.size
    return float(np.abs(moved - corners).max()) <= SAME_FRAME
