"""A picture as a person sees it, small enough to show, and how its stored grid lies to that."""

from __future__ import annotations

from typing import NamedTuple

from PIL import Image

from core.pictures.decoding import Decoded, decode, decode_frame


class Upright(NamedTuple):
    """An upright RGB copy of a picture or of a page.

    Attributes:
        image: shared where it is cached, so nobody may draw into it.
        stored: width and height of the file's own grid, before it is turned upright: pixels, or
            whole points of a PDF's page.
        orientation: EXIF's, 1..8.
    """

    image: Image.Image
    stored: tuple[int, int]
    orientation: int


def upright_copy(picture: bytes, size: int, where: str) -> Upright:
    """A copy of which no side is longer than ``size``; a smaller picture is not enlarged.

    Args:
        picture: an image file's bytes; of an animation the first frame is taken.

    Raises:
        PictureError: the bytes are not a picture that can be opened.
    """
    return _fitted(decode(picture, size, where), size)


def upright_frame(image: Image.Image, size: int, where: str) -> Upright:
    """As ``upright_copy``, of an open image's frame at hand; raises whatever Pillow does too."""
    return _fitted(decode_frame(image, size, where), size)


def _fitted(decoded: Decoded, size: int) -> Upright:
    copy = decoded.image
    if max(copy.size) > size:
        copy = copy.copy()  # ``thumbnail`` changes it in place
        copy.thumbnail((size, size), Image.Resampling.LANCZOS)
    return Upright(copy, decoded.stored, decoded.orientation)
