"""Pages counted by a process of their own: sound files, and every way in which one is not."""

from __future__ import annotations

import tempfile

import pytest

from core.errors import PictureError
from core.pictures import page_count
from core.pictures.formats import Format
from core.pictures.page_count import PageCount, look
from tests.kit.pictures.documents import (
    POINTS_OF_A4,
    coloured,
    frames,
    locked_pdf,
    pdf,
    pdf_without_pages,
    raw_pdf,
)


def looked(data: bytes, kind: Format) -> PageCount:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return look(file, kind)


def test_pages_and_frames_are_counted() -> None:
    assert looked(pdf([POINTS_OF_A4] * 12), Format.PDF) == PageCount(12)
    assert looked(frames("TIFF", coloured(3)), Format.TIFF) == PageCount(3)
    assert looked(frames("TIFF", coloured(1)), Format.TIFF) == PageCount(1)
    assert looked(locked_pdf(""), Format.PDF) == PageCount(1)  # anybody may open it


def test_pages_that_are_too_large_are_named() -> None:
    sizes = [POINTS_OF_A4, (14_000, 14_000), POINTS_OF_A4]
    assert looked(pdf(sizes), Format.PDF) == PageCount(3, (2,))


@pytest.mark.parametrize(
    ("data", "kind", "what"),
    [
        (locked_pdf("secret"), Format.PDF, "locked by a password"),
        (pdf([POINTS_OF_A4])[:150], Format.PDF, "damaged"),
        (b"%PDF-1.7 and no more", Format.PDF, "damaged"),
        (pdf_without_pages(), Format.PDF, "damaged"),
        (frames("TIFF", coloured(3))[:100], Format.TIFF, "damaged"),
        (b"II*\0" + b"\xff" * 200, Format.TIFF, "damaged"),
    ],
)
def test_what_cannot_be_opened_says_why(data: bytes, kind: Format, what: str) -> None:
    with pytest.raises(PictureError, match=what) as caught:
        looked(data, kind)
    assert caught.value.then


def test_a_file_that_claims_pages_without_end_is_reported_in_time() -> None:
    claims = raw_pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
    )
    try:
        count = looked(claims, Format.PDF)
    except PictureError as error:
        assert error.then
    else:
        assert count.pages == 1 or count.pages > 2_000


def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_count, "SECONDS", 0.001)
    with pytest.raises(PictureError, match="too much time"):
        looked(pdf([POINTS_OF_A4]), Format.PDF)
