"""FACE_DETECTION: faces with their pose, sharpness and traits."""

from __future__ import annotations

from core.results.features.feature import POLYGON, REAL, Counted, Feature, Table, likelihood
from core.results.messages import Message, Poly
from core.results.vocabulary import FACE_TRAITS


class Face(Message):
    """FaceAnnotation; angles in degrees. Its landmarks are read only when one picture is shown."""

    bounding_poly: Poly | None = None
    roll_angle: float = 0.0
    pan_angle: float = 0.0
    tilt_angle: float = 0.0
    detection_confidence: float = 0.0
    landmarking_confidence: float = 0.0
    joy_likelihood: int | str = 0
    sorrow_likelihood: int | str = 0
    anger_likelihood: int | str = 0
    surprise_likelihood: int | str = 0
    under_exposed_likelihood: int | str = 0
    blurred_likelihood: int | str = 0
    headwear_likelihood: int | str = 0


class Point3(Message):
    """Position."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


class FaceLandmark(Message):
    """FaceAnnotation.Landmark."""

    type: int | str = 0
    position: Point3 | None = None


class FaceDetail(Message):
    """The part of a FaceAnnotation that tables leave out."""

    landmarks: list[FaceLandmark] = []


class FacesDetail(Message):
    """The part of a response that tables leave out."""

    face_annotations: list[FaceDetail] = []


FEATURE = Feature(
    "faces",
    fields=("face_annotations",),
    tables={
        "faces": Table(
            {
                "score": (REAL, "detection_confidence"),
                "landmarking": (REAL, "landmarking_confidence"),
                "roll": (REAL, "roll_angle"),
                "pan": (REAL, "pan_angle"),
                "tilt": (REAL, "tilt_angle"),
                **{trait: likelihood(f"{trait}_likelihood") for trait in FACE_TRAITS},
                **POLYGON,
            }
        )
    },
    counted={"faces": Counted("faces", "", "score")},
)
