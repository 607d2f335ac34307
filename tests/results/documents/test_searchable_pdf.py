"""Searchable PDFs: words are found where they stand, and nothing of the page changes."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pikepdf
import pypdfium2  # type: ignore[import-untyped]  # ships no types
import pytest
from PIL import Image, ImageDraw

from core.errors import PictureError
from core.results.documents.searchable_pdf import LayerFile, PdfMade, write_pdf
from core.results.documents.text_page import TextPage, read_page
from core.results.pictures.file_copies import FileCopy
from core.results.shards.full_text import TextResponse
from tests.kit.pictures.documents import coloured, drawn_pdf, frames, locked_pdf, raw_pdf, stream
from tests.kit.pictures.text_pages import Put, box, response, row, rtl_row
from tests.kit.pictures.written_file import A4, written_pdf

NEEDS_POPPLER = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="poppler-utils is not installed"
)
SIZE = (400, 300)


def page_of(
    blocks: Sequence[Sequence[Put]], size: tuple[int, int] = SIZE, page: int = 1
) -> TextPage:
    data = msgspec.json.encode(response("gs://b/x", blocks, size, page))
    return read_page(msgspec.json.decode(data, type=TextResponse))


def made(original: bytes, pages: Sequence[tuple[int, TextPage]]) -> tuple[bytes, PdfMade]:
    layers = LayerFile()
    for number, page in pages:
        layers.add(number, page)
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as out:
        file.write(original)
        file.flush()
        report = write_pdf(FileCopy(file), layers, out, "x.pdf")
        layers.close()
        out.seek(0)
        return out.read(), report


def pdftotext(data: bytes, tmp_path: Path, *options: str) -> str:
    path = tmp_path / "x.pdf"
    path.write_bytes(data)
    done = subprocess.run(
        ["pdftotext", *options, str(path), "-"], capture_output=True, check=True, timeout=60
    )
    return done.stdout.decode()


def found_at(data: bytes, words: str, page: int = 0) -> list[float]:
    """Left, top, right, bottom of words in 0..1 of the page as it is shown; [] if not found."""
    document = pypdfium2.PdfDocument(data)
    shown = document[page]
    text = shown.get_textpage()
    hit = text.search(words).get_next()
    if hit is None:
        return []
    boxes = [text.get_charbox(n) for n in range(hit[0], hit[0] + hit[1])]
    corners = [(b[i], b[j]) for b in boxes for i in (0, 2) for j in (1, 3)]
    at = [_on_screen(shown, x, y) for x, y in corners]
    xs, ys = [x for x, _ in at], [y for _, y in at]
    return [min(xs), min(ys), max(xs), max(ys)]


def _on_screen(page: Any, x: float, y: float) -> tuple[float, float]:
    """By PDFium itself: its own turning and cropping of the page."""
    raw = pypdfium2.raw
    from ctypes import byref, c_int

    across, down = c_int(), c_int()
    raw.FPDF_PageToDevice(page, 0, 0, 10_000, 10_000, 0, x, y, byref(across), byref(down))
    return across.value / 10_000, down.value / 10_000


def pixels(data: bytes, page: int = 0) -> Any:
    return np.asarray(pypdfium2.PdfDocument(data)[page].render(scale=1).to_pil().convert("RGB"))


def drawn(size: tuple[int, int] = SIZE) -> Image.Image:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle((60, 40, 200, 90), fill="navy")
    return image


LINES = [row(["Harbour", "master", "^,", "tall", "^."], 40, 60), row(["second", "line"], 40, 90)]


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
@pytest.mark.parametrize("cropped", [False, True])
def test_words_lie_at_their_places_however_the_page_is_turned(angle: int, cropped: bool) -> None:
    with pikepdf.open(io.BytesIO(drawn_pdf([drawn((500, 380))]))) as pdf:
        page = pdf.pages[0]
        page.rotate(angle, relative=False)
        if cropped:
            page.cropbox = pikepdf.Array([50, 30, 450, 330])
        file = io.BytesIO()
        pdf.save(file)
    shown = pypdfium2.PdfDocument(file.getvalue())[0].get_size()
    size = (int(shown[0]), int(shown[1]))
    data, report = made(file.getvalue(), [(1, page_of(LINES, size))])
    assert report.notes == ()
    for word in (LINES[0][0], LINES[0][3]):
        (left, top), _, (right, bottom), _ = word.corners
        expected = [left / size[0], top / size[1], right / size[0], bottom / size[1]]
        assert found_at(data, word.text) == pytest.approx(expected, abs=0.012)
    assert found_at(data, "master, tall.") and found_at(data, "second line")
    assert (pixels(data) == pixels(file.getvalue())).all()  # nothing of it is seen


def turned(corners: Any, quarters: int, size: tuple[int, int]) -> Any:
    """Corners of a page of a size, after it was turned to the right by quarters."""
    for n in range(quarters):
        height = size[1] if n % 2 == 0 else size[0]
        corners = tuple((height - y, x) for x, y in corners)
    return corners


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_text_that_was_scanned_lying_is_found_line_by_line(quarters: int, tmp_path: Path) -> None:
    size = SIZE if quarters == 2 else SIZE[::-1]
    lines = [
        [word._replace(corners=turned(word.corners, quarters, SIZE)) for word in line]
        for line in LINES
    ]
    data, _ = made(drawn_pdf([drawn(size)]), [(1, page_of(lines, size))])
    xs = [x / size[0] for x, _ in lines[0][0].corners]
    ys = [y / size[1] for _, y in lines[0][0].corners]
    expected = [min(xs), min(ys), max(xs), max(ys)]
    assert found_at(data, "Harbour") == pytest.approx(expected, abs=0.012)
    if shutil.which("pdftotext"):
        text = pdftotext(data, tmp_path)
        assert "Harbour master, tall.\n" in text and "second line\n" in text


def sloping(line: Sequence[Put], by: float) -> list[Put]:
    return [word._replace(corners=tuple((x, y + by * x) for x, y in word.corners)) for word in line]


@NEEDS_POPPLER
@pytest.mark.parametrize("slope", [0.01, 0.05, -0.05])
def test_a_page_that_lies_askew_keeps_its_lines(slope: float, tmp_path: Path) -> None:
    lines = [sloping(line, slope) for line in (LINES[0], row(["a", "second", "line"], 40, 200))]
    data, _ = made(drawn_pdf([drawn((400, 400))]), [(1, page_of(lines, (400, 400)))])
    assert pdftotext(data, tmp_path).split() == [
        "Harbour", "master,", "tall.", "a", "second", "line"
    ]  # fmt: skip


def test_slanted_text_is_found_along_its_slant() -> None:
    size = (400, 400)
    data, _ = made(drawn_pdf([drawn(size)]), [(1, page_of([sloping(LINES[0], 0.3)], size))])
    left, top, right, bottom = found_at(data, "Harbour master, tall.")
    assert (right - left) * 400 > 120 and (bottom - top) * 400 > 35


SCRIPTS = [
    (rtl_row(["שלום", "עולם", "טוב"], 300, 60), "שלום עולם טוב"),
    (rtl_row(["مرحبا", "بالعالم"], 300, 60), "مرحبا بالعالم"),
    ([Put("東京", box(40, 60, 24, 12), ""), Put("都", box(65, 60, 12, 12), ""),
      Put("新宿区", box(78, 60, 36, 12), "LINE_BREAK")], "東京都新宿区"),
    ([Put("縦書き", box(300, 60, 12, 36), ""), Put("文章", box(300, 97, 12, 24), "LINE_BREAK")],
     "縦書き文章"),
    (row(["हिन्दी", "भाषा"], 40, 60), "हिन्दी भाषा"),
    (row(["Привет", "κόσμε"], 40, 60), "Привет κόσμε"),
    (row(["𝒳😀", "naïve"], 40, 60), "𝒳😀 naïve"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "text"), SCRIPTS, ids=[text for _, text in SCRIPTS])
def test_any_script_is_found_as_it_is_read(line: list[Put], text: str, tmp_path: Path) -> None:
    data, _ = made(drawn_pdf([drawn()]), [(1, page_of([line]))])
    said = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range()
    for words in (text, *text.split()):
        # PDFium finds nothing beyond the first 65,536 characters, though it knows them.
        assert found_at(data, words) or (max(words) > "\uffff" and words in said), words
    if shutil.which("pdftotext"):
        read = pdftotext(data, tmp_path).translate(dict.fromkeys((*range(0x202A, 0x202F), 0x0C)))
        assert read.strip() == text


def test_marks_over_hebrew_stay_with_their_letters(tmp_path: Path) -> None:
    line = rtl_row(["שָׁלוֹם", "עולם"], 300, 60)
    data, _ = made(drawn_pdf([drawn()]), [(1, page_of([line]))])
    text = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range()
    assert set("שָׁלוֹם") <= set(text) and found_at(data, "עולם")


def test_resources_that_a_page_inherits_stay_in_force() -> None:
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    original = raw_pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 400 300] /Rotate 90 "
        b"/Resources << /Font << /F 5 0 R >> >> >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>",
        stream(b"", b"1 0 0 1 99 99 cm BT /F 20 Tf (Kept) Tj ET"),  # and a matrix left behind
        font,
    )
    data, report = made(original, [(1, page_of(LINES, (300, 400)))])
    assert not report.notes
    assert (pixels(data) == pixels(original)).all()
    assert found_at(data, "Kept") and found_at(data, "second")


def test_a_page_with_text_of_its_own_keeps_it_alone() -> None:
    words = [row(["Contact", "sheet", "page", "1"], 72, 100)]
    data, report = made(written_pdf(2), [(1, page_of(words, (595, 841)))])
    assert report.notes == ("Page 1 had text of its own, which stays alone",)
    text = pypdfium2.PdfDocument(data)[0].get_textpage()
    assert text.get_text_range().count("Contact") == 1


def test_a_page_that_is_gone_is_named() -> None:
    data, report = made(drawn_pdf([drawn()]), [(1, page_of(LINES)), (7, page_of(LINES))])
    assert len(report.notes) == 1 and report.notes[0].startswith(
        "Page 7 is not in the file any more"
    )
    assert found_at(data, "second line")


def test_encrypted_files_are_opened_only_if_anybody_may() -> None:
    with pytest.raises(PictureError, match="locked by a password"):
        made(locked_pdf("secret"), [(1, page_of(LINES, (200, 100)))])
    data, report = made(locked_pdf(""), [(1, page_of(LINES, (200, 100)))])
    assert report.notes == ("The original was encrypted for changes; this copy is not",)
    assert found_at(data, "second line")


@pytest.mark.parametrize(
    "original", [b"", b"%PDF-1.7 nothing", b"hello", b"II*\0\xff\xff\xff\xff", b"\xff\xd8\xff\xe0"]
)
def test_what_cannot_be_opened_is_said(original: bytes) -> None:
    with pytest.raises(PictureError, match="cannot be opened"):
        made(original, [(1, page_of(LINES))])


@pytest.mark.parametrize("orientation", [1, 2, 3, 5, 6, 8])
def test_a_photo_is_a_page_upright_with_its_words_where_they_are_seen(orientation: int) -> None:
    image = drawn()
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif, quality=95)
    data, report = made(
        file.getvalue(), [(0, page_of([[Put("blue", box(60, 40, 140, 50))]], page=0))]
    )
    assert report.pages == 1
    assert b"/DCTDecode" in data  # the very file
    left, top, right, bottom = found_at(data, "blue")
    seen = pixels(data)
    height, width = seen.shape[:2]
    blue = np.argwhere((seen[:, :, 2] > 90) & (seen[:, :, 0] < 60))
    (up, west), (down, east) = blue.min(axis=0), blue.max(axis=0) + 1
    expected = [west / width, up / height, east / width, down / height]
    assert [left, top, right, bottom] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGB"), ("PNG", "L"), ("TIFF", "1"), ("GIF", "P"), ("WEBP", "RGBA"), ("BMP", "RGB")],
)
def test_other_pictures_become_pages_without_loss(kind: str, mode: str) -> None:
    file = io.BytesIO()
    drawn().convert(mode).save(file, kind, **({"lossless": True} if kind == "WEBP" else {}))
    data, _ = made(file.getvalue(), [(0, page_of(LINES, page=0))])
    page = pypdfium2.PdfDocument(data)[0]
    image = next(iter(page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])))
    stored = np.asarray(image.get_bitmap().to_pil().convert("RGB"))
    expected = np.asarray(Image.open(file).convert("RGB"))
    assert (stored == expected).all()
    assert found_at(data, "second line")


def test_every_frame_of_a_tiff_is_a_page() -> None:
    pictures = coloured(20)
    words = [row(["frame"], 10, 10)]
    pages = [(n, page_of(words, (199 + n, 100), n)) for n in (1, 3, 20)]
    data, report = made(frames("TIFF", pictures), pages)
    assert (report.pages, report.notes) == (20, ())
    assert [bool(found_at(data, "frame", n)) for n in range(20)] == [
        n in (0, 2, 19) for n in range(20)
    ]
    assert tuple(pixels(data, 17)[5, 5]) == pictures[17].getpixel((5, 5))


def test_words_without_a_place_are_counted_and_odd_ones_do_no_harm() -> None:
    blocks = [[Put("nowhere", ()), Put("dot", box(5, 5, 0, 0)), Put("far", box(-9e7, 3, 9, 9)),
               Put("flat", box(9, 50, 40, 0)), Put("here", box(50, 80, 40, 10))]]  # fmt: skip
    layers = LayerFile()
    layers.add(1, page_of(blocks))
    assert layers.missing == 2
    data, _ = made(drawn_pdf([drawn()]), [(1, page_of(blocks))])
    assert found_at(data, "here")


def test_a_process_that_is_given_up_is_gone() -> None:
    class GivenUp(BaseException):
        pass

    def moved(page: int) -> None:
        raise GivenUp

    layers = LayerFile()
    layers.add(1, page_of(LINES))
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as out:
        file.write(drawn_pdf([drawn()]))
        file.flush()
        with pytest.raises(GivenUp):
            write_pdf(FileCopy(file), layers, out, "x.pdf", moved)
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    commands = [Path(f"/proc/{n}/cmdline") for n in children.read_text().split()]
    assert not any(b"searchable_pdf_process" in c.read_bytes() for c in commands if c.exists())


BOOK = (
    "the quick harbour master wrote another letter about winter cargo and small boats leaving "
    "before sunrise while people in town counted boxes of apples pears and salt for distant "
    "markets where prices rose again after heavy rain closed roads bridges façade naïve über"
)


def latin_page(number: int, columns: Sequence[int]) -> list[list[Put]]:
    """Paragraphs with punctuation, as a page of a book."""
    rng = np.random.default_rng(number)
    blocks = [row(["Chapter", str(number)], 60, 40, 22, 12)]
    longest = 75 // len(columns) - 5
    for column in columns:
        top = 90.0
        while top < 760:
            block: list[Put] = []
            for _ in range(int(rng.integers(2, 9))):
                words: list[str] = []
                while sum(len(word) + 1 for word in words) < longest:
                    words.append(str(rng.choice(BOOK.split())))
                    if rng.random() < 0.12:
                        words.append("^" + str(rng.choice(list(",.;:"))))
                block += row(words, column, top + float(rng.normal(0, 0.2)), 9.5, 5.0)
                top += 12.5
            blocks.append(block)
            top += 14
    return blocks


@NEEDS_POPPLER
@pytest.mark.parametrize(("columns", "options"), [((60,), ()), ((60, 320), ("-raw",))])
@pytest.mark.slow
def test_word_error_of_the_round_trip_on_latin_pages(
    columns: tuple[int, ...], options: tuple[str, ...], tmp_path: Path
) -> None:
    """Of two columns in the order of the file: without -raw, pdftotext makes up its own."""
    from rapidfuzz.distance import Levenshtein

    size = (int(A4[0]), int(A4[1]))
    pages = [(n, page_of(latin_page(n, columns), size, n)) for n in range(1, 11)]
    data, _ = made(drawn_pdf([drawn(size)] * 10), pages)
    wrong = total = 0
    said = pdftotext(data, tmp_path, *options).split("\f")
    for (number, _), text in zip(pages, said, strict=False):
        full = response("", latin_page(number, columns), size, number)["fullTextAnnotation"]
        wrong += Levenshtein.distance(full["text"].split(), text.split())
        total += len(full["text"].split())
    print(f"word error of pdftotext {' '.join(options)}: {wrong / total:.3%} of {total:,} words")
    assert total > 3_000
    assert wrong / total < 0.005
