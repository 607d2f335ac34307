"""Coordinates found in the upright picture -> the file's own pixel grid.

Models see pictures upright. A file that carries an EXIF orientation stores its pixels turned or
mirrored, and a program that does not know EXIF counts pixels as they are stored. So boxes are given
in the stored grid; a polygon keeps the order of its corners, which is how the service tells which
way text runs (``TextAnnotation.Block``: "the vertex order will still be (0, 1, 2, 3)").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.pictures.orientation import STORED

if TYPE_CHECKING:
    from google.protobuf.message import Message

_POINTS = ("Vertex", "NormalizedVertex", "Position")


def to_file_grid(response: Message, width: int, height: int, orientation: int) -> None:
    """Turn every point of a response, in place.

    Args:
        response: an ``AnnotateImageResponse`` as raw protobuf.
        width, height: of the upright picture, pixels.
        orientation: the file's EXIF orientation, 1 to 8; 1 changes nothing.
    """
    if orientation == 1:
        return
    stored = STORED[orientation]

    def turn(point: Any) -> None:
        size = (1, 1) if point.DESCRIPTOR.name == "NormalizedVertex" else (width, height)
        whole = point.DESCRIPTOR.name == "Vertex"
        x, y = stored(point.x, point.y, *size)
        point.x, point.y = (round(x), round(y)) if whole else (x, y)

    _walk(response, turn, swapped=orientation >= 5)


def _walk(message: Any, turn: Callable[[Any], None], *, swapped: bool) -> None:
    kind = message.DESCRIPTOR.name
    if kind in _POINTS:
        turn(message)
        return
    if kind == "Page" and swapped:
        message.width, message.height = message.height, message.width
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for child in value if field.is_repeated else (value,):
            _walk(child, turn, swapped=swapped)
