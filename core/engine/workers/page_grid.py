"""Places on a file's page -> as the service writes them for files.

Seen in a real output file (gilsweed/medical-ocr-app, ``output-1-to-1.json``): a page of 595 x 841
points, every ``boundingBox`` with ``normalizedVertices`` alone, each of them a whole point divided
by the page's whole size (x 0.23697479 = 141 / 595, in single precision). No ``textAnnotations``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.message import Message


def to_page_grid(response: Message, size: tuple[int, int], page: tuple[int, int]) -> None:
    """Turn every place of a page's response, in place.

    Polygons become normalized. Landmarks of faces have no normalized form: they are given in the
    page's own grid, as ``Page.width`` is.

    Args:
        response: an ``AnnotateImageResponse`` as raw protobuf, in pixels of the rendered page.
        size: width and height of the rendered page, pixels.
        page: width and height of the page in its own grid: points of a PDF, pixels otherwise.
    """
    response.ClearField("text_annotations")
    _walk(response, (page[0] / size[0], page[1] / size[1]), page)


def _walk(message: Any, scale: tuple[float, float], page: tuple[int, int]) -> None:
    kind = message.DESCRIPTOR.name
    if kind == "BoundingPoly":
        for vertex in message.vertices:
            message.normalized_vertices.add(
                x=round(vertex.x * scale[0]) / page[0], y=round(vertex.y * scale[1]) / page[1]
            )
        message.ClearField("vertices")
        return
    if kind == "Position":
        message.x, message.y = message.x * scale[0], message.y * scale[1]
        return
    if kind == "Page":
        message.width, message.height = page
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for child in value if field.is_repeated else (value,):
            _walk(child, scale, page)
