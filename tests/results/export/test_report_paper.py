"""The PDF as a reader holds it: pages are numbered, nothing is cut in two, nothing private."""

from __future__ import annotations

import re
from typing import Any

import pypdfium2  # type: ignore[import-untyped]  # ships no types
import pytest

from core.results.export.report.document import ReportOptions
from core.results.export.report.html import build_paper
from core.results.export.report.pdf import find_browser, page_image, pdf_of
from core.results.query.filters import Filters
from core.results.query.safe_policy import USUAL
from core.results.query.selection import Selection
from core.results.query.store import Store
from tests.kit.results.reports import PRIVATE, PRIVATE_METHOD, picture, silent

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not find_browser(), reason="there is no Chromium to print with"),
]
TITLE = "Spring catalogue"


@pytest.fixture(scope="module")
def pdf(store: Store) -> bytes:
    """A report of 300 pictures, 48 of them shown."""
    options = ReportOptions(
        "28 November 2026", title=TITLE, author="Ada", audience="the board",
        note="A note.\n" * 3, policy=USUAL,
    )  # fmt: skip
    chosen = Selection(store, Filters())
    paper = build_paper(chosen, PRIVATE_METHOD, picture, options, silent)
    return pdf_of(paper, "Ada \u202eЛи\n(A)\\", "For the board")


@pytest.fixture(scope="module")
def document(pdf: bytes) -> Any:
    """The same, opened."""
    opened = pypdfium2.PdfDocument(pdf)
    yield opened
    opened.close()


def texts(document: Any) -> list[str]:
    return [page.get_textpage().get_text_range() for page in document]


def test_every_page_has_its_number_and_the_title(document: Any) -> None:
    pages = texts(document)
    assert len(pages) >= 5
    for number, text in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in text
        assert "28 NOVEMBER 2026" in text
        assert ("PICTURE REPORT" if number == 1 else TITLE.upper()) in text


def test_page_one_is_the_whole_story(document: Any) -> None:
    first = texts(document)[0]
    parts = [TITLE, "Ada · for the board", "A note.", "with text", "failed", "Twelve pictures"]
    for part in [*parts, "Labels, most specific", "Dominant colours", "Safe search"]:
        assert part in first, part
    assert len(_pictures(document[0])) == 12
    assert "By folder" in texts(document)[1]


def test_no_picture_and_no_chart_is_cut(document: Any) -> None:
    """All 48 pictures stand inside their pages, each whole; no chart goes on overleaf."""
    heights = []
    for number, page in enumerate(document, start=1):
        low, high = 22 / 25.4 * 72 - 2, page.get_height() - 23 / 25.4 * 72 + 2
        for _left, bottom, _right, top in _pictures(page):
            assert low <= bottom and top <= high, number
            heights.append(round(top - bottom))
    assert len(heights) == 48
    assert len(set(heights[12:])) == 1  # one that is cut would be lower than the others
    pages = texts(document)
    bars = [n for n, text in enumerate(pages) if "All labels" in text]
    assert len(bars) == 1
    names = re.findall(r"^(?:\S+ )?Web entities", "\n".join(pages), re.MULTILINE)
    assert len(names) == 1


def _pictures(page: Any) -> list[tuple[float, float, float, float]]:
    image = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
    return [one.get_bounds() for one in page.get_objects(filter=[image])]


def test_nothing_private_is_in_the_file(pdf: bytes, document: Any) -> None:
    whole = "\n".join(texts(document))
    assert not [text for text in PRIVATE if text in whole]
    facts = document.get_metadata_dict()
    assert facts["Title"] == TITLE
    assert not [text for text in (*PRIVATE, "/tmp", "file:") if text in str(facts)]
    assert b"file:///" not in pdf and b"http://" not in pdf.replace(b"http://www.w3.org", b"")


def test_readers_programs_name_author_and_subject(document: Any) -> None:
    facts = document.get_metadata_dict()
    assert (facts["Author"], facts["Subject"]) == ("Ada Ли (A)\\", "For the board")
    assert facts["Creator"] == "Contact Sheet"
    assert document.is_tagged()


def test_a_page_is_shown_as_a_picture(pdf: bytes, document: Any) -> None:
    image, count = page_image(pdf, 1, 300)
    assert image.startswith(b"\x89PNG") and count == len(document)
    assert page_image(pdf, 999, 300)[0] == page_image(pdf, count, 300)[0]
