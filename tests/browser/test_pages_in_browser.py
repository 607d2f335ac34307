"""Pages of a PDF file in Chromium: in the gallery, and large with their words marked."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.kit.pictures.documents import locked_pdf
from tests.kit.pictures.written_file import (
    Pixels,
    check_overlay,
    file_shard,
    word_boxes,
    written_pdf,
)
from tests.kit.results.filled_bucket import storage
from tests.kit.web.browser import Dashboard, chromium, settle
from tests.kit.web.gallery import START_MS, open_gallery

pytestmark = pytest.mark.browser
FOLDER = "gs://contact-sheet/pages/"
FILE, LOCKED = f"{FOLDER}written.pdf", f"{FOLDER}locked.pdf"
PAGES = 30
PDF = written_pdf(PAGES)


@pytest.fixture(scope="module")
def prefix(dashboard: Dashboard) -> str:
    """Results of a file of pages and of one that is locked."""
    with chromium() as page:
        page.goto(dashboard.url)
        expect(page.get_by_role("heading", name="Submit a batch")).to_be_visible(timeout=START_MS)
    buckets = storage(dashboard)
    buckets.make_bucket("contact-sheet")
    buckets.write(FILE, PDF)
    buckets.write(LOCKED, locked_pdf("secret"))
    for name, uri, pages in (("a", FILE, range(1, PAGES + 1)), ("b", LOCKED, [1])):
        shard = file_shard(uri, PDF, pages)
        address = f"{FOLDER}results/{name}/output-1-to-{len(pages)}.json"
        buckets.write(address, shard, "application/json")
    return f"{FOLDER}results/"


def large(page: Page) -> Pixels:
    """The pixels of the picture page's picture."""
    picture = page.get_by_role("img", name=re.compile("written.pdf, page"))
    expect(picture).to_be_visible(timeout=60_000)
    settle(page)
    address = picture.evaluate("image => image.src")
    return np.asarray(Image.open(io.BytesIO(page.request.get(address).body())).convert("RGB"))


def test_pages_are_in_the_gallery_and_lead_to_the_large_view(
    dashboard: Dashboard, prefix: str, page: Page, shots: Path
) -> None:
    open_gallery(page, f"{dashboard.url}/explore?prefix={prefix}")
    second = page.get_by_role("link", name="written.pdf, page 2", exact=True)
    item = page.locator(".item", has=second)
    expect(item).to_have_class(re.compile("loaded"))
    expect(item.locator("svg path.line.word")).to_be_attached()
    page.screenshot(path=shots / "pages-gallery.png")
    page.keyboard.press("End")
    locked = page.locator(".item", has=page.get_by_role("link", name=re.compile("locked.pdf")))
    locked.scroll_into_view_if_needed()
    expect(locked.locator(".fault")).to_have_text("The file is locked by a password")
    second.scroll_into_view_if_needed()
    second.click()
    page.get_by_role("dialog").get_by_role("link", name="Own page").click()
    page.wait_for_url("**/picture?*page=2*")
    assert max(large(page).shape) == 1_600
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/picture?*page=3*")


def test_words_are_marked_where_they_stand(
    dashboard: Dashboard, prefix: str, page: Page, shots: Path
) -> None:
    address = f"{dashboard.url}/picture?prefix={prefix}&picture={FILE}&page=2"
    page.goto(address)
    expect(page.get_by_role("heading", name=re.compile(r", page 2$"))).to_be_visible()
    marked = large(page)
    page.screenshot(path=shots / "pages-large.png", full_page=True)
    page.goto(f"{address}&hide=word")
    check_overlay(large(page), marked, [box for _, box in word_boxes(PDF, 2)])


def test_a_page_that_is_not_there_says_so(dashboard: Dashboard, prefix: str, page: Page) -> None:
    page.goto(f"{dashboard.url}/picture?prefix={prefix}&picture={LOCKED}&page=1")
    expect(page.get_by_text("The file is locked by a password")).to_be_visible(timeout=60_000)
