"""A box found upright must frame the same pixels in the file's own grid."""

from __future__ import annotations

import io

import numpy as np
import pytest
from google.cloud import vision
from PIL import Image

from core.engine.workers.exif_orientation import to_file_grid
from core.pictures.picture import decode


def stored_with_mark(orientation: int) -> tuple[Image.Image, bytes]:
    """A stored picture with a dark patch off every axis, and its file with an EXIF orientation."""
    image = Image.new("RGB", (60, 40), "white")
    image.paste("black", (8, 4, 20, 12))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, "PNG", exif=exif)
    return image, file.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_box_frames_the_same_pixels(orientation: int) -> None:
    image, data = stored_with_mark(orientation)
    picture = decode(data)
    rows, columns = np.nonzero(picture.pixels[:, :, 0] < 128)
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    response = vision.AnnotateImageResponse(
        label_annotations=[
            vision.EntityAnnotation(
                bounding_poly=vision.BoundingPoly(
                    vertices=[vision.Vertex(x=int(x), y=int(y)) for x, y in corners],
                    normalized_vertices=[
                        vision.NormalizedVertex(x=x / picture.width, y=y / picture.height)
                        for x, y in corners
                    ],
                )
            )
        ],
        full_text_annotation=vision.TextAnnotation(
            pages=[vision.Page(width=picture.width, height=picture.height)]
        ),
    )
    raw = vision.AnnotateImageResponse.pb(response)
    to_file_grid(raw, picture.width, picture.height, picture.orientation)
    poly = raw.label_annotations[0].bounding_poly
    xs, ys = [v.x for v in poly.vertices], [v.y for v in poly.vertices]
    assert (min(xs), min(ys), max(xs), max(ys)) == (8, 4, 20, 12)
    assert np.asarray(image.crop((8, 4, 20, 12))).max() == 0
    whole = [(v.x * 60, v.y * 40) for v in poly.normalized_vertices]
    assert np.allclose(whole, list(zip(xs, ys, strict=True)), atol=1e-3)
    page = raw.full_text_annotation.pages[0]
    assert (page.width, page.height) == (60, 40)


def test_a_turned_polygon_keeps_the_order_of_its_corners() -> None:
    response = vision.AnnotateImageResponse(
        text_annotations=[
            vision.EntityAnnotation(
                bounding_poly=vision.BoundingPoly(
                    vertices=[vision.Vertex(x=x, y=y) for x, y in ((0, 0), (9, 0), (9, 2), (0, 2))]
                )
            )
        ]
    )
    raw = vision.AnnotateImageResponse.pb(response)
    to_file_grid(raw, 100, 200, 3)
    corners = [(v.x, v.y) for v in raw.text_annotations[0].bounding_poly.vertices]
    assert corners == [(100, 200), (91, 200), (91, 198), (100, 198)]


def test_face_landmarks_turn_too() -> None:
    landmark = vision.FaceAnnotation.Landmark(position=vision.Position(x=1, y=2, z=3))
    response = vision.AnnotateImageResponse(
        face_annotations=[vision.FaceAnnotation(landmarks=[landmark])]
    )
    raw = vision.AnnotateImageResponse.pb(response)
    to_file_grid(raw, 100, 200, 2)
    position = raw.face_annotations[0].landmarks[0].position
    assert (position.x, position.y, position.z) == (99, 2, 3)
