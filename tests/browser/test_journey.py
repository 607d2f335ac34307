"""The whole journey of a newcomer: submit, watch, explore, click through, share."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.kit.web.browser import (
    Dashboard,
    chromium,
    clear_button,
    open_filters,
    settle,
    shown_count,
)
from tests.kit.web.journey import BATCH_MS, DONE, SUBMIT, count_of, open_submit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def job_url(dashboard: Dashboard) -> str:
    """Explore's address of the sample batch, submitted by a double click in a browser."""
    with chromium() as page:
        open_submit(page, dashboard)
        button = page.get_by_role("button", name=SUBMIT)
        expect(button).to_be_enabled(timeout=60_000)
        button.dblclick()
        page.wait_for_url("**/operations?job=*")
        expect(page.get_by_text(DONE)).to_be_visible(timeout=BATCH_MS)
        assert page.get_by_text("Sample batch", exact=True).count() == 1  # sent once
        job = parse_qs(urlsplit(page.url).query)["job"][0]
    return f"{dashboard.url}/explore?job={job}"


def test_submit_page_says_what_it_costs(dashboard: Dashboard, page: Page, shots: Path) -> None:
    open_submit(page, dashboard)
    expect(page.get_by_role("button", name=SUBMIT)).to_be_enabled(timeout=60_000)
    page.locator(".st-key-submit_cost").get_by_text("Details").click()
    expect(page.get_by_text("On Google Cloud").first).to_be_visible()
    assert int(count_of(page, "Pictures")) >= 24
    page.screenshot(path=shots / "submit.png")


def test_operations_page_tells_of_the_finished_job(
    job_url: str, dashboard: Dashboard, page: Page, shots: Path
) -> None:
    page.goto(job_url.replace("/explore", "/operations"))
    settle(page)
    card = page.locator(".card").first
    expect(card.locator(".line")).to_have_text(re.compile(r"^\d+ pictures( and \d+ pages)? fine"))
    expect(card.locator(".line")).not_to_contain_text("failed")
    expect(card.get_by_text(re.compile(r"\d+ pictures and \d+ pages")).first).to_be_visible()
    expect(card.locator(".cell.done img").first).to_be_visible()
    expect(card.locator(".cell.waiting")).to_have_count(0)
    page.screenshot(path=shots / "operations.png")


