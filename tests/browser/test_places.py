"""What comes later, or in a narrow window, has its place: nothing jumps or stands alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.kit.web.browser import Dashboard, chromium, settle
from tests.kit.web.journey import SUBMIT, annotate_sample, choose_source, open_submit

pytestmark = pytest.mark.browser
# Where things of the dialog stand in each frame from now on; "" while it is closed.
WATCH = """() => {
  window.places = [];
  const keys = ['about', 'stage', 'answer', 'ways'];
  const look = () => {
    const dialog = document.querySelector('[role="dialog"]');
    const top = (key) => dialog.querySelector(`.st-key-try_${key}`)?.getBoundingClientRect().top;
    const said = dialog ? keys.map(top).map(Math.round).join(' ') : '';
    if (window.places.at(-1) !== said) window.places.push(said);
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture(scope="module")
def job(dashboard: Dashboard) -> str:
    """The sample batch, annotated."""
    with chromium() as page:
        return annotate_sample(page, dashboard)


def line_of(thing: Locator) -> float:
    """The middle of something, from the top, in pixels."""
    box = thing.bounding_box()
    assert box is not None
    return box["y"] + box["height"] / 2


@pytest.mark.parametrize("width", [1440, 390])
def test_an_answer_that_comes_moves_nothing(dashboard: Dashboard, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_submit(page, dashboard)
    expect(page.get_by_role("button", name=SUBMIT)).to_be_enabled(timeout=60_000)
    page.get_by_role("button", name="Try on one picture").click()
    page.locator(".st-key-try_ways").wait_for()
    page.wait_for_timeout(300)  # the dialog has slid in
    page.evaluate(WATCH)
    answers = page.locator(".st-key-try_answers")
    for place in (1, 2):  # others, whose answers are awaited in the open dialog
        page.locator(".st-key-try_film .cell").nth(place).click()
        expect(page.locator(".st-key-try_about")).to_contain_text(
            re.compile("answer"), timeout=60_000
        )
        expect(answers.locator(".try-facts")).to_be_visible(timeout=60_000)
        settle(page)
    expect(page.locator(".st-key-try_film .cell.working")).to_have_count(1)
    places = page.evaluate("window.places")
    assert len(places) == 1 and "NaN" not in places[0], places


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1440, 900)])
def test_a_wall_screen_is_filled_and_not_scrolled(
    dashboard: Dashboard, job: str, page: Page, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{dashboard.url}/operations?job={job}&kiosk=1")
    cells = page.locator(".kiosk .cell")
    expect(cells.first).to_be_visible(timeout=60_000)
    settle(page)
    last = cells.last.bounding_box()
    assert last is not None and cells.count() > 30
    assert height - 64 - last["width"] < last["y"] + last["height"] < height - 56
    page.set_viewport_size({"width": width, "height": height + 400})
    page.wait_for_timeout(300)
    larger = cells.last.bounding_box()
    assert larger is not None and larger["width"] > last["width"] + 8


def test_on_a_phone_no_button_stands_alone_on_a_line(
    dashboard: Dashboard, job: str, page: Page
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{dashboard.url}/operations")
    expect(page.locator(".card").first).to_be_visible(timeout=60_000)
    settle(page)
    new, batches = page.get_by_role("link", name="New batch"), page.locator(".st-key-header_go")
    assert abs(line_of(new) - line_of(batches)) < 4
    month = page.locator(".st-key-month p").first
    assert abs(line_of(month) - line_of(page.locator(".st-key-month_budget"))) < 4
    page.goto(f"{dashboard.url}/explore?job={job}")
    page.locator(".sheet .item a.cell").first.click(timeout=60_000)
    dialog = page.get_by_role("dialog")
    download = dialog.get_by_role("button", name="Download")
    expect(download).to_be_visible()
    settle(page)
    assert abs(line_of(download) - line_of(dialog.get_by_role("link", name="Own page"))) < 4


def test_the_amber_links_can_be_read_under_the_mouse(dashboard: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard.url}/operations")
    new = page.get_by_role("link", name="New batch")
    expect(new).to_be_visible(timeout=60_000)
    settle(page)
    shade = "e => getComputedStyle(e).backgroundColor"
    before = new.evaluate(shade)
    new.hover()
    page.wait_for_timeout(300)
    under = new.evaluate(shade)
    assert before == "rgb(160, 74, 6)" != under  # it answers to the mouse, and stays dark
    red, green, blue = (
        float(number) * (255 if under.startswith("color(") else 1)
        for number in re.findall(r"[\d.]+", under)[:3]
    )
    assert red < 160 and green < 74 and blue < 74, under


def test_buttons_of_files_and_sources_stand_in_rows(
    dashboard: Dashboard, job: str, page: Page
) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(f"{dashboard.url}/report?job={job}")
    files = page.locator(".st-key-files button")
    expect(files).to_have_count(6, timeout=60_000)
    settle(page)
    lines = [round(line_of(one)) for one in files.all()]
    assert len(set(lines[:3])) == len(set(lines[3:])) == 1 and lines[3] > lines[0]
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(dashboard.url)
    kinds = page.locator(".st-key-source_kind")
    expect(kinds).to_be_visible(timeout=60_000)
    settle(page)
    choose_source(page, "Upload")
    again = page.get_by_role("button", name="Look again")
    expect(again).to_be_visible()
    settle(page)
    assert abs(line_of(again) - line_of(kinds)) < 6
