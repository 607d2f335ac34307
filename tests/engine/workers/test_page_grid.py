"""Places on a page, as the service writes them for files."""

from __future__ import annotations

import json
import struct

import pytest
from google.cloud import vision
from google.protobuf import json_format

from core.engine.workers.page_grid import to_page_grid


def poly(*corners: tuple[int, int]) -> vision.BoundingPoly:
    """In pixels."""
    return vision.BoundingPoly(vertices=[vision.Vertex(x=x, y=y) for x, y in corners])


def single(value: float) -> float:
    """In the precision of protobuf's float."""
    (rounded,) = struct.unpack("f", struct.pack("f", value))
    return float(rounded)


def turned(response: vision.AnnotateImageResponse) -> vision.AnnotateImageResponse:
    """On a page of A4 rendered at 1244 x 1760."""
    to_page_grid(vision.AnnotateImageResponse.pb(response), (1244, 1760), (595, 841))
    return response


def test_text_is_reported_in_whole_points_of_the_page() -> None:
    # 141 and 56 are the first word's corner in the real output file that the module names.
    box = poly((295, 117), (949, 117), (949, 142), (295, 142))
    word = vision.Word(bounding_box=box, symbols=[vision.Symbol(text="a", bounding_box=box)])
    paragraph = vision.Paragraph(bounding_box=box, words=[word])
    block = vision.Block(bounding_box=box, paragraphs=[paragraph])
    page = vision.Page(width=1244, height=1760, blocks=[block])
    response = turned(
        vision.AnnotateImageResponse(
            text_annotations=[vision.EntityAnnotation(description="a", bounding_poly=box)],
            full_text_annotation=vision.TextAnnotation(text="a", pages=[page]),
        )
    )
    fields = json.loads(json_format.MessageToJson(vision.AnnotateImageResponse.pb(response)))
    assert set(fields) == {"fullTextAnnotation"}
    (first_page,) = fields["fullTextAnnotation"]["pages"]
    assert (first_page["width"], first_page["height"]) == (595, 841)
    first = {"x": single(0.23697479), "y": single(0.066587396)}
    boxes = [first_page["blocks"][0]["boundingBox"]]
    boxes.append(first_page["blocks"][0]["paragraphs"][0]["boundingBox"])
    boxes.append(first_page["blocks"][0]["paragraphs"][0]["words"][0]["boundingBox"])
    boxes.append(first_page["blocks"][0]["paragraphs"][0]["words"][0]["symbols"][0]["boundingBox"])
    for polygon in boxes:
        assert set(polygon) == {"normalizedVertices"}
        assert {key: single(value) for key, value in polygon["normalizedVertices"][0].items()} == (
            first
        )


def test_what_is_normalized_already_stays() -> None:
    vertices = [vision.NormalizedVertex(x=0.25, y=0.75)]
    response = turned(
        vision.AnnotateImageResponse(
            localized_object_annotations=[
                vision.LocalizedObjectAnnotation(
                    name="Cat", bounding_poly=vision.BoundingPoly(normalized_vertices=vertices)
                )
            ]
        )
    )
    (annotation,) = response.localized_object_annotations
    assert [(v.x, v.y) for v in annotation.bounding_poly.normalized_vertices] == [(0.25, 0.75)]


def test_faces_and_hints_and_landmarks() -> None:
    response = turned(
        vision.AnnotateImageResponse(
            face_annotations=[
                vision.FaceAnnotation(
                    bounding_poly=poly((0, 0), (622, 0), (622, 880), (0, 880)),
                    landmarks=[
                        vision.FaceAnnotation.Landmark(position=vision.Position(x=622, y=880, z=3))
                    ],
                )
            ],
            crop_hints_annotation=vision.CropHintsAnnotation(
                crop_hints=[vision.CropHint(bounding_poly=poly((0, 0), (1244, 1760)))]
            ),
        )
    )
    (face,) = response.face_annotations
    assert not face.bounding_poly.vertices
    corner = face.bounding_poly.normalized_vertices[2]
    assert (corner.x, corner.y) == pytest.approx((298 / 595, 420 / 841))
    position = face.landmarks[0].position
    assert (position.x, position.y, position.z) == pytest.approx((297.5, 420.5, 3))
    (hint,) = response.crop_hints_annotation.crop_hints
    assert hint.bounding_poly.normalized_vertices[1] == vision.NormalizedVertex(x=1, y=1)


def test_an_empty_response() -> None:
    assert turned(vision.AnnotateImageResponse()) == vision.AnnotateImageResponse()
