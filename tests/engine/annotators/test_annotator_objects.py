"""OBJECT_LOCALIZATION: decoding by itself, then real pictures (its model needs npm)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from core.engine.models.object_finder import NAMES, SIDE, STRIDES, Detection, decode
from tests.kit.pictures.real_pictures import Annotate, sample


def maps(*cells: tuple[int, int, int, str, float]) -> dict[str, NDArray[np.float32]]:
    """Empty outputs but for some cells: stride, row, column, kind, score; each reaches 4 steps."""
    outputs: dict[str, NDArray[np.float32]] = {}
    for stride, (scores, sides) in STRIDES.items():
        count = (SIDE // stride) ** 2
        outputs[scores] = np.zeros((1, count, len(NAMES)), np.float32)
        outputs[sides] = np.full((1, count, 44), -30, np.float32)
        outputs[sides].reshape(-1, 4, 11)[:, :, 4] = 30  # certainly 4 steps to each side
    for stride, row, column, kind, score in cells:
        cell = row * (SIDE // stride) + column
        outputs[STRIDES[stride][0]][0, cell, NAMES.index(kind)] = score
    return outputs


def test_a_cell_becomes_a_box() -> None:
    (detection,) = decode(maps((32, 5, 7, "Cat", 0.9)))
    assert detection.name == "Cat" and detection.score == pytest.approx(0.9)
    middle_x, middle_y, reach = 7.5 * 32 / SIDE, 5.5 * 32 / SIDE, 4 * 32 / SIDE
    wanted = (middle_x - reach, middle_y - reach, middle_x + reach, middle_y + reach)
    assert detection.box == pytest.approx(wanted, abs=1e-6)


def test_boxes_stay_within_the_picture() -> None:
    (detection,) = decode(maps((32, 0, 0, "Cat", 0.9)))
    assert detection.box[:2] == (0.0, 0.0) and max(detection.box) < 0.5


def test_of_overlapping_boxes_the_surest_stays_and_kinds_may_share_a_place() -> None:
    detections = decode(
        maps(
            (16, 10, 10, "Chair", 0.7),
            (16, 10, 11, "Chair", 0.9),  # three quarters the same
            (16, 10, 12, "Person", 0.8),
            (16, 20, 20, "Chair", 0.6),
            (16, 3, 3, "Chair", 0.4),  # too unsure
        )
    )
    assert [(one.name, round(one.score, 1)) for one in detections] == [
        ("Chair", 0.9),
        ("Person", 0.8),
        ("Chair", 0.6),
    ]
    assert all(isinstance(one, Detection) for one in detections)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("astronaut.png", "Person"),
        ("camera.png", "Person"),
        ("chelsea.png", "Cat"),  # NanoDet alone says Person
        ("horse.png", "Horse"),
        ("motorcycle_left.png", "Motorcycle"),
    ],
)
def test_real_pictures(name: str, kind: str, annotate: Annotate) -> None:
    (annotation,) = annotate("OBJECT_LOCALIZATION", sample(name)).localized_object_annotations
    assert annotation.name == kind and 0.5 < annotation.score <= 1 and not annotation.mid
    corners = [(v.x, v.y) for v in annotation.bounding_poly.normalized_vertices]
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in corners)
    assert corners[0][0] == corners[3][0] < corners[1][0] == corners[2][0]
    assert corners[0][1] == corners[1][1] < corners[2][1] == corners[3][1]


def test_the_box_lies_on_the_motorcycle(annotate: Annotate) -> None:
    picture = sample("motorcycle_left.png")
    (annotation,) = annotate("OBJECT_LOCALIZATION", picture).localized_object_annotations
    (left, top), _, (right, bottom), _ = (
        (v.x, v.y) for v in annotation.bounding_poly.normalized_vertices
    )
    # From the hind wheel to the front wheel, as a person would draw it, give or take.
    assert (left, top, right, bottom) == pytest.approx((0.10, 0.14, 0.94, 0.93), abs=0.1)


@pytest.mark.parametrize("name", ["grass.png", "gravel.png", "page.png", "moon.png"])
def test_nothing_where_there_is_nothing(name: str, annotate: Annotate) -> None:
    assert not annotate("OBJECT_LOCALIZATION", sample(name)).localized_object_annotations
