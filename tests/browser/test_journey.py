"""The whole journey of a newcomer: submit, watch, explore, click through, share."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.kit.browser import Dashboard, chromium, settle
from tests.kit.journey import BATCH_MS, DONE, count_of, open_submit

pytestmark = pytest.mark.browser


def clear_button(page: Page) -> Locator:
    """The one of the sidebar; multiselects have buttons of that name too."""
    return page.get_by_test_id("stBaseButton-secondary").filter(has_text="Clear all")


@pytest.fixture(scope="module")
def job_url(dashboard: Dashboard) -> str:
    """Explore's address of the sample batch, submitted by a double click in a browser."""
    with chromium() as page:
        open_submit(page, dashboard)
        button = page.get_by_role("button", name=re.compile(r"Submit \d+ pictures"))
        expect(button).to_be_enabled(timeout=60_000)
        button.dblclick()
        page.wait_for_url("**/operations?job=*")
        expect(page.get_by_text(DONE)).to_be_visible(timeout=BATCH_MS)
        assert page.get_by_text("Sample batch", exact=True).count() == 1  # sent once
        job = parse_qs(urlsplit(page.url).query)["job"][0]
    return f"{dashboard.url}/explore?job={job}"


def test_submit_page_says_what_it_costs(dashboard: Dashboard, page: Page, shots: Path) -> None:
    open_submit(page, dashboard)
    expect(page.get_by_text("On Google Cloud").first).to_be_visible(timeout=60_000)
    assert int(count_of(page, "Pictures")) >= 24
    page.screenshot(path=shots / "submit.png")


def test_operations_page_tells_of_the_finished_job(
    job_url: str, dashboard: Dashboard, page: Page, shots: Path
) -> None:
    page.goto(job_url.replace("/explore", "/operations"))
    settle(page)
    expect(page.get_by_text(re.compile(r"^(\d+) of \1 pictures done"))).to_be_visible()
    assert count_of(page, "Errors so far") == "0"
    page.screenshot(path=shots / "operations.png")


def test_clicks_narrow_every_chart_and_live_in_the_url(
    job_url: str, page: Page, shots: Path
) -> None:
    page.goto(job_url)
    charts = page.locator(".js-plotly-plot")
    expect(charts.first.locator(".point path").first).to_be_visible(timeout=60_000)
    settle(page)
    everything = int(count_of(page, "Pictures"))
    page.screenshot(path=shots / "explore.png")

    charts.first.locator(".point path").nth(1).click(force=True)
    page.wait_for_url("**&label=*")
    settle(page)
    labelled = int(count_of(page, "Pictures"))
    assert 0 < labelled < everything

    charts.nth(1).locator(".point path").first.click(force=True)
    page.wait_for_url("**&color=*")
    settle(page)
    narrowed = int(count_of(page, "Pictures"))
    assert 0 < narrowed <= labelled
    page.screenshot(path=shots / "narrowed.png")

    browser = page.context.browser
    assert browser is not None
    colleague = browser.new_page()  # who got the link
    colleague.goto(page.url)
    expect(clear_button(colleague)).to_be_enabled(timeout=60_000)
    settle(colleague)
    assert int(count_of(colleague, "Pictures")) == narrowed

    clear_button(page).click()
    expect(page.get_by_text(f"{everything} pictures", exact=True)).to_be_visible()
    assert "label=" not in page.url


def test_picture_page_turns_by_keyboard(job_url: str, page: Page, shots: Path) -> None:
    page.goto(f"{job_url}&label=Animal")
    gallery = page.get_by_role("list", name="Pictures that pass the filters")
    gallery.wait_for(state="attached", timeout=60_000)
    settle(page)
    gallery.scroll_into_view_if_needed()  # it is filled when it comes near
    chelsea = page.get_by_role("link", name="000003-chelsea.png", exact=True)
    expect(chelsea).to_be_visible(timeout=60_000)
    settle(page)
    chelsea.click()
    page.wait_for_url("**/picture?*picture=gs*")
    expect(page.get_by_text("Dominant colours")).to_be_visible()
    expect(page.get_by_text("1 of 2", exact=True)).to_be_visible()
    settle(page)
    page.screenshot(path=shots / "picture.png")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 of 2", exact=True)).to_be_visible()
    settle(page)
    shared = page.url
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("1 of 2", exact=True)).to_be_visible()
    page.goto(shared)
    expect(page.get_by_text("2 of 2", exact=True)).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="All pictures").click()
    page.wait_for_url("**/explore?*label=Animal*")


@pytest.mark.parametrize("name", ["submit", "operations", "explore"])
def test_dark_pages_can_be_looked_at(
    job_url: str, dashboard: Dashboard, name: str, shots: Path
) -> None:
    path = "/" if name == "submit" else f"/{name}?{urlsplit(job_url).query}"
    with chromium(scheme="dark") as page:
        page.goto(dashboard.url + path)
        settle(page)
        page.wait_for_timeout(2_000)
        page.screenshot(path=shots / f"{name}-dark.png")
        background = page.locator(".stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    assert background == "rgb(21, 20, 18)"


def test_answers_forbid_other_hosts_and_frames(dashboard: Dashboard, page: Page) -> None:
    answer = page.request.get(dashboard.url)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
