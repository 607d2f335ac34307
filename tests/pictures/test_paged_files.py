"""Opening PDF, TIFF and GIF files, and their pages as pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import PictureError
from core.pictures.paged_files import GIF, PDF, RENDER_SIDE, TIFF, PagedFile, open_paged
from core.pictures.picture import BadPicture
from tests.kit.pictures.documents import (
    POINTS_OF_A4,
    coloured,
    drawn_pdf,
    frames,
    locked_pdf,
    pdf,
    pdf_without_pages,
    turned_pdf,
)

Opened = Callable[[bytes, str], PagedFile]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens files from disk, and closes them."""
    files: list[PagedFile] = []

    def from_disk(data: bytes, mime_type: str) -> PagedFile:
        path = tmp_path / f"file{len(files)}"
        path.write_bytes(data)
        files.append(open_paged(path, mime_type))
        return files[-1]

    yield from_disk
    for file in files:
        file.close()


def colour(file: PagedFile, page: int) -> tuple[int, ...]:
    """In the middle of a page."""
    pixels = file.page(page).picture.pixels
    middle = pixels[pixels.shape[0] // 2, pixels.shape[1] // 2]
    return tuple(int(value) for value in middle)


def test_pages_of_a_pdf_in_any_order(opened: Opened) -> None:
    file = opened(drawn_pdf(coloured(3)), PDF)
    assert file.pages == 3
    red, lime, blue = (colour(file, page) for page in (1, 2, 3))
    assert colour(file, 1) == red  # back again
    assert [int(np.argmax(rgb)) for rgb in (red, lime, blue)] == [0, 1, 2]
    page = file.page(3)
    assert (page.width, page.height) == (202, 100)


def test_a_page_is_measured_in_whole_points_cut_off(opened: Opened) -> None:
    page = opened(pdf([POINTS_OF_A4]), PDF).page(1)
    assert (page.width, page.height) == (595, 841)  # as in a real output file
    assert page.picture.height == RENDER_SIDE
    assert page.picture.width == pytest.approx(RENDER_SIDE * 595.276 / 841.89, abs=1.5)


@pytest.mark.parametrize(
    ("size", "whole"),
    [((3, 3), (3, 3)), ((0.5, 40), (1, 40)), ((5_000, 3), (5_000, 3)), ((8_000, 8_000),) * 2],
)
def test_odd_pages_are_rendered_alike(
    opened: Opened, size: tuple[float, float], whole: tuple[int, int]
) -> None:
    page = opened(pdf([size]), PDF).page(1)
    assert (page.width, page.height) == whole
    longest = max(page.picture.width, page.picture.height)
    assert longest == RENDER_SIDE if size != (5_000, 3) else longest > RENDER_SIDE
    assert min(page.picture.width, page.picture.height) >= 1


def test_a_huge_page_is_refused_and_the_others_are_not(opened: Opened) -> None:
    file = opened(pdf([(200, 100), (14_400, 14_400), (200, 100)]), PDF)
    with pytest.raises(BadPicture) as caught:
        file.page(2)
    assert caught.value.message == "Image too large. Please limit to 75 megapixels."
    assert file.page(3).width == 200


def test_a_page_is_upright(opened: Opened) -> None:
    page = opened(turned_pdf(90), PDF).page(1)
    assert (page.width, page.height) == (100, 200)
    assert page.picture.height == RENDER_SIDE


def test_no_such_page(opened: Opened) -> None:
    file = opened(pdf([(200, 100)]), PDF)
    for number in (2, 99):
        with pytest.raises(BadPicture, match="Bad image data"):
            file.page(number)


def test_an_owners_password_alone_keeps_nobody_out(opened: Opened) -> None:
    assert opened(locked_pdf(""), PDF).page(1).width == 200


@pytest.mark.parametrize(
    ("data", "mime_type", "why"),
    [
        (b"", PDF, "it is empty"),
        (b"", TIFF, "it is empty"),
        (locked_pdf("secret"), PDF, "it is locked by a password"),
        (pdf_without_pages(), PDF, "it is damaged, without pages, or not a PDF"),
        (b"%PDF-1.7\n", PDF, "it is damaged, without pages, or not a PDF"),
        (pdf([(200, 100)])[:200], PDF, "it is damaged, without pages, or not a PDF"),
        (b"\x89PNG and so on", PDF, "it is damaged, without pages, or not a PDF"),
        (pdf([(200, 100)]), TIFF, "it is damaged or not a TIFF"),
        (frames("GIF", coloured(2)), TIFF, "it is damaged or not a TIFF"),
        (frames("TIFF", coloured(2)), GIF, "it is damaged or not a GIF"),
        (b"GIF89a", GIF, "it is damaged or not a GIF"),
        (b"II*\0" + b"\xff" * 40, TIFF, "it is damaged or not a TIFF"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_files_that_cannot_be_opened(opened: Opened, data: bytes, mime_type: str, why: str) -> None:
    with pytest.raises(PictureError) as caught:
        opened(data, mime_type)
    assert caught.value.what == why


@pytest.mark.parametrize(("kind", "mime_type"), [("TIFF", TIFF), ("GIF", GIF)])
def test_frames_in_any_order(opened: Opened, kind: str, mime_type: str) -> None:
    pictures = [Image.new("RGB", (90, 60), name) for name in ("red", "lime", "blue")]
    file = opened(frames(kind, pictures), mime_type)
    assert file.pages == 3
    third, first = file.page(3), file.page(1)
    assert tuple(first.picture.pixels[5, 5]) == (255, 0, 0)
    # The third keeps its own pixels although the file has gone on.
    assert tuple(third.picture.pixels[5, 5]) == (0, 0, 255)
    assert (first.width, first.height) == (90, 60)
    with pytest.raises(BadPicture, match="Bad image data"):
        file.page(4)
    assert colour(file, 2)[1] == 255


def test_a_turned_page_of_a_tiff_is_reported_in_its_own_grid(opened: Opened) -> None:
    page = opened(frames("TIFF", coloured(2), tiffinfo={274: 6}), TIFF).page(2)
    assert page.picture.orientation == 6
    assert (page.picture.width, page.picture.height) == (100, 201)
    assert (page.width, page.height) == (201, 100)


def test_a_tiff_cut_short_loses_only_what_is_gone(opened: Opened) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    whole = frames("TIFF", [Image.fromarray(pixels)] * 3)
    at = whole.index(pixels.tobytes(), len(whole) // 2)  # the pixels of the third
    broken = bytearray(whole)
    del broken[at:]
    try:
        file = opened(bytes(broken), TIFF)
    except PictureError as error:
        assert error.what == "it is damaged or not a TIFF"
        return  # its directory of pages was behind the pixels
    assert file.page(1).width == 90
    with pytest.raises(BadPicture, match="Bad image data"):
        file.page(3)


def test_a_frame_over_75_megapixels(opened: Opened) -> None:
    small, wide = Image.new("1", (9, 9)), Image.new("1", (10_000, 7_501))
    file = opened(frames("TIFF", [small, wide], compression="group4"), TIFF)
    assert file.page(1).width == 9
    with pytest.raises(BadPicture, match="75 megapixels"):
        file.page(2)


def test_what_is_filled_into_a_form_is_on_the_page(opened: Opened) -> None:
    file = opened(_form(), PDF)
    pixels = file.page(1).picture.pixels
    assert (pixels < 100).all(axis=2).sum() > 1000  # black ink


def _form() -> bytes:
    """A page with one text field, whose appearance PDFium draws from its value."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/DA(/F 0 Tf 0 g)"
        b"/DR<</Font<</F 5 0 R>>>>/NeedAppearances true>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Annots[4 0 R]>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(HHHHHH)/Rect[10 10 190 90]/F 4"
        b"/P 3 0 R/DA(/F 40 Tf 0 g)>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    data = b"%PDF-1.7\n"
    places = []
    for number, text in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj" % number + text + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + (
        b"xref\n0 6\n0000000000 65535 f \n" + table + b"trailer<</Size 6/Root 1 0 R>>\n"
        b"startxref\n%d\n%%%%EOF" % len(data)
    )


def test_a_long_and_narrow_page_has_as_many_pixels_as_others(opened: Opened) -> None:
    page = opened(pdf([(226, 3000)]), PDF).page(1)
    assert (page.width, page.height) == (226, 3000)
    assert page.picture.width == pytest.approx(406, abs=2)  # letters of 9 points have 16 pixels
    assert page.picture.height == pytest.approx(406 * 3000 / 226, rel=0.01)
    tiny = opened(pdf([(20, 3000)]), PDF).page(1).picture
    assert tiny.width == pytest.approx(20 * 300 / 72, abs=1)


def test_a_long_scan_keeps_its_width(opened: Opened) -> None:
    page = opened(frames("TIFF", [Image.new("RGB", (900, 9_000))]), TIFF).page(1)
    assert page.picture.scaled(9_000).shape[:2] == (9_000, 900)
    assert page.picture._base.size == (900, 9_000)  # all of its pixels are still there
