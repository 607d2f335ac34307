"""A PDF as PDFium opens it: the one opener of engine, page counting and drawing.

PDFium reads hostile files in native code and is not safe to share between threads: only processes
that may be lost call this.
"""

from __future__ import annotations

import ctypes
import os
from mmap import ACCESS_COPY, mmap
from typing import IO, Any

from core.errors import PictureError

PAGES_OPEN = 50  # that PDFium is asked for before the document is opened again
_WRONG_PASSWORD = 4  # FPDF_ERR_PASSWORD


class PdfLocked(PictureError):
    """Nobody may open it without its password."""


class PdfDamaged(PictureError):
    """It is damaged, without pages, or no PDF."""


def open_pdf(file: IO[bytes]) -> Any:
    """A ``pypdfium2.PdfDocument``; the file itself may be closed afterwards.

    Args:
        file: on disk and not empty, at any place; it is mapped and not read.

    Raises:
        PdfLocked, PdfDamaged: it cannot be opened; ``what`` is the reason alone.
    """
    import pypdfium2  # type: ignore[import-untyped]  # ships no types

    data = mmap(file.fileno(), 0, access=ACCESS_COPY)
    try:
        document = pypdfium2.PdfDocument((ctypes.c_char * len(data)).from_buffer(data))
    except pypdfium2.PdfiumError as error:
        # PDFium's code can be that of a file opened earlier in the same process.
        if error.err_code == _WRONG_PASSWORD and data.find(b"/Encrypt") >= 0:
            raise PdfLocked("it is locked by a password") from error
        raise PdfDamaged("it is damaged, without pages, or not a PDF") from error
    document.init_forms()  # what is filled into a form belongs to the page
    return document


class PdfPages:
    """A PDF that is read page by page, in memory that does not grow with the file.

    PDFium keeps the pictures and fonts of every page that it was asked for until the document is
    closed, which for a scan is the whole file: it is opened again after some pages.

    Args:
        file: as of ``open_pdf``; it may be closed afterwards.

    Attributes:
        count: how many pages it has.

    Raises:
        PdfLocked, PdfDamaged: as ``open_pdf``.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = os.fdopen(os.dup(file.fileno()), "rb")
        self._asked = 0
        try:
            self._document = open_pdf(self._file)
        except PictureError:
            self._file.close()
            raise
        self.count = len(self._document)

    def page(self, number: int) -> Any:
        """A ``pypdfium2.PdfPage``, from 1, to be closed before the next one is asked for."""
        if self._asked == PAGES_OPEN:
            self._document.close()
            self._document = open_pdf(self._file)
            self._asked = 0
        self._asked += 1
        return self._document[number - 1]

    def close(self) -> None:
        """Give its memory back."""
        self._document.close()
        self._file.close()
