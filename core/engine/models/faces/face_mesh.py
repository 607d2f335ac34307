"""468 points of a face: MediaPipe's face mesh (arxiv.org/abs/1907.06724).

The face is cut out upright, as the model was trained: a square of 1.5 times the found box.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.models.faces.face_finder import DetectedFace

if TYPE_CHECKING:
    from core.pictures.picture import Picture

SIDE = 192  # pixels, the model's input
AROUND = 1.5  # side of the cut over the longer side of the face's box
MIN_PRESENCE = 0.5  # the model's own word on whether a face was shown to it
ASKEW = np.radians(6.0)  # difference in roll from which the face is cut out again
COARSE, FINE = 512, 1280  # longest sides of the picture that large and small faces are cut from
# Eye corners, brow and chin, by which the head's axes are measured.
LEFT_CORNER, RIGHT_CORNER, FOREHEAD, CHIN = 33, 263, 10, 152
# Points of MediaPipe's numbering whose mean is each of the service's landmarks, by its
# ``FaceAnnotation.Landmark.Type``. LEFT is the left of the picture, as on the service. The pupils
# are not among them: ``iris`` finds those.
# fmt: off
LANDMARKS: Mapping[str, tuple[int, ...]] = {
    "LEFT_EYE": (33, 133, 159, 145), "RIGHT_EYE": (362, 263, 386, 374),
    "LEFT_OF_LEFT_EYEBROW": (46, 70), "RIGHT_OF_LEFT_EYEBROW": (55, 107),
    "LEFT_OF_RIGHT_EYEBROW": (285, 336), "RIGHT_OF_RIGHT_EYEBROW": (276, 300),
    "MIDPOINT_BETWEEN_EYES": (168,), "NOSE_TIP": (4,),
    "UPPER_LIP": (0, 13), "LOWER_LIP": (14, 17),
    "MOUTH_LEFT": (61,), "MOUTH_RIGHT": (291,), "MOUTH_CENTER": (13, 14),
    "NOSE_BOTTOM_RIGHT": (327,), "NOSE_BOTTOM_LEFT": (98,), "NOSE_BOTTOM_CENTER": (2,),
    "LEFT_EYE_TOP_BOUNDARY": (159,), "LEFT_EYE_RIGHT_CORNER": (133,),
    "LEFT_EYE_BOTTOM_BOUNDARY": (145,), "LEFT_EYE_LEFT_CORNER": (33,),
    "RIGHT_EYE_TOP_BOUNDARY": (386,), "RIGHT_EYE_RIGHT_CORNER": (263,),
    "RIGHT_EYE_BOTTOM_BOUNDARY": (374,), "RIGHT_EYE_LEFT_CORNER": (362,),
    "LEFT_EYEBROW_UPPER_MIDPOINT": (105,), "RIGHT_EYEBROW_UPPER_MIDPOINT": (334,),
    "LEFT_EAR_TRAGION": (234,), "RIGHT_EAR_TRAGION": (454,),
    "FOREHEAD_GLABELLA": (9,), "CHIN_GNATHION": (152,),
    "CHIN_LEFT_GONION": (172,), "CHIN_RIGHT_GONION": (397,),
    "LEFT_CHEEK_CENTER": (205,), "RIGHT_CHEEK_CENTER": (425,),
}
# fmt: on

Points = NDArray[np.float64]


class Mesh(NamedTuple):
    """One face's points.

    Attributes:
        presence: 0 to 1, how sure the model is that it was shown a face.
        points: (468, 3) x, y in pixels of the full picture, and z in the same measure, growing
            away from the camera.
        pupils: (3,) of each by its landmark's name, if they were looked for.
    """

    presence: float
    points: Points
    pupils: Mapping[str, Points] = MappingProxyType({})

    def landmarks(self) -> dict[str, Points]:
        """(3,) of each landmark; z counts from the left eye's, as on the service."""
        points = {name: self.points[list(where)].mean(axis=0) for name, where in LANDMARKS.items()}
        points |= self.pupils
        base = np.array([0.0, 0.0, points["LEFT_EYE"][2]])
        return {name: point - base for name, point in points.items()}

    def axes(self) -> tuple[Points, Points]:
        """The head's own right and down (as seen in the picture), two unit vectors (3,)."""
        across = self.points[RIGHT_CORNER] - self.points[LEFT_CORNER]
        across = across / max(float(np.linalg.norm(across)), 1e-9)
        down = self.points[CHIN] - self.points[FOREHEAD]
        down = down - across * float(across @ down)
        return across, down / max(float(np.linalg.norm(down)), 1e-9)


class FaceMesh:
    """One process's model."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def fit(self, picture: Picture, face: DetectedFace) -> Mesh | None:
        """The mesh of a face that was found; None where the model sees no face."""
        eyes = face.points[1] - face.points[0]
        roll = float(np.arctan2(eyes[1], eyes[0]))
        mesh = self._fit(picture, face.box, roll)
        if mesh is None:
            return None
        across = mesh.points[RIGHT_CORNER] - mesh.points[LEFT_CORNER]
        better = float(np.arctan2(across[1], across[0]))
        # A head far from upright is found with its points askew: once more, now held straight.
        if abs(np.angle(np.exp(1j * (better - roll)))) > ASKEW:
            return self._fit(picture, face.box, better) or mesh
        return mesh

    def _fit(
        self, picture: Picture, box: tuple[float, float, float, float], roll: float
    ) -> Mesh | None:
        import cv2

        left, top, right, bottom = box
        side = AROUND * max(right - left, bottom - top)
        longest = max(picture.width, picture.height)
        # From about its own size, since cutting out skips pixels where it shrinks much.
        pixels = picture.scaled(COARSE if side * COARSE >= SIDE * longest else FINE)
        scale = np.array([picture.width / pixels.shape[1], picture.height / pixels.shape[0]])
        centre = np.array([(left + right) / 2, (top + bottom) / 2]) / scale
        to_cut = _placing(centre, float(side / scale.max()), roll)
        cut = cv2.warpAffine(pixels, to_cut, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
        presence, flat = self._session.run(
            ["Identity_1", "Identity_2"], {"input_1": cut[None].astype(np.float32) / 255.0}
        )
        if float(presence[0, 0]) < MIN_PRESENCE:
            return None
        points = flat.reshape(-1, 3).astype(np.float64)
        back = np.linalg.inv(to_cut[:, :2])
        flat_points = (points[:, :2] - to_cut[:, 2]) @ back.T * scale
        depth = points[:, 2] * side / SIDE
        return Mesh(float(presence[0, 0]), np.column_stack([flat_points, depth]))


def _placing(centre: Points, side: float, roll: float) -> Points:
    """(2, 3) matrix that brings a turned square of the picture onto the model's input."""
    factor = SIDE / max(side, 1e-6)
    turn = factor * np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    return np.column_stack([turn, np.full(2, SIDE / 2) - turn @ centre])
