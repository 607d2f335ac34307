"""A PDF as PDFium opens it: the one opener of engine, page counting and drawing.

PDFium reads hostile files in native code and is not safe to share between threads: only processes
that may be lost call this.
"""

from __future__ import annotations

import ctypes
from mmap import ACCESS_COPY, mmap
from typing import IO, Any

from core.errors import PictureError

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
