"""PDF, TIFF and GIF files for tests, made in memory."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pypdfium2  # type: ignore[import-untyped]  # ships no types
import pypdfium2.raw as raw  # type: ignore[import-untyped]
from PIL import Image
from pypdf import PdfReader, PdfWriter

POINTS_OF_A4 = (595.276, 841.89)
COLOURS = ("red", "lime", "blue", "yellow", "cyan", "magenta", "white", "black")


def pdf(sizes: Sequence[tuple[float, float]]) -> bytes:
    """Empty pages of so many points."""
    document = pypdfium2.PdfDocument.new()
    for width, height in sizes:
        document.new_page(width, height).close()
    file = io.BytesIO()
    document.save(file)
    document.close()
    return file.getvalue()


def drawn_pdf(pictures: Sequence[Image.Image]) -> bytes:
    """A page for each picture, a point for each pixel."""
    file = io.BytesIO()
    pictures[0].save(file, "PDF", save_all=True, append_images=pictures[1:], resolution=72)
    return file.getvalue()


def filled_pdf(colours: Sequence[int], side: int = 64) -> bytes:
    """A square page of one colour, 0xRRGGBB, for each."""
    document = pypdfium2.PdfDocument.new()
    for colour in colours:
        page = document.new_page(side, side)
        square = raw.FPDFPageObj_CreateNewRect(0, 0, side, side)
        raw.FPDFPageObj_SetFillColor(square, colour >> 16, colour >> 8 & 255, colour & 255, 255)
        raw.FPDFPath_SetDrawMode(square, raw.FPDF_FILLMODE_WINDING, False)
        raw.FPDFPage_InsertObject(page, square)
        page.gen_content()
        page.close()
    file = io.BytesIO()
    document.save(file)
    document.close()
    return file.getvalue()


def coloured(count: int, width: int = 200, height: int = 100) -> list[Image.Image]:
    """Pictures that differ by colour, and by a pixel of width each."""
    return [Image.new("RGB", (width + n, height), COLOURS[n % len(COLOURS)]) for n in range(count)]


def locked_pdf(password: str, owner: str = "owner") -> bytes:
    """Encrypted; with an empty password anybody may open it."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([(200, 100)]))))
    writer.encrypt(user_password=password, owner_password=owner, algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def turned_pdf(angle: int) -> bytes:
    """A page of 200 x 100 points, to be shown turned."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([(200, 100)]))))
    writer.pages[0].rotate(angle)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def pdf_without_pages() -> bytes:
    """A whole file with an empty page tree."""
    writer = PdfWriter()
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def frames(kind: str, pictures: Sequence[Image.Image], **options: object) -> bytes:
    """A TIFF or GIF of several."""
    file = io.BytesIO()
    first, *others = pictures
    first.save(file, kind, save_all=True, append_images=others, **options)
    return file.getvalue()


BAD = "tests.kit.services.bad_renderer"


def raw_pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1, of which the first is the catalogue."""
    parts, places, at = [b"%PDF-1.7\n"], [], 9
    for number, body in enumerate(objects, start=1):
        places.append(at)
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        at += len(parts[-1])
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    end = b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
    end += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n" % count
    return b"".join(parts) + end + b"%d\n%%%%EOF\n" % sum(map(len, parts))


def scan_pdf(box: tuple[int, int], side: tuple[int, int], how: bytes, pages: list[bytes]) -> bytes:
    """A PDF with a grey picture a page, each an object of its own.

    Args:
        box: width and height of the pages, in points.
        side: of the pictures, in pixels.
        how: the filter of their streams, as ``/DCTDecode``; b"" for plain pixels.
    """
    kids = b" ".join(b"%d 0 R" % (4 + 3 * n) for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 %d %d] >>" % (kids, len(pages), *box),
    ]
    head = b"/Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray" % side
    head += b" /BitsPerComponent 8" + (b" /Filter " + how if how else b"")
    for n, picture in enumerate(pages):
        objects += [
            stream(head, picture),
            b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R /Resources << /XObject << /P %d 0 R "
            b">> >> >>" % (5 + 3 * n, 3 + 3 * n),
            stream(b"", b"q %d 0 0 %d 0 0 cm /P Do Q" % box),
        ]
    return raw_pdf(*objects)


def stream(head: bytes, data: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (head, len(data), data)
