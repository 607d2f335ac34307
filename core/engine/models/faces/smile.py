"""Whether a face smiles: the "happy" of a mini-Xception trained on FER-2013.

The weights are those of ``fer2013_big_XCEPTION.54-0.66.hdf5`` of github.com/oarriaga/
face_classification (MIT), number by number; the package's file names that repository. Its other
six emotions were wrong too often to be reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.engine.models.faces.face_finder import DetectedFace

if TYPE_CHECKING:
    from core.pictures.picture import Picture

SIDE = 64  # pixels, the model's input
HAPPY = 3  # of angry, disgust, fear, happy, sad, surprise, neutral
# Cuts around the face's middle, in its box's own sides, square or not: one cut alone moved by up to
# 0.4 with a few pixels.
CUTS = ((1.0, False), (1.0, True), (1.2, False), (1.2, True))
LOOKED_AT = 1280  # longest side of the picture the cuts are taken from


class SmileModel:
    """One process's model."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def probability(self, picture: Picture, face: DetectedFace) -> float:
        """That the face smiles, 0 to 1: the mean over several cuts."""
        import cv2

        pixels = picture.scaled(LOOKED_AT)
        scale = pixels.shape[1] / picture.width
        left, top, right, bottom = (side * scale for side in face.box)
        cuts = []
        for grown, square in CUTS:
            half = np.array([right - left, bottom - top]) / 2 * grown
            if square:
                half[:] = half.max()
            low = np.maximum(np.array([left + right, top + bottom]) / 2 - half, 0).astype(int)
            high = (np.array([left + right, top + bottom]) / 2 + half).astype(int)
            cut = pixels[low[1] : high[1], low[0] : high[0]]
            if not cut.size:
                return 0.0
            grey = cv2.cvtColor(np.ascontiguousarray(cut), cv2.COLOR_RGB2GRAY)
            cuts.append(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
        batch = np.array(cuts, np.float32)[..., None] / 127.5 - 1
        (scores,) = self._session.run(None, {"input_1": batch})
        return float(scores[:, HAPPY].mean())
