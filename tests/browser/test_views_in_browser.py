"""What can be taken along or come back to: a chart's numbers and picture, a saved view."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.buckets import open_buckets
from tests.kit.waiting import wait_until
from tests.kit.web.browser import Dashboard, chromium, settle

pytestmark = pytest.mark.browser
PREFIX = "gs://contact-sheet/views/"
CHART = "[class*=st-key-chart_specific] .mount"
FORMULA = '=HYPERLINK("http://evil")'
NAME = "<b>Cats</b> *and* =1+1"


@pytest.fixture(scope="module")
def address(dashboard: Dashboard) -> str:
    """The Explore page's address for two pictures with a hostile label, narrowed to cats."""
    wait_until(lambda: dashboard.engine_pid() > 0, "the engine starts", 240)
    engine = json.loads((dashboard.home / "engine" / "engine.json").read_text())
    buckets = open_buckets(engine["storage_address"])
    labels = [{"description": name, "score": 0.9} for name in (FORMULA, "Cat")]
    responses = [
        {"context": {"uri": f"{PREFIX}{n}.jpg"}, "labelAnnotations": labels} for n in range(2)
    ]
    shard = json.dumps({"responses": responses}).encode()
    buckets.write(f"{PREFIX}output-1-to-2.json", shard, "application/json")
    return f"{dashboard.url}/explore?prefix={quote(PREFIX, safe='')}&label=Cat"


def opened(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(CHART).first).to_be_visible(timeout=60_000)
    settle(page)


def menu(page: Page) -> Locator:
    page.get_by_test_id("stPopoverButton").filter(has_text="Share").click()
    return page.get_by_test_id("stPopoverBody")


def test_chart_is_taken_along_without_formulas_and_as_a_picture(
    address: str, page: Page, shots: Path
) -> None:
    opened(page, address)
    chart = page.locator(CHART).first
    chart.hover()
    with page.expect_download() as saved:
        chart.get_by_role("button", name="Download plot as a PNG").click()
    assert saved.value.suggested_filename == "contact-sheet-labels.png"
    with Image.open(saved.value.path()) as picture:
        assert picture.format == "PNG" and len(picture.convert("RGB").getcolors(1 << 16) or ()) > 20
        edge = picture.convert("RGB").crop((0, 0, picture.width, 20))
        assert len(edge.getcolors() or ()) == 1  # nothing stands at its edge

    page.get_by_role("button", name="Table").first.click()
    table = page.get_by_test_id("stPopoverBody")
    table.get_by_test_id("stDataFrame").hover()
    expect(table.get_by_role("button", name="Search")).to_be_visible()
    own = table.get_by_test_id("stElementToolbarButton").get_by_label("Download as CSV")
    expect(own).to_be_hidden()
    page.screenshot(path=shots / "chart-table.png")
    with page.expect_download() as saved:
        table.get_by_test_id("stDownloadButton").get_by_role("button").click()
    text = saved.value.path().read_text("utf-8-sig")
    assert "\"'=HYPERLINK(" in text and '"=' not in text


def test_camera_is_there_for_the_keyboard(address: str, page: Page) -> None:
    opened(page, address)
    camera = page.locator(f"{CHART} .camera").first
    assert camera.evaluate("e => getComputedStyle(e).opacity") == "0"
    camera.focus()
    expect(camera).to_have_css("opacity", "1")


def test_camera_is_there_for_fingers(address: str) -> None:
    with chromium(width=420, touch=True) as phone:
        opened(phone, address)
        chart = phone.locator(CHART).first
        camera = chart.get_by_role("button", name="Download plot as a PNG")
        expect(camera).to_have_css("opacity", "1")
        mark = chart.locator(".mark").first.bounding_box()
        box = camera.bounding_box()
        assert mark and box and box["y"] + box["height"] <= mark["y"]  # it hides no number
        table = phone.get_by_role("button", name="Table").first.bounding_box()
        assert table and box["x"] + box["width"] <= table["x"]  # nor the way to them
        with phone.expect_download() as saved:
            camera.tap()
        assert saved.value.suggested_filename == "contact-sheet-labels.png"


def test_view_is_saved_renamed_opened_deleted_and_undone(
    address: str, page: Page, dashboard: Dashboard, shots: Path
) -> None:
    opened(page, address)
    body = menu(page)
    expect(body.get_by_text("No saved views yet")).to_be_visible()
    for _ in range(2):  # a name is given once
        body.get_by_label("Save this view as").fill(NAME)
        body.get_by_role("button", name="Save this view").click()
        expect(body.get_by_label("Save this view as")).to_have_value("")  # or the next is lost
        settle(page)
    expect(body.get_by_text("There is a view of this name")).to_be_visible()
    expect(body.get_by_role("link", name=f"{NAME} · Explore")).to_have_count(1)
    page.screenshot(path=shots / "saved-views.png")
    body.get_by_role("button", name="Rename").click()
    body.get_by_label("New name").fill("Cats alone")
    body.get_by_label("New name").press("Enter")
    expect(body.get_by_role("link", name="Cats alone · Explore")).to_be_visible()
    body.get_by_role("button", name="Delete").click()
    expect(body.get_by_role("link", name="Cats alone · Explore")).to_have_count(0)
    body.get_by_role("button", name="Undo").click()
    expect(body.get_by_role("link", name="Cats alone · Explore")).to_be_visible()

    page.goto(f"{dashboard.url}/report")
    settle(page)
    menu(page).get_by_role("link", name="Cats alone · Explore").click()
    page.wait_for_url("**/explore?*")
    expect(page.locator(CHART).first).to_be_visible(timeout=60_000)
    params = parse_qs(urlsplit(page.url).query)
    assert (params["prefix"], params["label"]) == ([PREFIX], ["Cat"])


