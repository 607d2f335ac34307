"""FACE_DETECTION."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from google.cloud import vision
from PIL import Image, ImageFilter

from core.engine.annotators.faces import MODEL_HEAD, FaceAnnotator, angles
from core.engine.models.faces.face_finder import DetectedFace, FaceFinder
from core.engine.models.faces.face_mesh import FaceMesh
from core.engine.models.model_store import ModelStore, open_session
from tests.kit.pictures.real_pictures import Annotate, picture_from, sample

pytestmark = pytest.mark.slow

KINDS = vision.FaceAnnotation.Landmark.Type
LIKELIHOODS = vision.Likelihood


@pytest.fixture(scope="module")
def astronaut() -> Image.Image:
    return Image.fromarray(np.array(sample("astronaut.png").pixels))


def one_face(annotate: Annotate, image: Image.Image) -> vision.FaceAnnotation:
    (face,) = annotate("FACE_DETECTION", picture_from(image)).face_annotations
    assert isinstance(face, vision.FaceAnnotation)
    return face


def turned_head(roll: float, pan: float, tilt: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:  # fmt: skip  # noqa: E501
    """The five points of the average head, turned as ``angles`` says it, seen from far away."""
    r, p, t = np.radians([roll, pan, tilt])
    about_x = np.array([[1, 0, 0], [0, np.cos(t), np.sin(t)], [0, -np.sin(t), np.cos(t)]])
    about_y = np.array([[np.cos(p), 0, -np.sin(p)], [0, 1, 0], [np.sin(p), 0, np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    points = MODEL_HEAD @ (about_z @ about_y @ about_x).T
    return np.array(points[:, :2] * 3 + 200)


@pytest.mark.parametrize(
    "wanted", [(0, 0, 0), (25, 0, 0), (-40, 0, 0), (0, 30, 0), (0, -30, 0), (0, 0, 20), (0, 0, -20)]
)
def test_angles_of_a_known_head(wanted: tuple[float, float, float]) -> None:
    assert angles(turned_head(*wanted)) == pytest.approx(wanted, abs=1.5)


def test_a_face_with_its_points(annotate: Annotate, astronaut: Image.Image) -> None:
    face = one_face(annotate, astronaut)
    assert face.detection_confidence > 0.8 and face.landmarking_confidence > 0.9
    inner = [(v.x, v.y) for v in face.fd_bounding_poly.vertices]
    outer = [(v.x, v.y) for v in face.bounding_poly.vertices]
    assert outer[0] < inner[0] and outer[2] > inner[2]
    points = {int(mark.type_): (mark.position.x, mark.position.y) for mark in face.landmarks}
    # Where a person sees them, in pixels of the 512 x 512 picture.
    for kind, at in (
        (KINDS.LEFT_EYE, (203, 101)),
        (KINDS.RIGHT_EYE, (248, 104)),
        (KINDS.NOSE_TIP, (223, 127)),
        (KINDS.MOUTH_CENTER, (223, 145)),
    ):
        assert points[int(kind)] == pytest.approx(at, abs=5)
    assert abs(face.roll_angle) < 10 and abs(face.pan_angle) < 15 and abs(face.tilt_angle) < 15


def by_kind(face: vision.FaceAnnotation) -> dict[str, np.ndarray[Any, Any]]:
    return {
        vision.FaceAnnotation.Landmark.Type(mark.type_).name: np.array(
            [mark.position.x, mark.position.y, mark.position.z]
        )
        for mark in face.landmarks
    }


def test_all_of_the_services_landmarks(annotate: Annotate, astronaut: Image.Image) -> None:
    face = one_face(annotate, astronaut)
    points = by_kind(face)
    wanted = set(KINDS.__members__) - {"UNKNOWN_LANDMARK"}
    assert set(points) == wanted and len(face.landmarks) == len(wanted)
    assert points["LEFT_EYE"][2] == 0.0
    assert points["NOSE_TIP"][2] < -10 < points["LEFT_EAR_TRAGION"][2]  # away is more
    across = [
        "LEFT_EAR_TRAGION",
        "LEFT_EYE_LEFT_CORNER",
        "LEFT_EYE_RIGHT_CORNER",
        "MIDPOINT_BETWEEN_EYES",
        "RIGHT_EYE_LEFT_CORNER",
        "RIGHT_EYE_RIGHT_CORNER",
        "RIGHT_EAR_TRAGION",
    ]
    assert np.all(np.diff([points[name][0] for name in across]) > 5)
    down = [
        "LEFT_EYEBROW_UPPER_MIDPOINT",
        "LEFT_EYE_TOP_BOUNDARY",
        "LEFT_EYE_BOTTOM_BOUNDARY",
        "NOSE_TIP",
        "NOSE_BOTTOM_CENTER",
        "UPPER_LIP",
        "LOWER_LIP",
        "CHIN_GNATHION",
    ]
    assert np.all(np.diff([points[name][1] for name in down]) > 1)
    for name, point in points.items():
        if name.startswith("LEFT_") and not name.startswith("LEFT_OF"):
            assert point[0] < points["RIGHT" + name.removeprefix("LEFT")][0], name


def test_landmarks_follow_the_picture(annotate: Annotate, astronaut: Image.Image) -> None:
    plain = by_kind(one_face(annotate, astronaut))
    turned = by_kind(one_face(annotate, astronaut.transpose(Image.Transpose.ROTATE_270)))
    larger = by_kind(one_face(annotate, astronaut.resize((1500, 1500))))
    for name, point in plain.items():
        there = (511 - point[1], point[0])
        assert turned[name][:2] == pytest.approx(there, abs=9), name
        assert larger[name] == pytest.approx(point * 1500 / 512, abs=14), name


def test_pupils_lie_between_their_lids_and_follow_a_mirror(
    annotate: Annotate, astronaut: Image.Image
) -> None:
    plain = by_kind(one_face(annotate, astronaut))
    mirrored = by_kind(one_face(annotate, astronaut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    for side, other in (("LEFT", "RIGHT"), ("RIGHT", "LEFT")):
        x, y = plain[f"{side}_EYE_PUPIL"][:2]
        assert plain[f"{side}_EYE_LEFT_CORNER"][0] < x < plain[f"{side}_EYE_RIGHT_CORNER"][0]
        lids = plain[f"{side}_EYE_TOP_BOUNDARY"][1], plain[f"{side}_EYE_BOTTOM_BOUNDARY"][1]
        assert lids[0] - 2 < y < lids[1] + 2
        assert 511 - mirrored[f"{other}_EYE_PUPIL"][0] == pytest.approx(x, abs=1.5)


def test_small_eyes_show_no_pupil(annotate: Annotate, astronaut: Image.Image) -> None:
    far = Image.new("RGB", (1280, 1280), (90, 120, 90))
    far.paste(astronaut.resize((190, 190)), (500, 500))
    for face in annotate("FACE_DETECTION", picture_from(far)).face_annotations:
        assert "LEFT_EYE_PUPIL" not in by_kind(face)


def test_without_the_mesh_seven_landmarks_are_left(
    astronaut: Image.Image, model_store: ModelStore
) -> None:
    finder = FaceFinder(open_session(model_store.path("centerface")))
    response = vision.AnnotateImageResponse()
    FaceAnnotator(finder).annotate(
        picture_from(astronaut), vision.Feature(), vision.ImageContext(), response
    )
    (face,) = response.face_annotations
    assert len(face.landmarks) == 7 and face.landmarking_confidence == face.detection_confidence
    assert abs(face.roll_angle) < 10


def test_a_mesh_that_sees_no_face_says_nothing(model_store: ModelStore) -> None:
    mesh = FaceMesh(open_session(model_store.path("facemesh")))
    points = np.array([[240.0, 60], [260, 60], [250, 70], [240, 80], [260, 80]])
    gravel = DetectedFace(0.9, (200.0, 50.0, 300.0, 150.0), points)
    assert mesh.fit(sample("gravel.png"), gravel) is None


def test_what_is_not_judged_says_unknown(annotate: Annotate, astronaut: Image.Image) -> None:
    face = one_face(annotate, astronaut)
    for name in ("sorrow", "anger", "surprise", "headwear"):
        assert getattr(face, f"{name}_likelihood") == LIKELIHOODS.UNKNOWN


def test_a_plain_smile_is_joy_and_nothing_else_is_said(
    annotate: Annotate, astronaut: Image.Image
) -> None:
    assert one_face(annotate, astronaut).joy_likelihood == LIKELIHOODS.VERY_LIKELY
    (cameraman,) = annotate("FACE_DETECTION", sample("camera.png")).face_annotations
    assert cameraman.joy_likelihood == LIKELIHOODS.UNKNOWN


def test_a_face_at_the_edge_is_looked_at_too(annotate: Annotate, astronaut: Image.Image) -> None:
    for face in annotate(
        "FACE_DETECTION", picture_from(astronaut.crop((215, 0, 300, 160)))
    ).face_annotations:
        assert face.joy_likelihood in (LIKELIHOODS.UNKNOWN, LIKELIHOODS.VERY_LIKELY)


def test_turning_the_picture_turns_the_roll(annotate: Annotate, astronaut: Image.Image) -> None:
    straight = one_face(annotate, astronaut).roll_angle
    right = one_face(annotate, astronaut.rotate(-20)).roll_angle
    assert right - straight == pytest.approx(20, abs=8)


def test_the_cameraman_looks_to_the_right(annotate: Annotate) -> None:
    image = Image.fromarray(np.array(sample("camera.png").pixels))
    assert one_face(annotate, image).pan_angle > 25
    mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert one_face(annotate, mirrored).pan_angle < -25


def test_blur_and_darkness_are_distinguished(annotate: Annotate, astronaut: Image.Image) -> None:
    plain = one_face(annotate, astronaut)
    blurred = one_face(annotate, astronaut.filter(ImageFilter.GaussianBlur(6)))
    dark = one_face(annotate, astronaut.point(lambda value: value * 0.15))
    assert plain.blurred_likelihood == plain.under_exposed_likelihood == 1
    assert blurred.blurred_likelihood >= LIKELIHOODS.LIKELY
    assert blurred.under_exposed_likelihood == LIKELIHOODS.VERY_UNLIKELY
    assert dark.under_exposed_likelihood >= LIKELIHOODS.LIKELY
    assert dark.blurred_likelihood <= LIKELIHOODS.UNLIKELY


def test_small_faces_and_patches_that_are_none(annotate: Annotate) -> None:
    import skimage

    patches = np.load(Path(skimage.__file__).parent / "data" / "lfw_subset.npy")  # 100 of each
    counts = [0, 0]
    for at in range(0, 200, 10):
        grey = Image.fromarray((patches[at] * 255).astype(np.uint8))
        page = Image.new("L", (240, 240), 110)
        page.paste(grey.resize((80, 80), Image.Resampling.BICUBIC), (80, 80))
        faces = annotate("FACE_DETECTION", picture_from(page)).face_annotations
        counts[at >= 100] += bool(faces)
    assert counts == [10, 0]


def test_several_faces_and_max_results(annotate: Annotate, astronaut: Image.Image) -> None:
    row = Image.new("RGB", (900, 300))
    for at in range(3):
        row.paste(astronaut.crop((100, 0, 400, 300)), (300 * at, 0))
    faces = annotate("FACE_DETECTION", picture_from(row)).face_annotations
    assert len(faces) == 3
    scores = [face.detection_confidence for face in faces]
    assert scores == sorted(scores, reverse=True)
    assert len(annotate("FACE_DETECTION", picture_from(row), most=2).face_annotations) == 2


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png", "moon.png", "coins.png"])
def test_no_face_where_there_is_none(name: str, annotate: Annotate) -> None:
    assert not annotate("FACE_DETECTION", sample(name)).face_annotations


def test_weights_are_constants_of_the_model(model_store: ModelStore) -> None:
    """Else onnxruntime leaves out its best layout, which took twice as long."""
    model = onnx.load(str(model_store.path("centerface")), load_external_data=False)
    assert [given.name for given in model.graph.input] == ["input.1"]
    used = {name for node in model.graph.node for name in node.input}
    assert {weight.name for weight in model.graph.initializer} <= used


def test_a_small_picture_is_enlarged_for_its_small_faces(annotate: Annotate) -> None:
    import skimage

    patches = np.load(Path(skimage.__file__).parent / "data" / "lfw_subset.npy")
    counts = []
    for patch in [*patches[:10], *patches[100:110]]:
        picture = Image.new("RGB", (200, 200), (110,) * 3)
        grey = Image.fromarray((patch * 255).astype(np.uint8))
        picture.paste(grey.resize((20, 20), Image.Resampling.BICUBIC), (90, 60))
        faces = annotate("FACE_DETECTION", picture_from(picture)).face_annotations
        counts.append(len(faces))
        for face in faces:
            xs = [vertex.x for vertex in face.fd_bounding_poly.vertices]
            ys = [vertex.y for vertex in face.fd_bounding_poly.vertices]
            assert 85 <= min(xs) < max(xs) <= 115 and 55 <= min(ys) < max(ys) <= 90
    assert sum(counts[:10]) >= 9 and sum(counts[10:]) == 0
