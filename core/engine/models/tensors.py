"""Pixels -> what a model takes, without needless copies.

NumPy's arithmetic over (height, width, 3) runs three numbers at a time: norming a picture of 416
pixels that way took 4 ms, plane by plane it takes 0.5 (measured, docs/models.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

RGB, BGR = (0, 1, 2), (2, 1, 0)


def planes(
    pictures: Sequence[NDArray[np.uint8]],
    *,
    mean: Iterable[float] = (0.0, 0.0, 0.0),
    deviation: Iterable[float] = (1.0, 1.0, 1.0),
    order: tuple[int, int, int] = RGB,
) -> NDArray[np.float32]:
    """(pixels - mean) / deviation, channels first.

    Args:
        pictures: each (height, width, 3) RGB, all of one size.
        mean, deviation: in the pixels' own scale (0 to 255), in the order of the result.
        order: which channel of the pixels becomes the result's first, second, third.

    Returns:
        (pictures, 3, height, width), contiguous.
    """
    height, width = pictures[0].shape[:2]
    batch = np.empty((len(pictures), 3, height, width), np.float32)
    for pixels, out in zip(pictures, batch, strict=True):
        for plane, channel, middle, spread in zip(out, order, mean, deviation, strict=True):
            np.subtract(pixels[:, :, channel], middle, out=plane, dtype=np.float32)
            np.multiply(plane, np.float32(1.0 / spread), out=plane)
    return batch
