"""Pictures of phones that the service does not read, as JPEG: HEIC by libheif, AVIF by Pillow.

The service lists neither (cloud.google.com/vision/docs/supported-files).
"""

from __future__ import annotations

import io
from functools import cache

from PIL import Image

from core.pictures.decoding import DamagedPicture, check_pixels, decode_frame, decoder_errors
from core.pictures.formats import HEAD_BYTES, Format, format_of
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
