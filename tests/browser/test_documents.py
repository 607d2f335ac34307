"""Files of pages, from a folder on Submit to a searchable PDF whose text three readers find."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]  # ships no types
import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page, expect

from tests.kit.pictures.documents import drawn_pdf, frames
from tests.kit.web.browser import Dashboard, make_home, settle
from tests.kit.web.journey import BATCH_MS, DONE, choose_features, choose_source, open_submit, send
from tests.kit.web.pdfjs import texts_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]  # 17 pages are read meanwhile
NUMBERS = (
    "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip


CARGO = (
    "Timber", "and", "salt", "and", "copper", "went", "aboard",
    "before", "the", "ice", "came", "down", "the", "river",
)  # fmt: skip


def written(*lines: str) -> Image.Image:
    """A page of large letters, which any reader reads."""
    image = Image.new("RGB", (640, 420), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=36)
    for row, line in enumerate(lines):
        pen.text((50, 60 + 80 * row), line, "black", font)
    return image


def full(*lines: str) -> Image.Image:
    """The same above 25 lines of print, so that there is a middle to break off in."""
    image = Image.new("RGB", (900, 1300), "white")
    image.paste(written(*lines))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=22)
    for row in range(25):
        start = row % len(CARGO)
        pen.text((50, 320 + 38 * row), " ".join(CARGO[start:] + CARGO[:start]), "black", font)
    return image


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """With one worker, so that a machine of many cores is not done before anybody looks."""
    home = make_home(tmp_path_factory.mktemp("documents") / "home")
    dashboard = Dashboard(home, settings={"CONTACT_SHEET_WORKERS": "1"})
    dashboard.start()
    yield dashboard
    dashboard.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, a scan of 12 pages, a TIFF of 3, and a PDF that is broken."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    written("Harbour letter").save(folder / "letter.png")
    Image.new("RGB", (300, 200), "teal").save(folder / "sea.jpg")
    pages = [full("Harbour report", f"Chapter {number}") for number in NUMBERS]
    (folder / "scan.pdf").write_bytes(drawn_pdf(pages))
    faxes = [written("Winter cargo", f"Sheet {number}") for number in NUMBERS[:3]]
    (folder / "fax.tif").write_bytes(frames("TIFF", faxes))
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    return folder


def choose(page: Page, dashboard: Dashboard, folder: Path) -> None:
    """Choose a folder, and document text alone."""
    open_submit(page, dashboard)
    choose_source(page, "Folder")
    box = page.locator(".st-key-source_folder input")
    box.fill(str(folder))
    box.press("Enter")
    settle(page)
    for feature in ("Labels", "Image properties", "Safe search", "Document text"):
        choose_features(page, feature)  # the last one alone is asked for then
        settle(page)


def submit(page: Page, dashboard: Dashboard, folder: Path) -> str:
    """Send a folder for its text; returns the job's id."""
    choose(page, dashboard, folder)
    expect(page.get_by_text("The file is damaged and cannot be opened")).to_have_count(1)
    job = send(page, "Annotate 2 pictures and 15 pages")
    # Everything ends in the middle of a file, and goes on where it was.
    some = page.get_by_text(re.compile(r"and [1-9]\d* of 15 pages done"))
    expect(some).to_be_visible(timeout=2 * BATCH_MS)
    page.goto("about:blank")  # which does not ask for what is away
    dashboard.kill_engine()
    dashboard.kill()
    dashboard.start()
    page.goto(f"{dashboard.url}/operations?job={job}")
    expect(page.get_by_text(DONE)).to_be_visible(timeout=2 * BATCH_MS)
    expect(page.get_by_text("2 pictures and 15 pages fine")).to_be_visible()
    expect(page.get_by_text("17 units sent.")).to_be_visible()  # each page once
    return job


