"""Where the pupils are: MediaPipe's iris model (arxiv.org/abs/2006.11341), for each eye of a mesh.

The eye is cut out with its corners level, as the model was trained: a square of 2.3 times its
width. The model knows the eye on the left of the picture; the other one is shown to it mirrored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.engine.models.faces.face_mesh import Mesh, Points

if TYPE_CHECKING:
    from core.pictures.picture import Picture

SIDE = 64  # pixels, the model's input
AROUND = 2.3  # side of the cut over the eye's width
LOOKED_AT = 1280  # longest side of the picture that eyes are cut from
LEAST_WIDTH = 8.0  # pixels there; a smaller eye shows no iris
# Corners, and points whose mean depth is the eye's, in the mesh's numbering; whether mirrored.
EYES = {
    "LEFT_EYE_PUPIL": (33, 133, (33, 133, 159, 145), False),
    "RIGHT_EYE_PUPIL": (362, 263, (362, 263, 386, 374), True),
}
CENTRE = 71 * 3  # of the outputs: 71 points of the eye, then the iris's middle and its rim


class IrisModel:
    """One process's model."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def pupils(self, picture: Picture, mesh: Mesh) -> dict[str, Points]:
        """(3,) of each pupil by the name of its landmark, as ``Mesh.points``; {} of small eyes."""
        pixels = picture.scaled(LOOKED_AT)
        scale = picture.width / pixels.shape[1]
        cuts, backs, depths = [], [], []
        for begin, end, around, mirrored in EYES.values():
            corners = mesh.points[[begin, end], :2] / scale
            along = corners[1] - corners[0]
            width = float(np.linalg.norm(along))
            if width < LEAST_WIDTH:
                return {}
            to_cut = _placing(corners.mean(axis=0), along / width, AROUND * width, mirrored)
            cuts.append(_cut(pixels, to_cut))
            backs.append(to_cut)
            depths.append(float(mesh.points[list(around), 2].mean()))
        batch = np.array(cuts, np.float32) / 255.0
        (flat,) = self._session.run(None, {"input_1": batch})
        pupils = {}
        for name, numbers, to_cut, depth in zip(
            EYES, flat.reshape(len(cuts), -1), backs, depths, strict=True
        ):
            place = numbers[CENTRE : CENTRE + 2].astype(np.float64) - to_cut[:, 2]
            x, y = np.linalg.solve(to_cut[:, :2], place) * scale
            pupils[name] = np.array([x, y, depth])
        return pupils


def _cut(pixels: Any, to_cut: Points) -> Any:
    import cv2

    return cv2.warpAffine(pixels, to_cut, (SIDE, SIDE), flags=cv2.INTER_LINEAR)


def _placing(centre: Points, along: Points, side: float, mirrored: bool) -> Points:
    """(2, 3) matrix that brings a turned square of the picture onto the model's input."""
    down = np.array([-along[1], along[0]])
    turn = SIDE / side * np.stack([-along if mirrored else along, down])
    return np.column_stack([turn, np.full(2, SIDE / 2) - turn @ centre])
