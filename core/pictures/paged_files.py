"""Files of many pages: PDF by PDFium, TIFF and GIF by Pillow; one page at a time.

Opened by path, so that only the page at hand is in memory; only inside worker processes, since
PDFium reads hostile files in native code and is not safe to share between threads.

Grids: a PDF's page is measured in points, cut to whole ones (``Page.width``: "For PDFs the unit is
points"; a real output file says 595 x 841 for A4, which has 595.28 x 841.89); frames in pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from core.errors import PictureError
from core.pictures.decoding import check_pixels
from core.pictures.pdfium import PdfPages
from core.pictures.picture import LONG, BadPicture, Picture, faults_translated, from_frame

PDF, TIFF, GIF = "application/pdf", "image/tiff", "image/gif"
MOST_SCALE = 300 / 72  # 300 dpi
RENDER_SIDE = 1760  # pixels of the longest side: 150 dpi on A4; a huge page costs no more


@dataclass(frozen=True, slots=True)
class FilePage:
    """One page, ready for annotators, and the grid in which the service tells its places."""

    picture: Picture
    width: int
    height: int


class PagedFile(Protocol):
    """An open file; its pages are numbered from 1."""

    pages: int

    def page(self, number: int) -> FilePage:
        """One page; raises ``BadPicture`` if it cannot be shown, or there is none."""

    def close(self) -> None:
        """Let go of the file."""


def open_paged(path: Path, mime_type: str) -> PagedFile:
    """Open a file of one of the service's three types.

    Raises:
        PictureError: empty, damaged, of another type, without pages, or locked by a password;
            ``what`` is the reason alone.
    """
    if not path.stat().st_size:
        raise PictureError("it is empty")
    opened = _OPENERS[mime_type](path)
    if not opened.pages:
        opened.close()
        raise PictureError("it has no pages")
    return opened


class _Pdf:
    def __init__(self, document: PdfPages) -> None:
        self._document = document
        self.pages = document.count

    def page(self, number: int) -> FilePage:
        with faults_translated():
            return self._page(number)

    def _page(self, number: int) -> FilePage:
        page = self._document.page(number)
        try:
            width, height = page.get_size()  # the page's own rotation is applied
            # The service's limit on pixels, counted in the grid in which it answers.
            check_pixels(width, height)
            rendered = page.render(scale=_scale(width, height))
            try:
                image = rendered.to_pil().convert("RGB")
            finally:
                rendered.close()
        finally:
            page.close()
        whole = (max(1, int(width)), max(1, int(height)))
        return FilePage(from_frame(image), *whole)

    def close(self) -> None:
        self._document.close()


def _scale(width: float, height: float) -> float:
    """Pixels a point; a long and narrow page has as many in all as one of A4 has."""
    # PDFium rounds up: half a pixel less makes the longest side exact.
    usual = (RENDER_SIDE - 0.5) / max(width, height)
    if max(width, height) <= LONG * min(width, height):
        return usual
    return max(usual, min(MOST_SCALE, sqrt(RENDER_SIDE**2 / sqrt(2) / (width * height))))


class _Frames:
    def __init__(self, image: Any, pages: int) -> None:
        self._image = image
        self.pages = pages

    def page(self, number: int) -> FilePage:
        with faults_translated():
            self._image.seek(number - 1)
            picture = from_frame(self._image)
        width, height = picture.width, picture.height
        if picture.orientation >= 5:  # answers are in the file's own grid
            width, height = height, width
        return FilePage(picture, width, height)

    def close(self) -> None:
        self._image.close()


def _open_pdf(path: Path) -> PagedFile:
    with path.open("rb") as file:
        return _Pdf(PdfPages(file))


def _frames_of(kind: str) -> Callable[[Path], PagedFile]:
    def open_frames(path: Path) -> PagedFile:
        try:
            with faults_translated():
                image = Image.open(path, formats=(kind,))
                return _Frames(image, int(getattr(image, "n_frames", 1)))
        except BadPicture as error:
            raise PictureError(f"it is damaged or not a {kind}") from error

    return open_frames


_OPENERS: dict[str, Callable[[Path], PagedFile]] = {
    PDF: _open_pdf,
    TIFF: _frames_of("TIFF"),
    GIF: _frames_of("GIF"),
}
MIME_TYPES = tuple(_OPENERS)