def test_clicks_narrow_every_chart_and_live_in_the_url(
    job_url: str, page: Page, shots: Path
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(job_url)
    labels, colours = (
        page.locator(f"[class*=st-key-chart_{name}] .mark") for name in ("specific", "palette")
    )
    expect(labels.first).to_be_visible(timeout=60_000)
    expect(page.locator(".sheet .item.loaded").first).to_be_visible()
    settle(page)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollHeight <= e.clientHeight")  # all of it is in sight
    everything = page.locator(".st-key-header_count").inner_text()
    page.screenshot(path=shots / "explore.png")

    labels.nth(1).click()
    page.wait_for_url("**&label=*")
    settle(page)
    labelled = shown_count(page)
    assert labelled > 0 and " of " in page.locator(".st-key-header_count").inner_text()

    colours.first.click()
    page.wait_for_url("**&color=*")
    settle(page)
    narrowed = shown_count(page)
    assert 0 < narrowed <= labelled
    page.screenshot(path=shots / "narrowed.png")

    browser = page.context.browser
    assert browser is not None
    colleague = browser.new_page()  # who got the link
    colleague.goto(page.url)
    expect(colleague.locator(".st-key-chips")).to_be_visible(timeout=60_000)
    settle(colleague)
    assert shown_count(colleague) == narrowed

    page.locator(".st-key-chips").get_by_role("button").last.click()  # a chip takes itself away
    page.wait_for_function("!location.search.includes('color=')")
    settle(page)
    assert shown_count(page) == labelled
    open_filters(page)
    clear_button(page).click()
    expect(page.locator(".st-key-header_count p")).to_have_text(everything)
    assert "label=" not in page.url


def test_the_batch_stays_chosen_from_page_to_page(job_url: str, page: Page) -> None:
    job = parse_qs(urlsplit(job_url).query)["job"][0]
    page.goto(f"{job_url}&label=Animal")
    expect(page.locator(".sheet .item").first).to_be_visible(timeout=60_000)
    expect(page).to_have_title("Sample batch - Explore")
    for name, expected in (
        ("Report", {"job": [job], "label": ["Animal"]}),
        ("Compare", {"left": [job]}),
        ("Explore", {"job": [job], "label": ["Animal"]}),
    ):
        page.get_by_test_id("stTopNav").get_by_role("link", name=name).click()
        page.wait_for_url(f"**/{name.lower()}?*")
        settle(page)
        params = parse_qs(urlsplit(page.url).query)
        assert {key: params[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("anchor", "tab"),
    [("duplicates", "Quality"), ("relations", "Labels"), ("what_if", "Safe search")],
)
def test_links_to_sections_of_the_long_page_lead_to_tabs(
    job_url: str, page: Page, anchor: str, tab: str
) -> None:
    page.goto(f"{job_url}#{anchor}")
    chosen = page.get_by_role("tab", name=tab)
    expect(chosen).to_have_attribute("aria-selected", "true", timeout=60_000)
    assert parse_qs(urlsplit(page.url).query)["tab"] == [tab]
    page.reload()
    chosen = page.get_by_role("tab", name=tab)
    expect(chosen).to_have_attribute("aria-selected", "true", timeout=60_000)


def test_picture_opens_large_and_turns_by_keyboard(job_url: str, page: Page, shots: Path) -> None:
    page.goto(f"{job_url}&label=Animal")
    first = page.locator(".sheet .item a.cell").first
    expect(first).to_be_visible(timeout=60_000)
    settle(page)
    count, shown = shown_count(page), str(first.get_attribute("aria-label"))
    assert count > 1
    first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"1 of {count}", exact=True)).to_be_visible()
    expect(dialog.get_by_role("img", name=shown)).to_be_visible()
    settle(page)
    page.screenshot(path=shots / "picture-dialog.png")
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_text(f"2 of {count}", exact=True)).to_be_visible()
    settle(page)
    name = dialog.get_by_role("heading", level=3).inner_text()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    last = page.get_by_role("link", name=name, exact=True)
    expect(last).to_be_focused()  # the sheet goes on where the dialog was left
    last.click()
    dialog.get_by_role("link", name="Own page").click()
    page.wait_for_url("**/picture?*picture=gs*")
    counter = page.get_by_text(re.compile(rf"^\d+ of {count}$"))  # in the request's order
    expect(counter).to_be_visible(timeout=60_000)
    settle(page)
    page.screenshot(path=shots / "picture.png")
    at = int(counter.inner_text().split()[0])
    page.keyboard.press("ArrowLeft" if at > 1 else "ArrowRight")
    neighbour = f"{at - 1 if at > 1 else at + 1} of {count}"
    expect(page.get_by_text(neighbour, exact=True)).to_be_visible()
    shared = page.url
    page.goto(shared)
    expect(page.get_by_text(neighbour, exact=True)).to_be_visible(timeout=60_000)
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


def test_a_box_on_a_picture_becomes_a_logo(job_url: str, page: Page, shots: Path) -> None:
    page.goto(f"{job_url}&label=Animal")
    page.locator(".sheet .item a.cell").first.click(timeout=60_000)
    page.get_by_role("dialog").get_by_role("link", name="Add to the gallery").click()
    page.wait_for_url("**/gallery?*picture=gs*")
    stage = page.locator(".stage")
    expect(stage.locator("img")).to_be_visible(timeout=60_000)
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some((host) => "
        "(host.shadowRoot ?? host).querySelector('.stage img')?.naturalWidth > 0)"
    )
    settle(page)
    area = stage.bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + area["width"] * 0.2, area["y"] + area["height"] * 0.1)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.5, area["y"] + area["height"] * 0.5, steps=4)
    page.mouse.move(area["x"] + area["width"] * 0.9, area["y"] + area["height"] * 0.9, steps=4)
    page.mouse.up()
    left, width = (page.get_by_role("spinbutton", name=n) for n in ("Left", "Width"))
    expect(left).to_have_value(re.compile(r"^(19|20)"))
    expect(width).to_have_value(re.compile(r"^(69|70|71)"))
    settle(page)
    left.fill("10")
    left.press("Tab")
    settle(page)
    page.get_by_role("textbox", name="Name").fill("Our animal")
    page.screenshot(path=shots / "gallery-box.png")
    page.get_by_role("button", name="Add to the gallery").click()
    expect(page.get_by_text("The next batches look for it")).to_be_visible(timeout=60_000)
    settle(page)
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("No logos yet")).to_be_visible(timeout=60_000)
