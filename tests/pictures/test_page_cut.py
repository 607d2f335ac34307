"""Some pages of a PDF or TIFF as a file of their own: as they were, and nothing of the others."""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Sequence

import pikepdf
import pypdfium2  # type: ignore[import-untyped]  # ships no types
import pytest
from PIL import Image

from core.errors import PictureError
from core.pictures.page_cut import PDF, TIFF, cut_pages
from core.pictures.pdfium import open_pdf
from tests.kit.pictures.documents import coloured, drawn_pdf, frames, locked_pdf, raw_pdf, stream


def cut(data: bytes, kind: str, *pages: int) -> bytes:
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as out:
        file.write(data)
        cut_pages(file, kind, pages, out)
        return out.read()


def form() -> bytes:
    """Two pages that inherit size, rotation and font; the second has a filled field."""
    shown = b"/Type /XObject /Subtype /Form /BBox [0 0 80 40]"
    return raw_pdf(
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [7 0 R] >> "
        b"/Outlines << /First 9 0 R >> >>",
        b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 /MediaBox [0 0 100 60] /Rotate 90 "
        b"/Resources << /ProcSet [/PDF] >> >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 5 0 R >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 6 0 R /Annots [7 0 R] >>",
        stream(b"", b"1 0 0 rg 0 0 100 60 re f % HIDDEN-PAGE"),
        stream(b"", b"0 1 0 rg 0 0 100 60 re f"),
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (x) /F 4 /Rect [10 10 90 50] "
        b"/AP << /N 8 0 R >> /P 4 0 R >>",
        stream(shown, b"0 0 1 rg 0 0 80 40 re f"),
        b"<< /Title (HIDDEN-TITLE) /Dest [3 0 R /Fit] >>",
    )


def drawn(data: bytes) -> list[Image.Image]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        document = open_pdf(file)
        return [document[n].render().to_pil().convert("RGB") for n in range(len(document))]


def colours(pictures: Sequence[Image.Image]) -> list[object]:
    return [p.getpixel((p.width // 2, p.height // 2)) for p in pictures]


def test_pages_look_as_they_did_and_stand_in_their_order() -> None:
    data = drawn_pdf(coloured(8))
    some = drawn(cut(data, PDF, 2, 3, 7))
    every = drawn(data)
    assert [p.tobytes() for p in some] == [every[n].tobytes() for n in (1, 2, 6)]


def test_forms_and_what_pages_inherit_stay_and_other_pages_are_gone() -> None:
    data = form()
    before, after = drawn(data)[1], cut(data, PDF, 2)
    (page,) = drawn(after)
    assert page.size == (60, 100) and page.tobytes() == before.tobytes()
    assert page.getpixel((30, 50)) == (0, 0, 255)  # the field's value
    assert b"HIDDEN" in data
    pdf = pikepdf.Pdf.open(io.BytesIO(after))
    streams = [one.read_bytes() for one in pdf.objects if isinstance(one, pikepdf.Stream)]
    assert not any(b"HIDDEN" in said for said in [after, *streams])


def test_what_anybody_may_open_is_cut() -> None:
    assert len(pypdfium2.PdfDocument(cut(locked_pdf(""), PDF, 1))) == 1


def test_the_same_pages_have_the_same_bytes() -> None:
    """So that an upload that broke off is known to be there."""
    data = drawn_pdf(coloured(3))
    assert cut(data, PDF, 1, 3) == cut(data, PDF, 1, 3)


def as_read(data: bytes) -> list[tuple[tuple[int, int], object]]:
    image = Image.open(io.BytesIO(data))
    read: list[tuple[tuple[int, int], object]] = []
    for n in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(n)
        frame = image.convert("RGB")
        read.append((frame.size, frame.getpixel((5, 5))))
    return read


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"compression": "jpeg"},
                                     {"big_tiff": True}])  # fmt: skip
def test_frames_keep_what_they_are_and_others_are_blanked(options: dict[str, object]) -> None:
    data = frames("TIFF", coloured(5), **options)
    every = as_read(data)
    assert as_read(cut(data, TIFF, 2, 5)) == [every[1], every[4]]
    assert as_read(cut(data, TIFF, 1)) == [every[0]]


def test_pixels_of_frames_left_out_are_not_sent() -> None:
    secret = Image.frombytes("L", (16, 16), b"SECRET-PIXELS-01" * 16)
    data = frames("TIFF", [Image.new("L", (16, 16)), secret])
    assert b"SECRET" in data and b"SECRET" not in cut(data, TIFF, 1)
    # What two frames share stays.
    assert b"SECRET" in cut(data, TIFF, 2)


def test_big_endian_frames() -> None:
    def frame(at: int, value: int, after: int) -> bytes:
        entries = [(256, 4, 2), (257, 4, 1), (258, 3, 8 << 16), (262, 3, 1 << 16),
                   (273, 4, at + 126), (278, 4, 1), (279, 4, 2), (259, 3, 1 << 16),
                   (277, 3, 1 << 16), (284, 3, 1 << 16)]  # fmt: skip
        body = struct.pack(">H", len(entries))
        for tag, kind, number in sorted(entries):
            body += struct.pack(">HHII", tag, kind, 1, number)
        return body + struct.pack(">I", after) + bytes([value, value])

    size = len(frame(8, 0, 0))
    data = b"MM\0*" + struct.pack(">I", 8)
    data += frame(8, 10, 8 + size) + frame(8 + size, 200, 0)
    assert [value for _, value in as_grey(data)] == [10, 200]
    assert [value for _, value in as_grey(cut(data, TIFF, 2))] == [200]


def as_grey(data: bytes) -> list[tuple[tuple[int, int], object]]:
    image = Image.open(io.BytesIO(data))
    read: list[tuple[tuple[int, int], object]] = []
    for n in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(n)
        read.append((image.size, image.getpixel((0, 0))))
    return read


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (locked_pdf("secret"), PDF, "locked by a password"),
        (b"%PDF-1.7 and nothing more", PDF, "cannot be taken out"),
        (b"II*\0\x08\0\0\0\0\0\x08\0\0\0", TIFF, "cannot be taken out"),  # leads to itself
        (b"II*\0\xff\xff\xff\x7f", TIFF, "cannot be taken out"),
        (b"", TIFF, "cannot be taken out"),
        (drawn_pdf(coloured(1)), PDF, "does not have these pages"),
        (frames("TIFF", coloured(1)), TIFF, "does not have these pages"),
    ],
)
def test_what_cannot_be_cut_says_why(data: bytes, kind: str, said: str) -> None:
    with pytest.raises(PictureError, match=said) as error:
        cut(data, kind, 1, 2)
    assert error.value.then
