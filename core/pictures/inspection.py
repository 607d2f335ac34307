"""What can be said of a picture's file before anybody decodes it: format, size, faults by name."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from PIL import Image

from core.errors import PictureError
from core.pictures.decoding import PictureTooLarge, check_pixels, decoder_errors, opened
from core.pictures.formats import HEAD_BYTES, PAGED, PICTURES, Format, format_of
from core.pictures.limits import too_large
from core.pictures.wholeness import Wholeness, png_chunks, wholeness

_CRITICAL = (b"IHDR", b"PLTE", b"IDAT")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file is.

    Attributes:
        format: by its first bytes; None for no format that is known here.
        size: width and height as stored, pixels; (0, 0) where that is not known.
        frames: pages or frames of a TIFF or GIF; 1 for other pictures, 0 where not known.
        fault: why the service or we cannot read it as a picture; "" if it can be read.
        cure: what to do about the fault.
        remark: what is wrong with a picture that is read all the same; "" if nothing is.
    """

    format: Format | None
    size: tuple[int, int] = (0, 0)
    frames: int = 0
    fault: str = ""
    cure: str = ""
    remark: str = ""


def inspect(data: bytes, *, whole: bool = True) -> Inspection:
    """Look at a file's structure; no pixel is decoded.

    Args:
        data: the file, or its first bytes.
        whole: these are all of its bytes, so that what is missing can be reported.
    """
    if not data:
        return Inspection(None, fault="The file is empty", cure="Leave it out.")
    kind = format_of(data[:HEAD_BYTES])
    if kind not in PICTURES:
        return Inspection(kind, fault=_not_read(kind), cure=_cure(kind))
    if whole and (what := too_large(len(data))):
        return Inspection(kind, fault=what, cure="Save it smaller; 1,600 pixels are plenty.")
    there = wholeness(data, kind) if whole else Wholeness.WHOLE
    size, frames = (0, 0), 0
    try:
        with decoder_errors(), opened(data, kind) as image:
            check_pixels(*image.size)
            size, frames = image.size, _frames(image, kind) if whole else 0
    except PictureTooLarge as error:
        return Inspection(kind, fault=error.what, cure=error.then)
    except PictureError as error:
        if not whole:
            return Inspection(kind)  # its header may go on behind what was read
        if there is not Wholeness.EMPTY:
            return Inspection(kind, fault=error.what, cure="Save it again, or leave it out.")
    if there is Wholeness.EMPTY:
        fault = "The file breaks off before its first pixel"
        return Inspection(kind, size, frames, fault, cure="Copy it again.")
    return Inspection(kind, size, frames, remark=_remark(data, kind, there) if whole else "")


def _frames(image: Image.Image, kind: Format) -> int:
    return int(getattr(image, "n_frames", 1)) if kind in PAGED else 1


def _remark(data: bytes, kind: Format, there: Wholeness) -> str:
    if there is Wholeness.CUT_OFF:
        return "The file is cut off: it is read as far as it goes"
    if kind is Format.PNG and _has_wrong_checksum(data):
        return "A checksum of its pixels is wrong: it is read as far as it can be"
    return ""


def _has_wrong_checksum(data: bytes) -> bool:
    for kind, begin, length in png_chunks(data):
        stored = int.from_bytes(data[begin + length : begin + length + 4], "big")
        if kind in _CRITICAL and zlib.crc32(data[begin - 4 : begin + length]) != stored:
            return True
    return False


def _not_read(kind: Format | None) -> str:
    if kind is None:
        return "Not a picture, or a broken one"
    return f"A {kind} file, not a picture that the service reads"


def _cure(kind: Format | None) -> str:
    return "Convert it to JPEG or PNG." if kind else "Leave it out, or save it again."
