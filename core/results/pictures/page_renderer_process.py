"""Draws pages of one file and ends: ``python -m core.results.pictures.page_renderer_process JSON <
FILE``.

The file is untrusted, and PDFium and Pillow's decoders are native code: this process holds
nothing but that file, and takes no more than its limits allow. ``pictures.page_renderer`` starts
it, reads its answers and ends it when it is over time.

Argument: ``{"pages": [3, 4], "size": 360, "memory": ..., "cpu_s": ..., "wall_s": ...}``. For each
page, in that order, one line of JSON is written to standard output:
``{"page": 3, "size": [254, 360], "stored": [595, 841], "orientation": 1}`` and then its RGB pixels,
or ``{"page": 3, "fault": "none"}``; a fault of the whole file says page 0 and is the only answer.
Answers hold no text out of the file.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from typing import IO, Any, Protocol

from PIL import Image

from core.confined_process import confine
from core.pictures.decoding import PictureTooLarge
from core.pictures.formats import FACTS, HEAD_BYTES, PAGED, PICTURES, Format, format_of
from core.pictures.limits import MAX_PIXELS
from core.pictures.pdfium import PdfDamaged, PdfLocked, open_pdf
from core.results.pictures.exif_upright import Upright, upright_copy, upright_frame

OPEN_FILES = 32


class PageFault(Exception):
    """Why a page, or the file, cannot be drawn.

    Args:
        kind: a key of ``core.results.pictures.page_renderer.FAULTS``.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class OpenFile(Protocol):
    """An open file; its pages are numbered from 1."""

    pages: int

    def draw(self, page: int, size: int) -> Upright:
        """One page that there is; raises ``PageFault``, or whatever its bytes lead to."""


class Pdf:
    """Grid: a page's whole points, as in the service's answers."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self._document = open_pdf(file)
        except PdfLocked as error:
            raise PageFault("locked") from error
        except PdfDamaged as error:
            raise PageFault("damaged") from error
        self.pages = len(self._document)

    def draw(self, page: int, size: int) -> Upright:
        """The page as it is to be shown: turned as it says, and cut to its crop box."""
        page_of_pdf = self._document[page - 1]
        width, height = page_of_pdf.get_size()
        if width * height > MAX_PIXELS:
            raise PageFault("large")
        # PDFium rounds up: half a pixel less makes the longest side exact.
        bitmap: Any = page_of_pdf.render(
            scale=(size - 0.5) / max(width, height), rev_byteorder=True
        )
        image: Image.Image = bitmap.to_pil().convert("RGB")
        bitmap.close()
        page_of_pdf.close()
        return Upright(image, (max(1, int(width)), max(1, int(height))), 1)


class Frames:
    """Of TIFF and GIF. Grid: pixels as stored."""

    def __init__(self, file: IO[bytes], kind: Format) -> None:
        try:
            # Kept open: a GIF's frame is made from all those before it.
            self._image = Image.open(file, formats=FACTS[kind].pillow)
        except Exception as error:  # Pillow's plugins raise whatever the bytes lead them to
            raise PageFault("damaged") from error
        self.pages = sys.maxsize  # not counted, since that would mean to go through them all

    def draw(self, page: int, size: int) -> Upright:
        """The frame, if there is one."""
        try:
            self._image.seek(page - 1)
        except EOFError as error:
            raise PageFault("none") from error
        return upright_frame(self._image, size, "")


class OnePicture:
    """Any other picture, as its own only page. Grid: pixels as stored."""

    pages = 1

    def __init__(self, file: IO[bytes]) -> None:
        self._data = file.read()

    def draw(self, page: int, size: int) -> Upright:
        """The picture as it is to be shown; ``page`` is 1."""
        return upright_copy(self._data, size, "")


def open_file(file: IO[bytes]) -> OpenFile:
    """A file of any kind that the service takes.

    Raises:
        PageFault: it cannot be opened.
    """
    kind = format_of(os.pread(file.fileno(), HEAD_BYTES, 0))
    if kind is Format.PDF:
        return Pdf(file)
    if kind not in PICTURES:
        raise PageFault("damaged")
    return Frames(file, kind) if kind in PAGED else OnePicture(file)


def draw(file: OpenFile, page: int, size: int) -> Upright:
    """One page.

    Raises:
        PageFault: it cannot be drawn.
    """
    if not 1 <= page <= file.pages:
        raise PageFault("none")
    try:
        return file.draw(page, size)
    except PageFault:
        raise
    except PictureTooLarge as error:
        raise PageFault("large") from error
    except MemoryError as error:
        raise PageFault("broke") from error
    except Exception as error:
        raise PageFault("page") from error


def _grant(cpu_s: int, wall_s: float) -> None:
    """Time for one more page. The clock's is for when nobody is left to end this process."""
    soft = int(time.process_time()) + 1 + cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_REAL, wall_s)


def _say(out: IO[bytes], head: dict[str, Any], pixels: bytes = b"") -> None:
    out.write(json.dumps(head).encode() + b"\n" + pixels)
    out.flush()


def main(asked: dict[str, Any]) -> None:
    """Draw what is asked for."""
    # Whatever a library may print is not to be taken for an answer.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    file: IO[bytes] = os.fdopen(0, "rb", buffering=0)
    confine(asked["memory"], OPEN_FILES)
    _grant(asked["cpu_s"], asked["wall_s"])
    try:
        paged = open_file(file)
    except PageFault as fault:
        return _say(out, {"page": 0, "fault": fault.kind})
    for page in asked["pages"]:
        try:
            image, stored, orientation = draw(paged, page, asked["size"])
        except PageFault as fault:
            _say(out, {"page": page, "fault": fault.kind})
        else:
            head = {"size": image.size, "stored": stored, "orientation": orientation}
            _say(out, {"page": page, **head}, image.tobytes())
        _grant(asked["cpu_s"], asked["wall_s"])
    return None


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
