"""axe-core on every page, in light and dark: no serious or critical fault of our own making."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.results.shards.shard_files import shards_beginning
from core.results.theme import LOOKS
from core.ui.server.missing_page import PAGES as PAGES_AT
from tests.kit.results.filled_bucket import PREFIX, fill, storage
from tests.kit.results.generated_shards import LABELS
from tests.kit.web.browser import (
    Dashboard,
    chromium,
    free_port,
    make_home,
    open_filters,
    settle,
    shown_count,
)
from tests.kit.web.journey import START_MS, SUBMIT, annotate_sample
from tests.kit.web.layout import WINDOWS, misfits, until_it_fits
from tests.kit.web.npm import fetched
from tests.kit.web.sign_in_provider import CLIENT, SECRET, SECRETS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
FOLDER = Path(__file__).parent
PICTURE = "gs://generated-pictures/album-1/picture-000001.jpg"
OTHER = "gs://contact-sheet/bench-other/"  # of the same pictures, with other answers
PAGES = {
    "submit": ("", "Submit a batch"),
    "operations": ("operations", "Operations"),
    "explore": (f"explore?prefix={PREFIX}", "Explore"),
    **{
        f"explore, {tab}": (f"explore?prefix={PREFIX}&tab={tab.replace(' ', '+')}", "Explore")
        for tab in (
            "Labels",
            "Colours",
            "Safe search",
            "Text",
            "Objects and faces",
            "Documents",
            "Quality",
            "SQL",
        )
    },
    "places": (f"explore?prefix={PREFIX}&tab=Places+and+web", "Explore"),
    "one large": (f"explore?prefix={PREFIX}", "Explore"),
    "nothing to explore": ("explore?prefix=gs://generated-pictures/none/", "Explore"),
    "picture": (f"picture?prefix={PREFIX}&picture={PICTURE}", "Picture"),
    "compare": (f"compare?left={PREFIX}&right={OTHER}", "Compare"),
    "compare, a pair": (f"compare?left={PREFIX}&right={OTHER}", "Compare"),
    "nothing to compare": ("compare", "Compare"),
    "marks": (f"explore?prefix={PREFIX}", "Explore"),
    "filters": (f"explore?prefix={PREFIX}&label={LABELS[0]}", "Explore"),
    "one picture tried": ("", "Submit a batch"),
    "report": (f"report?prefix={PREFIX}", "Report"),
    "gallery": ("gallery", "Gallery"),
    "landmarks": ("gallery?gallery=Landmarks", "Gallery"),
    "health": ("health", "Health"),
}
# What Streamlit's or plotly's own elements break, and nothing in our code can mend: rule and the
# elements inside which it is let pass. Everything else counts, wherever it is.
NOT_OURS: dict[str, tuple[str, str]] = {}


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's script, fetched once by npm as the lock file says."""
    return fetched(FOLDER, "axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def filled(dashboard: Dashboard, tmp_path_factory: pytest.TempPathFactory) -> Dashboard:
    """The dashboard, with a batch of generated pictures and results in its buckets."""
    with chromium() as page:
        page.goto(dashboard.url)
        expect(page.get_by_role("heading", name="Submit a batch")).to_be_visible(timeout=START_MS)
    buckets = storage(dashboard)
    fill(buckets, 70, tmp_path_factory.mktemp("shards"))
    for shard in shards_beginning(buckets, PREFIX):  # what the other side says differs
        content = json.loads(buckets.read(shard.uri))
        for answer in content["responses"][:20]:
            answer["labelAnnotations"] = [{"description": "Other", "score": 0.8}]
        name = shard.uri.rsplit("/", 1)[-1]
        buckets.write(OTHER + name, json.dumps(content).encode(), "application/json")
    return dashboard


def _open(page: Page, name: str) -> None:
    """What a page shows only when somebody asks for it."""
    if name == "one large":
        page.locator(".gallery .item.loaded a").first.click()
        expect(page.get_by_role("dialog").locator("img.large")).to_be_visible()
        # It is called as its picture is, and as the next one after a step there.
        for number, key in ((1, "ArrowRight"), (2, "ArrowLeft"), (1, "")):
            named = page.get_by_role("dialog", name=f"picture-{number:06}.jpg")
            expect(named).to_be_visible(timeout=60_000)
            settle(page)
            if key:
                page.keyboard.press(key)
    elif name == "marks":
        page.locator(".gallery .item.loaded a").first.click(modifiers=["Control"])
        expect(page.get_by_text("1 picked")).to_be_visible()
    elif name == "filters":
        body = open_filters(page)
        # An option that no picture has is marked, one that some have is not.
        answers = body.locator(".st-key-filter_status button")
        expect(answers.filter(has_text="Failed · 0")).to_have_attribute("data-empty", "")
        expect(answers.filter(has_text="All · ")).not_to_have_attribute("data-empty", "")
    elif name == "explore, Quality":
        expect(page.get_by_role("heading", name="Sharpness")).to_be_visible(timeout=60_000)
    elif name.startswith("compare"):
        expect(page.get_by_text("pictures unchanged")).to_be_visible(timeout=60_000)
        opener = page.locator("[class*=st-key-compare_open_] button").first
        expect(opener).to_be_visible(timeout=60_000)
        if name == "compare, a pair":
            opener.click()
            expect(page.get_by_role("dialog", name="Both sides")).to_be_visible()
    elif name == "one picture tried":
        page.get_by_role("button", name="Try on one picture").click()
        expect(page.get_by_role("dialog")).to_be_visible(timeout=60_000)
    settle(page)


def faults(page: Page, axe: str) -> list[str]:
    """Serious and critical faults, one line an element, without what is not ours."""
    page.evaluate(axe)
    report: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    lines = []
    for rule in report["violations"]:
        if rule["impact"] not in ("serious", "critical"):
            continue
        selector, _ = NOT_OURS.get(rule["id"], ("", ""))
        for node in rule["nodes"]:
            if not selector or not _inside(page, node["target"], selector):
                summary = " ".join(node["failureSummary"].split())[:200]
                lines.append(f"{rule['id']}: {node['html'][:160]} ({summary})")
    return lines


def _inside(page: Page, target: list[Any], selector: str) -> bool:
    """Whether an element that axe names lies inside one that the selector takes."""
    script = "([path, within]) => Boolean(document.querySelector(path)?.closest(within))"
    return isinstance(target[0], str) and bool(page.evaluate(script, [target[0], selector]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_serious_fault(filled: Dashboard, axe: str, name: str, scheme: str) -> None:
    path, heading = PAGES[name]
    with chromium(scheme=scheme) as page:
        page.goto(f"{filled.url}/{path}")
        expect(page.get_by_role("heading", name=heading).first).to_be_visible(timeout=60_000)
        settle(page)
        if name == "submit":  # axe passes over what is scrolled out of the page
            button = page.get_by_role("button", name=SUBMIT)
            expect(button).to_be_enabled(timeout=60_000)
            button.scroll_into_view_if_needed()
        if name == "health":
            expect(page.get_by_role("button", name="Look again")).to_be_visible(timeout=60_000)
        if name in ("explore, Documents", "explore, Quality", "explore, SQL"):  # without a sheet
            expect(page.get_by_role("tab", name=name.partition(", ")[2])).to_have_attribute(
                "aria-selected", "true", timeout=60_000
            )
            settle(page)
        elif heading == "Explore" and "none" not in path:
            page.locator(".gallery .item.loaded").first.wait_for(state="attached")
        _open(page, name)
        assert not faults(page, axe), "\n".join(faults(page, axe))


# Pages at which the widths are looked at: each of the menu's, and each tab of Explore.
WALKED = {
    name: there
    for name, there in PAGES.items()
    if name not in ("one large", "marks", "filters", "one picture tried", "compare, a pair")
} | {
    "chips": (f"explore?prefix={PREFIX}&label={LABELS[0]},{LABELS[1]}", "Explore"),
    "batches in rows": ("operations?rows=true", "Operations"),
    "deleted batches": ("operations?show=Deleted", "Operations"),
}
PHONES = ("submit", "operations", "explore", "explore, SQL", "picture", "compare", "report")


def test_every_page_is_walked() -> None:
    assert {path.partition("?")[0] for path, _ in WALKED.values()} == {"", *PAGES_AT} - {"submit"}
    assert {*PHONES} <= {*WALKED}


@pytest.mark.parametrize("name", WALKED)
def test_every_page_fits_every_width(filled: Dashboard, axe: str, name: str) -> None:
    """No page is moved sideways, and no control lies outside of the window or on another.

    Those of ``PHONES`` are then looked at by axe, in the dark to which the system has changed.
    """
    path, heading = WALKED[name]
    with chromium(width=WINDOWS[0][0], height=WINDOWS[0][1]) as page:
        page.emulate_media(reduced_motion="reduce")
        page.goto(f"{filled.url}/{path}")
        expect(page.get_by_role("heading", name=heading).first).to_be_visible(timeout=60_000)
        settle(page)
        if "none" not in path and path.startswith("explore") and "tab=" not in path:
            page.locator(".gallery .item.loaded").first.wait_for(state="attached", timeout=60_000)
        problems = [f"in {size[0]}: {one}" for size in WINDOWS for one in until_it_fits(page, size)]
        moving = "() => document.getAnimations().filter((a) => a.playState === 'running').length"
        page.wait_for_function(f"({moving})() === 0")  # as the system asks for
        if name in PHONES:
            page.set_viewport_size({"width": 390, "height": 844})
            page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            muted = "getComputedStyle(document.documentElement).getPropertyValue('--muted')"
            page.wait_for_function(f"{muted} === '{LOOKS['dark'].muted}'", timeout=60_000)
            settle(page)
            problems += [f"in the dark: {one}" for one in faults(page, axe)]
    assert not problems, "\n".join(problems)


def test_what_does_not_fit_is_found(filled: Dashboard) -> None:
    with chromium(width=390, height=844) as page:
        page.goto(f"{filled.url}/operations")
        page.locator(".st-key-header_new a").wait_for(timeout=60_000)
        settle(page)
        assert not until_it_fits(page, (390, 844))
        page.evaluate("""() => document.querySelector(".st-key-header").insertAdjacentHTML(
            "beforeend", '<button style="position: fixed; left: 300px; width: 200px">A</button>' +
            '<button style="position: fixed; left: 310px; width: 50px">B</button>')""")
        text = " ".join(misfits(page))
        assert 'button "A" lies from 300 to 500' in text and '"A" and button "B" overlap' in text


def test_batches_and_the_map_have_no_serious_fault(filled: Dashboard, axe: str) -> None:
    """What needs a batch of the engine: its row, its dialogs, its map, one of its pictures."""
    with chromium() as page:
        job = annotate_sample(page, filled)
    for scheme in ("light", "dark"):
        with chromium(scheme=scheme) as page:
            for path in ("rows=true", "show=Deleted", f"kiosk=1&job={job}"):
                page.goto(f"{filled.url}/operations?{path}")
                expect(page.get_by_role("heading", name="Operations").first).to_be_attached()
                settle(page)
                assert not faults(page, axe), (path, faults(page, axe))
            for asked in ("Rename …", "Forget …", "Delete …"):
                page.goto(f"{filled.url}/operations?job={job}")
                page.locator("[class*=st-key-menu_] button").first.click()
                page.get_by_text(asked, exact=True).click()
                expect(page.get_by_role("dialog")).to_be_visible()
                if asked == "Delete …":
                    expect(page.get_by_text("What stays")).to_be_visible(timeout=60_000)
                settle(page)
                assert not faults(page, axe), (asked, faults(page, axe))
            page.goto(f"{filled.url}/operations?job={job}")
            page.locator("button.cell.done").nth(1).click()  # opens that picture in Explore
            expect(page.get_by_role("dialog").locator("img.large")).to_be_visible(timeout=60_000)
            settle(page)
            assert not faults(page, axe), faults(page, axe)
            page.goto(f"{filled.url}/explore?job={job}&tab=Map")
            expect(page.get_by_text("Dots by label")).to_be_visible(timeout=START_MS)
            _hover_the_map(page)
            assert not faults(page, axe), faults(page, axe)


def _hover_the_map(page: Page) -> None:
    """Hold the mouse over a mark until its picture stands beside it."""
    mark = page.locator(".js-plotly-plot .scatterlayer .point").first
    mark.wait_for(state="attached", timeout=60_000)
    settle(page)
    card = page.locator(".hover img")
    for _ in range(20):  # the chart may be drawn again meanwhile, with its thumbnails
        mark.hover(force=True)
        page.mouse.move(4, 400)
        mark.hover(force=True)
        page.wait_for_timeout(500)
        if card.is_visible():
            break
    expect(card).to_be_visible()


# How many words a drawing has, and how many lie on another or beyond it.
_COLLIDING = """async (mount) => {
  const svg = mount.querySelector("svg");
  const drawn = () => Number(svg.getAttribute("width")) === mount.clientWidth;
  while (!drawn()) await new Promise(requestAnimationFrame);
  const { left, right } = svg.getBoundingClientRect();
  const words = [...svg.querySelectorAll("text")].map((node) => node.getBoundingClientRect());
  const over = (one, other) => one.left < other.right && other.left < one.right
    && one.top + 4 < other.bottom && other.top + 4 < one.bottom;
  const lost = words.filter((one, n) => one.left < left - 1 || one.right > right + 1
    || words.slice(n + 1).some((other) => over(one, other)));
  return [words.length, lost.length];
}"""


def test_no_word_of_a_small_chart_lies_on_another(filled: Dashboard) -> None:
    with chromium() as page:
        page.goto(f"{filled.url}/explore?prefix={PREFIX}")
        marks = page.locator("[class*=st-key-chart_specific] .mark")
        marks.first.wait_for(timeout=START_MS)
        settle(page)
        marks.nth(1).press("Enter")  # numbers are longest as parts of all
        pressed = page.locator("[class*=st-key-chart_specific] .mark[aria-pressed=true]")
        expect(pressed).to_have_count(1, timeout=60_000)
        settle(page)
        for width in (1440, 1024, 390, 320):
            page.set_viewport_size({"width": width, "height": 900})
            for chart in ("specific", "safe"):
                mount = page.locator(f"[class*=st-key-chart_{chart}] .mount")
                words, lost = mount.evaluate(_COLLIDING)
                assert words > 8 and not lost, (width, chart)


def test_a_links_tab_stands_beside_the_arrows_on_telephones(filled: Dashboard) -> None:
    with chromium(width=390, height=844, touch=True) as page:
        page.goto(f"{filled.url}/explore?prefix={PREFIX}&tab=Colours")
        tab = page.get_by_role("tab", name="Colours")
        tab.wait_for(timeout=START_MS)
        settle(page)
        tab_box, row = tab.bounding_box(), page.get_by_role("tablist").bounding_box()
        assert tab_box and row
        assert row["x"] + 24 <= tab_box["x"] <= row["x"] + row["width"] - 24 - tab_box["width"]


def test_a_small_chart_is_reached_and_pressed_by_keyboard(filled: Dashboard) -> None:
    with chromium() as page:
        page.goto(f"{filled.url}/explore?prefix={PREFIX}")
        marks = page.locator("[class*=st-key-chart_specific] .mark")
        marks.first.wait_for(timeout=START_MS)
        settle(page)
        everything = shown_count(page)
        page.locator("[class*=st-key-heading_] button").first.focus()
        page.keyboard.press("Tab")
        expect(marks.first).to_be_focused()
        said = page.locator("[class*=st-key-chart_specific] .said")
        expect(said).to_contain_text("pictures")
        page.keyboard.press("ArrowDown")
        expect(marks.nth(1)).to_be_focused()
        name = marks.nth(1).get_attribute("aria-label")
        expect(said).to_contain_text(str(name).split(",")[0])
        page.keyboard.press("Escape")
        expect(said).to_be_hidden()
        page.keyboard.press("Enter")
        expect(page.locator(".st-key-header_chips button").first).to_be_visible(timeout=60_000)
        settle(page)
        assert 0 < shown_count(page) < everything
        pressed = page.locator("[class*=st-key-chart_specific] .mark[aria-pressed=true]")
        expect(pressed).to_have_count(1)
        expect(pressed).to_be_focused()
        page.keyboard.press("Enter")  # takes it back
        expect(page.locator(".st-key-header_chips button")).to_have_count(0)


def test_a_chart_is_reached_and_pressed_by_keyboard(filled: Dashboard) -> None:
    with chromium() as page:
        page.goto(f"{filled.url}/explore?prefix={PREFIX}&tab=Labels")
        page.locator(".js-plotly-plot .point").first.wait_for(state="attached", timeout=60_000)
        chart = page.locator(".stPlotlyChart[tabindex='0']").first
        chart.wait_for(timeout=60_000)
        settle(page)
        everything = shown_count(page)
        page.locator("[class*=st-key-heading_] button").first.focus()
        page.keyboard.press("Tab")
        expect(chart).to_be_focused()
        said = page.locator(".said")
        page.keyboard.press("ArrowDown")
        expect(said).to_contain_text("pictures")
        first = str(said.text_content())
        page.keyboard.press("ArrowDown")
        expect(said).not_to_have_text(first)
        expect(said).to_contain_text("pictures")
        page.keyboard.press("Enter")
        expect(page.locator(".st-key-header_chips button").first).to_be_visible(timeout=60_000)
        settle(page)
        assert 0 < shown_count(page) < everything
        expect(page.locator(".stPlotlyChart").first).to_be_focused()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard at which one has to sign in first; nobody does."""
    folder, port = tmp_path_factory.mktemp("door"), free_port()
    secrets = folder / "secrets.toml"
    url = f"http://127.0.0.1:{port}"
    oidc = {"url": url, "client": CLIENT, "secret": SECRET, "issuer": "http://127.0.0.1:9"}
    secrets.write_text(SECRETS.format(**oidc))
    settings = {"STREAMLIT_SECRETS_FILES": str(secrets), "CONTACT_SHEET_WORKERS": "1"}
    dashboard = Dashboard(make_home(folder / "home"), port, settings=settings)
    dashboard.start()
    yield url
    dashboard.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_door_has_no_serious_fault(door: str, axe: str, scheme: str, shots: Path) -> None:
    with chromium(scheme=scheme) as page:
        page.goto(door)
        expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=START_MS)
        settle(page)
        page.screenshot(path=shots / f"sign-in-{scheme}.png")
        assert not faults(page, axe), "\n".join(faults(page, axe))


def test_a_planted_fault_is_found(filled: Dashboard, axe: str) -> None:
    with chromium() as page:
        page.goto(f"{filled.url}/operations")
        settle(page)
        page.evaluate("""() => document.body.insertAdjacentHTML('beforeend',
            '<button></button><img src="data:,">')""")
        assert {line.split(":")[0] for line in faults(page, axe)} >= {"button-name", "image-alt"}
