"""Links that lead nowhere, and times, as Chromium shows them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.kit.web.browser import Dashboard, chromium
from tests.kit.web.gallery import START_MS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("place", ["no-such-page", "explore/more"])
def test_a_page_that_is_not_there_says_so_and_leads_on(dashboard: Dashboard, place: str) -> None:
    with chromium() as page:  # a console of its own: the browser reports the 404 there
        page.goto(f"{dashboard.url}/{place}")
        said = page.get_by_text("Page not found", exact=True).first
        expect(said).to_be_visible(timeout=START_MS)
        if "/" in place:
            page.get_by_role("link", name="To the first page").click()
        else:
            page.keyboard.press("Escape")
        expect(page.get_by_role("heading", name="Submit a batch")).to_be_visible(timeout=START_MS)


@pytest.mark.parametrize("place", ["operations", "explore", "report", "picture"])
def test_a_job_that_is_not_there_says_so(dashboard: Dashboard, page: Page, place: str) -> None:
    missing: list[str] = []
    page.on("response", lambda one: missing.append(one.url) if one.status == 404 else None)
    page.goto(f"{dashboard.url}/{place}?job=20200101-000000-abcdef")
    said = page.get_by_text("There is no job 20200101-000000-abcdef here")
    expect(said).to_be_visible(timeout=START_MS)
    assert not missing  # the front end knows where its server is
