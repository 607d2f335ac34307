"""Faces: 100 of "Labeled Faces in the Wild" and 100 patches that are none.

They come with scikit-image (``lfw_subset.npy``, 25 x 25 grey); each is enlarged onto plain ground.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from scripts.evaluation.figures import Figure, ask, noisy, package_file

FACES = 100  # the first of the patches; the others are none
GROUND = 110  # grey level
ROOM = 256  # pixels of the picture around a patch


def pasted(patch: NDArray[np.float64], side: int) -> Image.Image:
    """A patch (grey, 0 to 1) enlarged to a side in pixels, in the middle of plain ground."""
    grey = Image.fromarray((np.clip(patch, 0, 1) * 255).astype(np.uint8))
    picture = Image.new("RGB", (ROOM, ROOM), (GROUND,) * 3)
    at = (ROOM - side) // 2
    picture.paste(grey.resize((side, side), Image.Resampling.BICUBIC), (at, at))
    return picture


CASES: dict[str, Callable[[NDArray[np.float64]], Image.Image]] = {
    "80 pixels": lambda patch: pasted(patch, 80),
    "40 pixels": lambda patch: pasted(patch, 40),
    "20 pixels": lambda patch: pasted(patch, 20),
    "80 pixels, turned by 20°": lambda patch: pasted(patch, 80).rotate(20),
    "80 pixels, blurred by 3": lambda patch: pasted(patch, 80).filter(ImageFilter.GaussianBlur(3)),
    "80 pixels, a fifth of the light": lambda patch: pasted(patch, 80).point(
        [level // 5 for level in range(256)] * 3
    ),
    "80 pixels, noise 20": lambda patch: noisy(pasted(patch, 80), 20, seed=2),
}


def evaluate() -> Iterator[Figure]:
    """Two figures a case: faces found, and patches taken for one."""
    path = package_file("skimage", "data/lfw_subset.npy")
    if path is None:
        yield Figure("faces", "all", "recall", None, note="skipped: scikit-image has no faces")
        return
    patches = np.load(path)
    for case, make in CASES.items():
        seen = [bool(ask("FACE_DETECTION", make(patch)).face_annotations) for patch in patches]
        faces, others = seen[:FACES], seen[FACES:]
        yield Figure("faces", case, "recall", sum(faces) / len(faces), len(faces))
        yield Figure("faces", case, "false alarms", sum(others) / len(others), len(others))
