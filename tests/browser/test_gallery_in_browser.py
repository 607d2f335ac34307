"""The gallery in Chromium: lazy, by keyboard, flagged pictures veiled, boxes, and the way back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.kit.browser import Dashboard, chromium, settle
from tests.kit.filled_bucket import PREFIX, fill, storage
from tests.kit.gallery import START_MS, open_gallery

pytestmark = pytest.mark.browser
COUNT = 400


@pytest.fixture(scope="module")
def url(dashboard: Dashboard, tmp_path_factory: pytest.TempPathFactory) -> str:
    with chromium() as page:
        page.goto(dashboard.url)
        expect(page.get_by_role("heading", name="Submit a batch")).to_be_visible(timeout=START_MS)
    fill(storage(dashboard), COUNT, tmp_path_factory.mktemp("shards"))
    return f"{dashboard.url}/explore?prefix={PREFIX}"


def test_only_what_is_near_is_fetched(url: str, page: Page, shots: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_gallery(page, url)
    expect(page.locator(".item svg path.line").first).to_be_attached()
    page.screenshot(path=shots / "gallery.png")
    assert sum("/cells/" in address for address in asked) <= 2
    assert page.locator(".item").count() < COUNT / 2
    veiled = page.locator(".item.veiled").first
    place = veiled.get_attribute("data-place")
    assert "veiled=1" in (veiled.locator("img").get_attribute("src") or "")
    veiled.get_by_role("button", name=re.compile("^Show")).click()
    shown = page.locator(f'.item[data-place="{place}"]')
    expect(shown).not_to_have_class(re.compile("veiled"))
    assert "veiled=1" not in (shown.locator("img").get_attribute("src") or "")


def test_keyboard_walks_to_the_end_and_opens_a_picture(url: str, page: Page) -> None:
    open_gallery(page, url)
    first = page.get_by_role("link", name="picture-000001.jpg", exact=True)
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("link", name="picture-000002.jpg", exact=True)).to_be_focused()
    page.keyboard.press("End")
    last = page.get_by_role("link", name=re.compile(f"picture-{COUNT:06}.jpg$"))
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport()
    assert page.locator(".item").count() < COUNT / 2  # what is far was emptied
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/picture?*picture-{COUNT:06}.jpg*")
    expect(page.get_by_text(f"{COUNT} of {COUNT}", exact=True)).to_be_visible()
    page.get_by_role("link", name="All pictures").click()
    expect(last).to_be_focused(timeout=60_000)  # back where one was


@pytest.mark.parametrize(("scheme", "width"), [("light", 1360), ("dark", 390)])
def test_links_lead_to_sections(url: str, scheme: str, width: int, shots: Path) -> None:
    with chromium(scheme=scheme, width=width) as page:
        page.goto(url)
        page.locator(".gallery").wait_for(state="attached", timeout=60_000)
        settle(page)
        page.screenshot(path=shots / f"sections-{scheme}.png")
        links = page.get_by_text("On this page:").get_by_role("link")
        assert links.count() >= 5
        for name in links.all_inner_texts():
            page.get_by_text("On this page:").get_by_role("link", name=name, exact=True).focus()
            page.keyboard.press("Enter")
            section = page.get_by_role("heading", name=re.compile(name, re.IGNORECASE)).last
            expect(section).to_be_in_viewport()
        page.go_back()  # to the section before; the page itself stays
        expect(page.get_by_role("heading", name="Near-duplicates")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") == width
