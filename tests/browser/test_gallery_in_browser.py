"""The gallery in Chromium: lazy, by keyboard, flagged pictures veiled, boxes, and the way back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.kit.results.filled_bucket import PREFIX, fill, storage
from tests.kit.web.browser import Dashboard, chromium, settle, shown_count
from tests.kit.web.gallery import START_MS, open_gallery

pytestmark = pytest.mark.browser
COUNT = 400
DECIDED = 200
FLAGGED = "adult:UNLIKELY,racy:UNLIKELY"  # a threshold that flags so many
MARKS = ("keep", "flag", "reject")  # by the keys 1 to 3
# Name of a bar, and of each cell that is drawn whether its picture has it and whether it is lit.
NAME = "e => JSON.parse(e.dataset.value)"
LIT = """(all, name) => all.map(e =>
  [e.cell.labels.some(([label]) => label === name), e.classList.contains('lit')])"""
# Whether there are cells below the visible part, and whether one of them has a thumbnail.
BELOW = """() => {
  const roots = [document, ...[...document.querySelectorAll('*')].map(e => e.shadowRoot)];
  const all = roots.filter(Boolean).flatMap(root => [...root.querySelectorAll('.sheet .item')]);
  const below = all.filter(item => item.getBoundingClientRect().top
    > item.closest('.scroller').getBoundingClientRect().bottom + 1);
  return [below.length > 0, below.some(item => item.querySelector('img').getAttribute('src'))];
}"""


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
    assert sum("/cells/" in address for address in asked) <= 3
    assert page.locator(".item").count() < COUNT / 2
    # Until the pointer or the focus comes to the sheet only what is visible has a thumbnail.
    assert page.evaluate(BELOW) == [True, False]
    page.locator(".sheet .toolbar").hover()
    page.wait_for_function(f"() => ({BELOW})()[1]")
    veiled = page.locator(".item.veiled").first
    place = veiled.get_attribute("data-place")
    expect(veiled.locator("img")).to_have_attribute("src", re.compile("veiled=1"))
    veiled.hover()
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
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/large/" in one.url else None)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"{COUNT} of {COUNT}", exact=True)).to_be_visible()
    large = dialog.locator("img.large")
    expect(large).to_have_js_property("complete", True)
    # The sheet asked for it before the dialog was there, by the same address.
    assert asked and set(asked) == {large.evaluate("e => e.src")}
    page.keyboard.press("Escape")
    expect(last).to_be_focused()  # back where one was


def test_the_focus_stays_where_keys_go_on(url: str, page: Page) -> None:
    open_gallery(page, url)
    page.locator('.item[data-place="1"] a').focus()
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    expect(page.locator('.item[data-place="1"] a')).to_be_focused()
    every = page.locator(".sheet").get_by_role("button", name=f"Pick all {COUNT}")
    every.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".sheet .marking .count")).to_have_text(f"{COUNT} picked")
    expect(every).to_be_focused()
    switch = page.get_by_role("switch", name="Mark")
    switch.focus()
    page.keyboard.press("Space")
    expect(every).to_be_hidden()
    expect(switch).to_be_focused()

    page.locator('.item[data-place="1"] a').focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    keep, note = (
        dialog.get_by_role("button", name="Keep"),
        dialog.get_by_role("button", name="Note"),
    )
    keep.focus()
    page.keyboard.press("Enter")
    expect(keep).to_have_attribute("aria-pressed", "true")
    expect(keep).to_be_focused()
    page.keyboard.press("n")
    page.keyboard.type("Too dark")
    page.keyboard.press("Enter")
    expect(dialog.locator(".said")).to_have_text("Too dark")
    expect(note).to_be_focused()
    page.keyboard.press("n")
    page.keyboard.press("Escape")  # leaves the note alone
    expect(note).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("img.large")).to_have_attribute("alt", "picture-000003.jpg")
    page.keyboard.press("u")  # of the picture before, which is said
    expect(dialog.get_by_role("status")).to_have_text("Undone on picture 2")
    back = dialog.get_by_role("button", name="Previous")
    for place in (2, 1):
        back.focus()
        page.keyboard.press("Enter")
        expect(dialog.get_by_text(f"{place} of {COUNT}", exact=True)).to_be_visible()
    expect(back).to_be_disabled()  # and the focus is nowhere
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator('.item[data-place="0"] a')).to_be_focused()


@pytest.mark.parametrize("tab", ["Documents", "SQL&sql=SELECT+picture+FROM+pictures+LIMIT+3"])
def test_pictures_without_a_sheet_are_marked_when_they_are_large(
    url: str, page: Page, tab: str
) -> None:
    page.goto(f"{url}&tab={tab}")
    if tab == "Documents":
        page.get_by_role("button", name="Open large").click(timeout=START_MS)
    else:
        expect(page.get_by_text("3 rows")).to_be_visible(timeout=START_MS)
        table = page.locator(".st-key-pane_sql").get_by_test_id("stDataFrame")
        table.click(position={"x": 14, "y": 50})  # the box before the first row
    dialog = page.get_by_role("dialog")
    flag = dialog.get_by_role("button", name="Flag")
    expect(flag).to_be_visible(timeout=START_MS)
    page.keyboard.press("2")
    expect(flag).to_have_attribute("aria-pressed", "true")
    expect(dialog.get_by_role("status")).to_be_empty()


def test_a_bar_that_is_pointed_at_lights_its_pictures(url: str, page: Page, shots: Path) -> None:
    """From what the sheet holds: the pointer asks for nothing. The keyboard does the same."""
    sent: list[object] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))  # noqa: PLW0108

    page.on("websocket", watch)
    page.set_viewport_size({"width": 1440, "height": 900})
    open_gallery(page, url)
    settle(page)
    expect(page.locator(".sheet .skeleton")).to_have_count(0, timeout=START_MS)
    chart = page.locator("[class*='st-key-chart_specific']")
    bar = chart.locator(".mark").nth(3)
    name, box = bar.evaluate(NAME), bar.bounding_box()
    assert box
    sent.clear()
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    lighting = page.locator(".sheet.lighting")
    expect(lighting).to_be_attached(timeout=START_MS)
    lit = page.locator(".item").evaluate_all(LIT, name)
    assert all(has == is_lit for has, is_lit in lit)
    assert 0 < sum(is_lit for _, is_lit in lit) < len(lit)
    page.screenshot(path=shots / "lit.png")
    page.mouse.move(5, 5)
    expect(lighting).to_have_count(0, timeout=START_MS)
    chart.locator(".mark[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    expect(lighting).to_be_attached(timeout=START_MS)
    assert not sent


def test_sizes_sorts_and_headings(url: str, page: Page, shots: Path) -> None:
    open_gallery(page, url)
    sheet = page.locator(".sheet")

    def columns() -> int:
        tops = page.locator(".item").evaluate_all(
            "all => all.slice(0, 12).map(one => one.getBoundingClientRect().top)"
        )
        return int(tops.count(tops[0]))

    page.set_viewport_size({"width": 1440, "height": 900})
    page.wait_for_timeout(500)
    counts = {}
    for name in ("Small", "Large", "Medium"):
        sheet.get_by_role("button", name=f"{name} pictures").click()
        page.locator(".item").first.wait_for()
        counts[name] = columns()
    assert counts == {"Small": 8, "Medium": 6, "Large": 4}

    sheet.get_by_label("Group").select_option("label")
    page.wait_for_url("**&group=label*")
    first = sheet.locator(".fold").first
    expect(first).to_be_visible()
    settle(page)
    sheet.locator(".scroller").evaluate("e => e.scrollTo(0, 700)")
    page.wait_for_timeout(500)
    box, scroller = first.bounding_box(), sheet.locator(".scroller").bounding_box()
    stuck = sheet.locator(".fold").evaluate_all(
        "all => all.filter(one => Math.abs(one.getBoundingClientRect().top "
        "- one.closest('.scroller').getBoundingClientRect().top) < 12).length"
    )
    assert box and scroller and stuck == 1  # the heading of what is in sight stays
    page.screenshot(path=shots / "grouped.png")
    sheet.get_by_label("Sort").select_option("score")
    page.wait_for_url("**&sort=score*")
    settle(page)
    scores = [
        float(text) for text in sheet.locator(".body").first.locator(".score").all_inner_texts()
    ]
    assert len(scores) > 1 and scores == sorted(scores, reverse=True)
    page.reload()
    expect(sheet.get_by_label("Sort")).to_have_value("score", timeout=60_000)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1024), ("dark", 390)])
def test_every_tab_fits_its_window(url: str, scheme: str, width: int, shots: Path) -> None:
    with chromium(scheme=scheme, width=width) as page:
        page.goto(url)
        page.locator(".gallery").wait_for(state="attached", timeout=60_000)
        settle(page)
        names = page.get_by_role("tab").all_inner_texts()
        assert len(names) >= 7
        for name in names:
            page.get_by_role("tab", name=name, exact=True).click()
            expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute(
                "aria-selected", "true"
            )
            settle(page)
            page.wait_for_timeout(500)
            stem = name.lower().replace(" ", "-")
            page.screenshot(path=shots / f"tab-{stem}-{scheme}-{width}.png")
            assert page.evaluate("document.documentElement.scrollWidth") == width, name
            if width > 640:
                main = page.get_by_test_id("stMain").element_handle()
                # Waited for: something may still be drawn.
                page.wait_for_function("e => e.scrollHeight <= e.clientHeight", arg=main)


def test_two_hundred_flagged_pictures_are_decided_by_keyboard(
    url: str, dashboard: Dashboard, shots: Path
) -> None:
    """After another threshold was tried: a key and an arrow each; kill -9 loses none."""
    flagged = f"{url}&safe={FLAGGED}&policy={FLAGGED}"
    with chromium() as page:
        open_gallery(page, flagged)
        assert shown_count(page) >= DECIDED
        expect(page.locator(".item").first).to_have_class(re.compile("veiled"))
        page.locator('.item[data-place="0"] a').focus()
        for place in range(DECIDED):
            page.keyboard.press("123"[place % 3])
            if place < DECIDED - 1:
                page.keyboard.press("ArrowRight")
                expect(page.locator(f'.item[data-place="{place + 1}"] a')).to_be_focused()
        last = page.locator(f'.item[data-place="{DECIDED - 1}"]')
        expect(last).to_have_attribute("data-mark", MARKS[(DECIDED - 1) % 3], timeout=60_000)
        page.screenshot(path=shots / "decided.png")
    dashboard.kill()
    dashboard.start()
    with chromium() as page:
        for number, mark in enumerate(MARKS):
            page.goto(f"{flagged}&mark={mark}")
            expected = len(range(number, DECIDED, 3))
            count = page.locator(".st-key-header_count")
            expect(count).to_contain_text(re.compile(rf"^{expected} of "), timeout=START_MS)
