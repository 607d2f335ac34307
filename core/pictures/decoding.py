"""A file's bytes -> upright sRGB pixels, as large as somebody needs them.

Read as browsers read: over-long texts, wrong checksums of what is not needed, odd header fields and
a missing end do not keep a picture from being shown. What is large is made smaller while it is
converted, band by band, so that reading takes the picture's own pixels and little more.
"""

from __future__ import annotations

import importlib
import io
import os
import struct
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageFile, UnidentifiedImageError

from core.errors import PictureError
from core.pictures.colour import converter
from core.pictures.formats import FACTS, HEAD_BYTES, PICTURES, Format, format_of
from core.pictures.limits import MAX_PIXELS
from core.pictures.orientation import orientation_of, turned_upright, upright_size
from core.pictures.wholeness import PNG_HEADER, Wholeness, frame_wholeness, png_chunks, wholeness

for _name in ("Jpeg", "Mpo", "Png", "Gif", "Bmp", "WebP", "Ico", "Tiff"):
    importlib.import_module(f"PIL.{_name}ImagePlugin")  # Pillow loads only some by itself
# Pillow has no other switch for it. ``wholeness`` reports what breaks off.
ImageFile.LOAD_TRUNCATED_IMAGES = True
# Warnings of damaged metadata, which does not matter, and of size, where our limit is an error.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

BAND_PIXELS = 2_000_000  # converted at once: some 30 MB with all copies
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")


class DamagedPicture(PictureError):
    """Bytes of which no picture can be made: empty, another format, or broken."""


class PictureTooLarge(PictureError):
    """More pixels than a picture may have."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture upright, in sRGB.

    Attributes:
        image: RGB, perhaps smaller than the file's picture.
        size: width and height of the whole picture, upright, in pixels.
        orientation: EXIF's, 1 to 8.
    """

    image: Image.Image
    size: tuple[int, int]
    orientation: int

    @property
    def stored(self) -> tuple[int, int]:
        """Width and height of the file's own grid, before it is turned upright."""
        return upright_size(*self.size, self.orientation)


def decode(data: bytes, at_least: int | None = None, where: str = "") -> Decoded:
    """Decode one picture: the first frame of a GIF, the first page of a TIFF.

    Args:
        data: the whole file; how many bytes it may have is for the caller to say.
        at_least: pixels that are needed of the longest side: what is more than twice as large is
            made smaller by a whole number, blocks of pixels averaged. None for all there are.

    Raises:
        DamagedPicture, PictureTooLarge: it cannot be used; with the reason.
    """
    kind = format_of(data[:HEAD_BYTES])
    if kind not in PICTURES:
        raise DamagedPicture(_not_a_picture(data, kind), where=where)
    with decoder_errors(where), opened(data, kind) as image:
        check_pixels(*image.size, where)
        if wholeness(data, kind) is Wholeness.EMPTY:
            raise _breaks_off(where)
        return decode_frame(image, at_least, where)


def decode_frame(image: Image.Image, at_least: int | None = None, where: str = "") -> Decoded:
    """The frame or page at which an opened picture stands; see ``decode``. Raises what Pillow does.

    Raises:
        DamagedPicture, PictureTooLarge: nothing of it is there, or over 75 million pixels.
    """
    check_pixels(*image.size, where)
    # Pillow turns a TIFF by itself while it loads, by an XMP packet too; its size is upright.
    turns_itself = image.format == "TIFF"
    if turns_itself and frame_wholeness(image, _file_size(image)) is Wholeness.EMPTY:
        raise _breaks_off(where)
    for name in ("xmp", "XML:com.adobe.xmp") if turns_itself else ():
        image.info.pop(name, None)
    orientation = orientation_of(image)
    size = image.size if turns_itself else upright_size(*image.size, orientation)
    pixels = _reduced(image, at_least)
    if not turns_itself:
        pixels = turned_upright(pixels, orientation)
    return Decoded(pixels, size, orientation)


