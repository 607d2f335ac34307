"""Pictures made into JPEG on their way to the service: what it does not read, or needs smaller.

HEIC, read here by libheif, and AVIF are not listed in cloud.google.com/vision/docs/supported-files.
"""

from __future__ import annotations

import io
from functools import cache

from PIL import ExifTags, Image

from core.pictures.decoding import (
    DamagedPicture,
    check_pixels,
    decode,
    decode_frame,
    decoder_errors,
    opened,
)
from core.pictures.formats import HEAD_BYTES, PICTURES, Format, format_of
from core.pictures.limits import MAX_BYTES, MAX_SAID

CONVERTED = frozenset({Format.HEIC, Format.AVIF})
_QUALITIES = (92, 85, 70)  # the first whose file the service takes


def is_converted(head: bytes) -> bool:
    """Whether a file with these first bytes is sent as a JPEG made of it."""
    return format_of(head[:HEAD_BYTES]) in CONVERTED


def check_convertible(data: bytes, where: str = "") -> tuple[int, int]:
    """Open a HEIC or AVIF file and give its size in pixels; nothing is decoded.

    Raises:
        DamagedPicture, PictureTooLarge: it cannot be converted.
    """
    with decoder_errors(where), _opened(data) as image:
        check_pixels(*image.size, where)
        return image.size


def to_jpeg(data: bytes, where: str = "") -> bytes:
    """A HEIC or AVIF picture, its first if there are several, as JPEG in sRGB, upright.

    Raises:
        DamagedPicture, PictureTooLarge: it cannot be converted.
    """
    with decoder_errors(where), _opened(data) as image:
        picture = decode_frame(image, where=where).image
        for quality in _QUALITIES:
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=quality)
            if out.tell() <= MAX_BYTES:
                return out.getvalue()
    what = f"The picture is over {MAX_SAID} as JPEG"
    raise DamagedPicture(what, where=where, then="Save it smaller.")


def shrunk(data: bytes, longest: int, where: str = "") -> bytes:
    """A picture with at most so many pixels on its longer side, as JPEG in sRGB, upright.

    Where it was taken (EXIF's GPS tags) is kept. One that is no larger stays byte for byte as it
    is, and so does one that would have more bytes afterwards; HEIC and AVIF become JPEG anyway.

    Raises:
        DamagedPicture, PictureTooLarge: it cannot be decoded.
    """
    if is_converted(data):
        data = to_jpeg(data, where)
    kind = format_of(data[:HEAD_BYTES])
    if kind not in PICTURES:
        raise DamagedPicture("The file is not a picture", where=where)
    with decoder_errors(where), opened(data, kind) as image:
        if max(image.size) <= longest:
            return data
        place = _place_taken(image)
    picture = decode(data, longest, where)
    scale = longest / max(picture.size)
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    out = io.BytesIO()
    small = picture.image.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    small.save(out, "JPEG", quality=_QUALITIES[0], exif=place)
    return out.getvalue() if out.tell() < len(data) else data


def _place_taken(image: Image.Image) -> Image.Exif:
    """EXIF of nothing but where the picture was taken."""
    place = Image.Exif()
    gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    if gps:
        place[ExifTags.IFD.GPSInfo] = gps
    return place


def _opened(data: bytes) -> Image.Image:
    if format_of(data[:HEAD_BYTES]) is Format.HEIC:
        _register_heif()
        return Image.open(io.BytesIO(data), formats=("HEIF",))
    from PIL import AvifImagePlugin  # noqa: F401  # Pillow does not load it by itself

    return Image.open(io.BytesIO(data), formats=("AVIF",))


@cache
def _register_heif() -> None:
    import pi_heif  # not at the top: most batches hold no HEIC

    pi_heif.register_heif_opener(thumbnails=False)
