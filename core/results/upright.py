"""A picture as a person sees it, small enough to show, and how its stored grid lies to that.

Light to import: the process that draws pages does so each time it starts.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from core.errors import PictureError
from core.results.limits import MAX_PIXELS

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF")  # what the service accepts
_ORIENTATION = 0x0112
_Point = tuple[float, float]

# Upright place of a stored point, by EXIF orientation (exif.org, tag 0x0112); w, h as stored.
# Results count pixels in the file's own grid, and people want to see the picture upright.
UPRIGHT: dict[int, Callable[[float, float, float, float], _Point]] = {
    1: lambda x, y, w, h: (x, y),
    2: lambda x, y, w, h: (w - x, y),
    3: lambda x, y, w, h: (w - x, h - y),
    4: lambda x, y, w, h: (x, h - y),
    5: lambda x, y, w, h: (y, x),
    6: lambda x, y, w, h: (h - y, x),
    7: lambda x, y, w, h: (h - y, w - x),
    8: lambda x, y, w, h: (y, w - x),
}


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


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Size of a stored width x height picture once it is turned upright."""
    return (height, width) if orientation >= 5 else (width, height)


def upright_copy(picture: bytes, size: int, where: str) -> Upright:
    """A copy of which no side is longer than ``size``; a smaller picture is not enlarged.

    Args:
        picture: an image file's bytes; of an animation the first frame is taken.

    Raises:
        PictureError: the bytes are not a picture that can be opened.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is no concern of the user's here
            with Image.open(io.BytesIO(picture), formats=FORMATS) as image:
                return upright_frame(image, size, where)
    except PictureError:
        raise
    except Exception as error:  # Pillow's plugins raise whatever the bytes lead them to
        raise PictureError(
            "The picture cannot be opened", where=where, then=f"Pillow said: {str(error)[:120]}"
        ) from error


def upright_frame(image: Image.Image, size: int, where: str) -> Upright:
    """As ``upright_copy``, of an open image's frame at hand; raises whatever Pillow does too."""
    from PIL import Image, ImageOps

    if image.width * image.height > MAX_PIXELS:
        raise PictureError("The picture has over 75 million pixels", where=where)
    orientation = _orientation(image)
    stored = image.size
    # Pillow turns this format upright by itself while it loads, and tells that size before.
    turned = image.format == "TIFF"
    if turned:
        stored = upright_size(*stored, orientation)  # and back
    image.draft("RGB", (size, size))  # a JPEG is decoded at a half, a quarter, ... at once
    flat = _flattened(image)
    flat.thumbnail((size, size), Image.Resampling.LANCZOS)
    if orientation > 1 and not turned:
        flat.getexif()[_ORIENTATION] = orientation
        flat = ImageOps.exif_transpose(flat)
    return Upright(flat, stored, orientation)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF says nothing about the picture itself
        return 1
    return value if isinstance(value, int) and value in UPRIGHT else 1


def _flattened(image: Image.Image) -> Image.Image:
    """RGB pixels; transparency on white, 16-bit grey brought to 8 bits."""
    from PIL import Image

    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")
