"""EXIF orientation: how the grid that a file stores lies to the picture that people see.

Only EXIF's own tag turns a picture (exif.org, tag 0x0112), as in browsers
(drafts.csswg.org/css-images-3, "image-orientation"); an XMP packet's copy of it does not.
Results count in the stored grid, models and people want the picture upright.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

TAG = 0x0112
_Point = tuple[float, float]
_Turn = Callable[[float, float, float, float], _Point]

# Upright place of a stored point, by orientation; w, h as stored.
UPRIGHT: dict[int, _Turn] = {
    1: lambda x, y, w, h: (x, y),
    2: lambda x, y, w, h: (w - x, y),
    3: lambda x, y, w, h: (w - x, h - y),
    4: lambda x, y, w, h: (x, h - y),
    5: lambda x, y, w, h: (y, x),
    6: lambda x, y, w, h: (h - y, x),
    7: lambda x, y, w, h: (h - y, w - x),
    8: lambda x, y, w, h: (y, w - x),
}
# Stored place of an upright point; w, h as seen upright.
STORED: dict[int, _Turn] = {**UPRIGHT, 6: UPRIGHT[8], 8: UPRIGHT[6]}


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Size of a stored width x height picture once it is turned upright, and the way back."""
    return (height, width) if orientation >= 5 else (width, height)


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation of an opened picture, 1 to 8; 1 if it says none or nonsense.

    Args:
        image: as Pillow opened it, before its pixels are loaded.
    """
    from PIL import Image

    if image.format == "TIFF":
        value = getattr(image, "tag_v2", {}).get(TAG, 1)
    else:
        exif = Image.Exif()
        try:
            exif.load(image.info.get("exif", b""))
            value = exif.get(TAG, 1)
        except Exception:  # damaged EXIF says nothing about the picture itself
            return 1
    return value if isinstance(value, int) and value in UPRIGHT else 1


def turned_upright(pixels: Image.Image, orientation: int) -> Image.Image:
    """Stored pixels as they are to be seen."""
    from PIL import Image

    transpose = Image.Transpose
    turns = {
        2: transpose.FLIP_LEFT_RIGHT,
        3: transpose.ROTATE_180,
        4: transpose.FLIP_TOP_BOTTOM,
        5: transpose.TRANSPOSE,
        6: transpose.ROTATE_270,
        7: transpose.TRANSVERSE,
        8: transpose.ROTATE_90,
    }
    return pixels.transpose(turns[orientation]) if orientation in turns else pixels
