"""The gallery opened in a browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.kit.web.browser import settle

START_MS = 300_000


def open_gallery(page: Page, url: str) -> None:
    page.goto(url)
    page.locator(".gallery").wait_for(state="attached", timeout=60_000)
    settle(page)
    expect(page.locator(".item.loaded").first).to_be_visible()