def submit_range(page: Page, dashboard: Dashboard, folder: Path) -> str:
    """Send two pages of each file, which were answered before; returns the job's id."""
    choose(page, dashboard, folder)
    pages = page.locator(".st-key-page_range input")
    pages.fill("2-x")
    pages.press("Enter")
    expect(page.get_by_text("is no page and no range of pages")).to_be_visible()
    pages.fill("2, -1")
    pages.press("Enter")
    expect(page.get_by_text("0 of 6 are sent.")).to_be_visible(timeout=60_000)
    job = send(page, "Annotate 2 pictures and 4 pages")
    panel = page.locator(f".st-key-job_{job}")
    expect(panel.get_by_text(DONE)).to_be_visible(timeout=BATCH_MS)
    return job


def download(page: Page, place: str, path: Path) -> str:
    """Have a file made and save it; returns the name that the browser is given."""
    page.locator(f".st-key-make_text_{place} button").click()
    link = page.locator(f".st-key-text_link_{place} a")
    expect(link).to_be_visible(timeout=120_000)
    with page.expect_download() as begun:
        link.click()
    begun.value.save_as(path)
    return begun.value.suggested_filename


def test_a_folder_of_files_becomes_searchable_pdfs(
    dashboard: Dashboard, page: Page, folder: Path, tmp_path: Path, shots: Path
) -> None:
    page.set_default_timeout(120_000)
    job = submit(page, dashboard, folder)
    page.goto(f"{dashboard.url}/explore?job={job}&tab=Documents")
    text = page.locator(".st-key-document_text")
    expect(text).to_contain_text("Sheet one", timeout=120_000)  # the first file by name
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**docpage=2*")
    expect(text).to_contain_text("Sheet two", timeout=120_000)
    settle(page)
    page.screenshot(path=shots / "documents.png")

    choice = page.get_by_role("combobox", name="Document")
    choice.fill("scan")
    choice.press("Enter")
    expect(text).to_contain_text("Chapter one", timeout=120_000)
    page.locator(".st-key-document_download button").click()
    assert download(page, "document", tmp_path / "scan.pdf") == "scan.pdf"
    page.keyboard.press("Escape")

    page.locator(".st-key-documents_download button").click()
    assert download(page, "zip", tmp_path / "text.zip").endswith("-text.zip")
    with zipfile.ZipFile(tmp_path / "text.zip") as archive:
        names = set(archive.namelist())
        assert {"scan.pdf", "fax.tif.pdf", "letter.png.pdf", "scan.pdf.txt"} <= names
        assert "sea.jpg: no text was found in it" in archive.read("left-out.txt").decode()
        assert archive.read("scan.pdf") == (tmp_path / "scan.pdf").read_bytes()
        check_searchable(page, archive.read("fax.tif.pdf"), "Sheet", 3, tmp_path)
    check_searchable(page, (tmp_path / "scan.pdf").read_bytes(), "Chapter", 12, tmp_path)

    job = submit_range(page, dashboard, folder)
    page.goto(f"{dashboard.url}/explore?job={job}&tab=Documents")
    expect(text).to_contain_text("Sheet two", timeout=120_000)
    choice.fill("scan")
    choice.press("Enter")
    expect(text).to_contain_text("Chapter two", timeout=120_000)
    page.get_by_role("button", name=re.compile("Next")).click()
    page.wait_for_url("**docpage=12*")  # the original's number
    expect(text).to_contain_text("Chapter twelve", timeout=120_000)
    settle(page)
    page.screenshot(path=shots / "documents-range.png")


def check_searchable(page: Page, pdf: bytes, word: str, pages: int, tmp_path: Path) -> None:
    """Each page's own words are found by PDFium, by pdf.js, and by pdftotext where it is."""
    expected = [f"{word} {number}" for number in NUMBERS[:pages]]
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == pages
    for number, words in enumerate(expected):
        assert document[number].get_textpage().search(words).get_next() is not None, words
    said = texts_of(page, pdf)
    assert [words in text for words, text in zip(expected, said, strict=True)] == [True] * pages
    if shutil.which("pdftotext"):
        path = tmp_path / "searched.pdf"
        path.write_bytes(pdf)
        command = ["pdftotext", str(path), "-"]
        text = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode()
        assert [words in part for words, part in zip(expected, text.split("\f"), strict=False)] == (
            [True] * pages
        )
