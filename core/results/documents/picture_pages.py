"""Pictures as pages of a PDF: their bytes as a PDF takes them, and where they stand on the page.

A whole JPEG goes in as it is and is turned by the page; everything else without loss.
"""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from core.pictures.decoding import Decoded, decoder_errors, opened
from core.pictures.formats import HEAD_BYTES, Format, format_of
from core.pictures.orientation import UPRIGHT, orientation_of, upright_size
from core.pictures.wholeness import Wholeness, wholeness

USUAL_DPI = 150.0  # of a picture that does not say: A4 has 1,240 pixels across then
LIKELY_DPI = (72.0, 1_200.0)
LONGEST_PAGE = 14_400.0  # points (ISO 32000-1, annex C.2)
Matrix = tuple[float, float, float, float, float, float]


class Pixels(NamedTuple):
    """A picture as a PDF's image.

    Attributes:
        data: a JPEG file, or deflated rows, of 8 bits with a PNG predictor.
        width, height: as stored.
        orientation: EXIF's, of ``data``'s pixels; 1 for what is upright already.
        stored: width and height of the file's own grid, in which places count.
        turned: EXIF's orientation of that grid.
        profile: an ICC profile; b"" for none.
    """

    data: bytes
    width: int
    height: int
    channels: int
    bits: int
    orientation: int
    stored: tuple[int, int]
    turned: int
    dpi: float = USUAL_DPI
    profile: bytes = b""
    is_jpeg: bool = False


class Placed(NamedTuple):
    """A picture on its page; ``size`` in points, ``image`` from the unit square."""

    size: tuple[float, float]
    image: Matrix
    stored: tuple[int, int]
    turned: int
    scale: float

    def matrix(self, grid: tuple[float, float] | None) -> Matrix:
        """From a grid over the stored picture, y downwards, to the page's points."""
        width, height = self.stored
        gx, gy = grid or self.stored
        x0, y0 = self._point(0, 0)
        x1, y1 = self._point(width, 0)
        x2, y2 = self._point(0, height)
        return (x1 - x0) / gx, (y1 - y0) / gx, (x2 - x0) / gy, (y2 - y0) / gy, x0, y0

    def _point(self, x: float, y: float) -> tuple[float, float]:
        across, down = UPRIGHT[self.turned](x, y, *self.stored)
        return across * self.scale, self.size[1] - down * self.scale


def jpeg_pixels(data: bytes) -> Pixels | None:
    """A whole JPEG of grey or RGB as it is; None for anything else."""
    if format_of(data[:HEAD_BYTES]) is not Format.JPEG:
        return None
    if wholeness(data, Format.JPEG) is not Wholeness.WHOLE:
        return None
    with decoder_errors(), opened(data, Format.JPEG) as image:
        if image.mode not in ("L", "RGB"):
            return None
        channels = 1 if image.mode == "L" else 3
        turned = orientation_of(image)
        profile = image.info.get("icc_profile") or b""
        return Pixels(
            data, image.width, image.height, channels, 8, turned, image.size, turned,
            _dpi(image.info.get("dpi")), profile if _fits(profile, channels) else b"", is_jpeg=True,
        )  # fmt: skip


def raw_pixels(decoded: Decoded, mode: str, dpi: Any = None) -> Pixels:
    """Upright pixels without loss.

    Args:
        mode: Pillow's of the file: black and white, and grey, stay so.
    """
    image = decoded.image
    width, height = image.size
    stored, turned = decoded.stored, decoded.orientation
    made = Pixels(b"", width, height, 1, 1, 1, stored, turned, _dpi(dpi))
    if mode == "1":
        packed = image.convert("1", dither=Image.Dither.NONE).tobytes()
        return made._replace(data=zlib.compress(packed))
    grey = mode in ("L", "LA", "I;16", "I", "F")
    rows = np.asarray(image.convert("L") if grey else image, np.uint8).reshape(height, -1)
    up = np.full((height, rows.shape[1] + 1), 2, np.uint8)  # PNG's filter "Up" before each row
    up[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=up[1:, 1:])
    return made._replace(data=zlib.compress(up.tobytes()), channels=1 if grey else 3, bits=8)


def place(pixels: Pixels) -> Placed:
    """A page as large as the picture at its own resolution."""
    upright = upright_size(*pixels.stored, pixels.turned)
    scale = min(72 / pixels.dpi, LONGEST_PAGE / max(upright))
    size = (upright[0] * scale, upright[1] * scale)
    if pixels.orientation == 1:
        return Placed(size, (size[0], 0, 0, size[1], 0, 0), pixels.stored, pixels.turned, scale)
    blank = Placed(size, (1, 0, 0, 1, 0, 0), pixels.stored, pixels.turned, scale)
    a, b, c, d, e, f = blank.matrix((1, 1))  # the unit square's y points up, a grid's down
    return blank._replace(image=(a, b, -c, -d, e + c, f + d))


def _dpi(said: Any) -> float:
    try:
        dpi = float(said[0])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return USUAL_DPI
    return dpi if LIKELY_DPI[0] < dpi <= LIKELY_DPI[1] else USUAL_DPI


def _fits(profile: bytes, channels: int) -> bool:
    """Whether a profile is of so many channels (ICC.1, 7.2.6: the data colour space)."""
    return profile[16:20] == (b"GRAY" if channels == 1 else b"RGB ")
