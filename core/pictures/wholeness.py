"""Whether a picture's file is all there, by its own structure; nothing is decoded.

A browser shows a file that breaks off as far as it goes, and so do we; that is reported.
What stands behind a picture's end (the video of a motion photo, a second picture) is no fault.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from enum import Enum
from typing import TYPE_CHECKING

from core.pictures.formats import Format

if TYPE_CHECKING:
    from PIL import Image

# In a JPEG's coded data 0xFF is followed by 0 (a plain 0xFF), a restart marker or a fill byte;
# anything else is the next marker (ITU-T T.81, B.1.1).
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_EOI, _SOS = 0xD9, 0xDA
PNG_HEADER = 8


class Wholeness(Enum):
    """How much of a picture a file holds."""

    WHOLE = "whole"
    CUT_OFF = "cut off"  # a part of it can be shown
    EMPTY = "without a picture"  # it breaks off before the first of its pixels


def wholeness(data: bytes, kind: Format) -> Wholeness:
    """How much of a picture is there; ``WHOLE`` for formats that do not tell."""
    look = _LOOKS.get(kind)
    if look is None:
        return Wholeness.WHOLE
    try:
        return look(data)
    except (struct.error, IndexError, OverflowError, zlib.error):
        return Wholeness.EMPTY  # it breaks off, or is broken, within its header


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, where its data begin, length) of each chunk whose header is there, up to IEND."""
    place = PNG_HEADER
    while place + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind = data[place + 4 : place + 8]
        yield kind, place + 8, length
        if kind == b"IEND":
            return
        place += length + 12


def _jpeg(data: bytes) -> Wholeness:
    place, scanned = 2, False
    while True:
        match = _MARKER.search(data, place)
        if match is None:
            # Without an end, what was coded up to here can be shown.
            return Wholeness.CUT_OFF if scanned else Wholeness.EMPTY
        marker, place = match[1][0], match.end()
        if marker == _EOI:
            return Wholeness.WHOLE if scanned else Wholeness.EMPTY
        if marker in _STANDALONE:
            continue
        if place + 2 > len(data):
            return Wholeness.CUT_OFF if scanned else Wholeness.EMPTY
        place += struct.unpack_from(">H", data, place)[0]
        if marker == _SOS and place < len(data):
            scanned = True


def _png(data: bytes) -> Wholeness:
    chunks = list(png_chunks(data))
    kind, begin, _ = chunks[-1]
    if all(name != b"IDAT" for name, _, _ in chunks):
        return Wholeness.EMPTY
    if kind == b"IEND" and begin <= len(data):
        return Wholeness.WHOLE
    coded = b"".join(data[at : at + size] for name, at, size in chunks if name == b"IDAT")
    width, bits, colour = struct.unpack_from(">I4xBB", data, chunks[0][1])
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1)
    row = 1 + (width * bits * channels + 7) // 8
    pixels = zlib.decompressobj().decompress(coded, row) if coded else b""
    return Wholeness.CUT_OFF if len(pixels) >= row else Wholeness.EMPTY


def _gif(data: bytes) -> Wholeness:
    """Up to the end of the first frame, which is the picture (GIF89a specification)."""
    packed = data[10]
    place = 13 + (3 << (packed & 7) + 1 if packed & 0x80 else 0)
    while True:
        block = data[place]
        if block == 0x21:  # an extension
            place = _gif_blocks_end(data, place + 2)
            if place > len(data):
                return Wholeness.EMPTY
        elif block == 0x2C:  # the frame
            packed = data[place + 9]
            coded = place + 11 + (3 << (packed & 7) + 1 if packed & 0x80 else 0)
            if coded + 2 > len(data):
                return Wholeness.EMPTY
            whole = _gif_blocks_end(data, coded) <= len(data)
            return Wholeness.WHOLE if whole else Wholeness.CUT_OFF
        else:
            return Wholeness.EMPTY


def _gif_blocks_end(data: bytes, place: int) -> int:
    """Where a series of sub-blocks ends; behind the file's end if it does not."""
    while place < len(data):
        size = data[place]
        place += size + 1
        if not size:
            return place
    return len(data) + 1


def _bmp(data: bytes) -> Wholeness:
    (begin, header) = struct.unpack_from("<I", data, 10)[0], struct.unpack_from("<I", data, 14)[0]
    if header == 12:  # OS/2
        width, height, bits = struct.unpack_from("<HHxxH", data, 18)
        compression = 0
    else:
        width, height, bits, compression = struct.unpack_from("<iixxHI", data, 18)
    if len(data) <= begin:
        return Wholeness.EMPTY
    if compression not in (0, 3, 6):  # run lengths: how long they are nobody says
        return Wholeness.WHOLE
    row = (abs(width) * bits + 31) // 32 * 4
    return Wholeness.WHOLE if begin + row * abs(height) <= len(data) else Wholeness.CUT_OFF


def _webp(data: bytes) -> Wholeness:
    (size,) = struct.unpack_from("<I", data, 4)
    # libwebp decodes all of a picture or nothing.
    return Wholeness.WHOLE if size + 8 <= len(data) + (size & 1) else Wholeness.EMPTY


def _tiff(data: bytes) -> Wholeness:
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(data), formats=("TIFF",))
        return frame_wholeness(image, len(data))
    except Exception:  # the tags themselves break off; Pillow raises whatever they lead it to
        return Wholeness.EMPTY


def frame_wholeness(image: Image.Image, size: int) -> Wholeness:
    """How much of the page at which an opened TIFF stands is within a file of so many bytes.

    By its strips or tiles (TIFF 6.0, StripOffsets and StripByteCounts, TileOffsets and
    TileByteCounts).
    """
    tags = getattr(image, "tag_v2", {})
    places, sizes = tags.get(273) or tags.get(324) or (), tags.get(279) or tags.get(325) or ()
    ends = [place + length for place, length in zip(places, sizes, strict=False)]
    if not ends or max(ends) <= size:
        return Wholeness.WHOLE
    return Wholeness.CUT_OFF if min(places) < size else Wholeness.EMPTY


_LOOKS: dict[Format, Callable[[bytes], Wholeness]] = {
    Format.JPEG: _jpeg,
    Format.PNG: _png,
    Format.GIF: _gif,
    Format.BMP: _bmp,
    Format.WEBP: _webp,
    Format.TIFF: _tiff,
}
