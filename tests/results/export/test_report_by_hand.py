"""The HTML report on paper, as a browser prints it that nobody told to print backgrounds."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pypdfium2  # type: ignore[import-untyped]  # ships no types
import pytest
from PIL import Image

from core.results.export.report.document import ReportOptions
from core.results.export.report.html import build_report
from core.results.export.report.pdf import find_browser, page_image
from core.results.query.filters import Filters
from core.results.query.selection import Selection
from core.results.query.store import Store
from core.results.theme import LOOKS
from tests.kit.results.reports import PRIVATE_METHOD, picture, silent
from tests.kit.web.browser import chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not find_browser(), reason="there is no Chromium to print with"),
]


def test_bars_are_printed_and_what_was_chosen_is_said(store: Store, tmp_path: Path) -> None:
    options = ReportOptions("today", title="Spring catalogue", pictures=200)
    report = tmp_path / "report.html"
    chosen = Selection(store, Filters())
    report.write_bytes(build_report(chosen, PRIVATE_METHOD, picture, options, silent))
    with chromium() as page:
        page.goto(report.as_uri())
        page.wait_for_selector("html[data-drawn]")
        everything = page.pdf(format="A4")
        bar = page.locator("[data-chart=labels] .row").first
        bar.click()
        label, count = (bar.locator(f".{part}").inner_text() for part in ("name", "count"))
        narrowed = page.pdf(format="A4")
    assert _share_of(LOOKS["light"].accent, everything) > 0.01
    assert "of 200 pictures are printed" in _text(everything)
    assert f"{label} ✕" in _text(narrowed) and f"{count} pictures" in _text(narrowed)


def _share_of(color: str, pdf: bytes) -> float:
    """How much of the page with most of it is of a colour."""
    wanted = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    shares = []
    for number in range(1, page_image(pdf, 1, 600)[1] + 1):
        png = io.BytesIO(page_image(pdf, number, 600)[0])
        pixels = np.asarray(Image.open(png).convert("RGB"), int)
        shares.append(float((np.abs(pixels - wanted).max(axis=2) < 12).mean()))
    return max(shares)


def _text(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