def test_the_way_back_leads_to_the_tab_before(address: str, page: Page) -> None:
    opened(page, address)
    for name in ("Labels", "Quality"):
        page.get_by_role("tab", name=name, exact=True).click()
        settle(page)
        assert parse_qs(urlsplit(page.url).query)["tab"] == [name]
    page.get_by_role("link", name="Report").first.click()
    expect(page.get_by_role("heading", name="Report", exact=True)).to_be_visible(timeout=60_000)
    settle(page)
    assert "tab=" not in page.url
    page.get_by_role("link", name="Explore").first.click()
    chosen = page.locator("[role=tab][aria-selected=true]")
    expect(chosen).to_have_text("Quality", timeout=60_000)  # where one was
    opened(page, address)
    page.get_by_role("tab", name="Labels", exact=True).click()
    settle(page)
    page.get_by_role("tab", name="Quality", exact=True).click()
    settle(page)
    for name in ("Labels", "Sheet"):
        page.go_back()
        expect(chosen).to_have_text(name, timeout=60_000)
        settle(page)
    query = parse_qs(urlsplit(page.url).query)
    assert query["label"] == ["Cat"] and "tab" not in query


def test_each_click_is_one_step_of_the_way_back(address: str, page: Page) -> None:
    opened(page, address.removesuffix("&label=Cat"))
    steps = [page.evaluate("history.length")]
    for _ in range(2):  # the second label changes two parameters: also that all are meant
        page.locator(f"{CHART} .mark[aria-pressed='false']").first.click()
        settle(page)
        steps.append(page.evaluate("history.length"))
    assert steps == [steps[0], steps[0] + 1, steps[0] + 2]
    assert parse_qs(urlsplit(page.url).query)["match"] == ["all"]
    page.go_back()
    settle(page)
    expect(page.locator(".st-key-header_chips button")).to_have_count(1)
    query = parse_qs(urlsplit(page.url).query)
    assert len(query["label"]) == 1 and "match" not in query


_PLACES = """names => names.map(name => {
  const box = document.querySelector(`.st-key-${name}`)?.getBoundingClientRect();
  return box && [box.left, box.top, box.width, box.height].map(Math.round);
})"""
_PARTS = ("header_batch", "header_count", "header_search", "share", "filters", "header_report")
_HIGH = "() => document.querySelector('.st-key-explore_tabs').getBoundingClientRect().top"


@pytest.mark.parametrize("width", [1440, 1280, 1024, 960, 390, 320])
def test_nothing_moves_when_a_filters_chip_comes(address: str, width: int) -> None:
    with chromium(width=width, touch=width < 500) as page:
        seen = []
        for url in (address.removesuffix("&label=Cat"), address, f"{address}&uri=0.jpg&score=0.5"):
            opened(page, url)
            assert page.locator(".st-key-header_search input").is_visible()
            seen.append((page.evaluate(_PLACES, _PARTS), page.evaluate(_HIGH)))
        assert seen[0] == seen[1] == seen[2]
        chips = page.locator(".st-key-header_chips button")
        expect(chips).to_have_count(3)
        chips.last.click()
        expect(chips).to_have_count(2)
        settle(page)
        assert (page.evaluate(_PLACES, _PARTS), page.evaluate(_HIGH)) == seen[0]


@pytest.mark.parametrize(
    ("width", "tab"), [(1440, "Labels"), (1024, "Labels"), (1024, "Sheet"), (920, "Labels")]
)
def test_the_toolbar_beside_charts_is_one_line(address: str, width: int, tab: str) -> None:
    with chromium(width=width) as page:
        page.goto(f"{address}&tab={tab}")
        toolbar = page.locator(".sheet .toolbar")
        expect(toolbar).to_be_visible(timeout=60_000)
        settle(page)
        assert toolbar.evaluate("e => e.offsetHeight") == 32
        blur = toolbar.get_by_role("switch", name="Blur flagged")
        assert blur.is_checked()
        toolbar.get_by_text("Blur").click()
        assert not blur.is_checked()


def test_on_telephones_nothing_lies_on_what_is_pressed(address: str) -> None:
    with chromium(width=320, height=844, touch=True) as page:
        opened(page, address)
        heading = page.locator(".st-key-heading_specific")
        assert heading.evaluate("e => e.offsetHeight") <= 40, "its parts stand in one line"
        note = heading.get_by_test_id("stCaptionContainer").bounding_box()
        camera = page.locator(f"{CHART} .camera").first.bounding_box()
        assert note and camera and note["x"] + note["width"] <= camera["x"]
        bar = [
            page.locator(f".st-key-{name}").bounding_box() for name in ("header_count", "to_charts")
        ]
        assert bar[0] and bar[1] and bar[0]["x"] + bar[0]["width"] <= bar[1]["x"]
        page.get_by_role("button", name="Table").first.tap()
        popover = page.get_by_test_id("stPopoverBody")
        tools = popover.get_by_test_id("stElementToolbar").bounding_box()
        table = popover.get_by_test_id("stDataFrame").bounding_box()
        assert tools and table and tools["y"] >= table["y"] + table["height"]