def memory_needed(data: bytes, at_least: int) -> int:
    """About how many bytes of memory ``decode`` takes; 0 if it will refuse the picture.

    As Pillow keeps pixels: four bytes each. A JPEG is made smaller while it is decoded, unless it
    is progressive: then all its coefficients are kept, two bytes each (libjpeg.txt, "Progressive
    JPEG support").
    """
    kind = format_of(data[:HEAD_BYTES])
    if kind not in PICTURES:
        return 0
    try:
        with decoder_errors(), opened(data, kind) as image:
            pixels, longest = image.width * image.height, max(image.size)
            if kind is not Format.JPEG:
                return 4 * pixels
            by = next(n for n in (8, 4, 2, 1) if n == 1 or longest // at_least >= n)
            coefficients = 6 * pixels if image.info.get("progressive") else 0
            return coefficients + 4 * pixels // by**2
    except PictureError:
        return 0


def check_pixels(width: float, height: float, where: str = "") -> None:
    """Raise ``PictureTooLarge`` for over 75 million pixels."""
    if width * height > MAX_PIXELS:
        raise PictureTooLarge(
            f"The picture has {width:,.0f} x {height:,.0f} pixels; the limit is 75 million",
            where=where,
            then="Save it smaller; 1,600 pixels on the longer side are plenty.",
        )


@contextmanager
def decoder_errors(where: str = "") -> Iterator[None]:
    """Whatever a decoder raises becomes a ``PictureError``: an untrusted file can raise all."""
    try:
        yield
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureTooLarge(
            "The picture has over 75 million pixels",
            where=where,
            then="Save it smaller; 1,600 pixels on the longer side are plenty.",
        ) from error
    except MemoryError:
        raise  # of this machine, not of the picture
    except UnidentifiedImageError as error:  # its own message names a Python object
        raise DamagedPicture(
            "The picture cannot be decoded: its bytes are of no known format", where=where
        ) from error
    except Exception as error:
        raise DamagedPicture(
            f"The picture cannot be decoded: {str(error)[:120]}", where=where
        ) from error


def opened(data: bytes, kind: Format) -> Image.Image:
    """A picture as Pillow opens it, with what it trips over mended. Raises whatever Pillow does."""
    if kind is Format.PNG:
        data = _without_texts(data)
    elif kind is Format.BMP:
        data = _with_possible_palette(data)
    return Image.open(io.BytesIO(data), formats=FACTS[kind].pillow)


def _breaks_off(where: str) -> DamagedPicture:
    return DamagedPicture(
        "The file breaks off before its first pixel", where=where, then="Copy it again."
    )


def _file_size(image: Image.Image) -> int:
    file = getattr(image, "fp", None)
    if file is None:  # read whole already
        return sys.maxsize
    place = file.tell()
    size = int(file.seek(0, os.SEEK_END))
    file.seek(place)
    return size


def _not_a_picture(data: bytes, kind: Format | None) -> str:
    if not data:
        return "The file is empty"
    return f"{kind} is not read as a picture" if kind else "The file is not a picture"


def _reduced(image: Image.Image, at_least: int | None) -> Image.Image:
    """RGB of a picture as it is stored, made smaller by a whole number where that is enough."""
    longest = max(image.size)
    if at_least is not None and longest > at_least:
        width, height = (max(1, side * at_least // longest) for side in image.size)
        image.draft(None, (width, height))  # a JPEG is decoded at a half, a quarter, an eighth
    image.load()
    by = 1 if at_least is None else max(1, max(image.size) // max(1, at_least))
    width, height = image.size
    convert = converter(image)
    if by == 1 and width * height <= BAND_PIXELS:
        return convert(image)
    rows = max(1, BAND_PIXELS // width // by) * by
    target = Image.new("RGB", (-(-width // by), -(-height // by)))
    for top in range(0, height, rows):
        band = convert(image.crop((0, top, width, min(top + rows, height))))
        target.paste(band.reduce(by) if by > 1 else band, (0, top // by))
    return target


def _without_texts(data: bytes) -> bytes:
    """A PNG without its texts: nobody reads them here, and Pillow refuses long ones."""
    chunks = [data[:PNG_HEADER]]
    dropped = False
    for kind, begin, length in png_chunks(data):
        if kind in _TEXTS:
            dropped = True
        else:
            chunks.append(data[begin - 8 : begin + length + 4])
    return b"".join(chunks) if dropped else data


def _with_possible_palette(data: bytes) -> bytes:
    """A BMP with no more colours in its header than its bits can number; browsers ignore more."""
    if len(data) < 50 or struct.unpack_from("<I", data, 14)[0] < 40:
        return data
    (bits,), (colours,) = struct.unpack_from("<H", data, 28), struct.unpack_from("<I", data, 46)
    if bits > 8 or colours <= 1 << bits:
        return data
    return data[:46] + struct.pack("<I", 1 << bits) + data[50:]
