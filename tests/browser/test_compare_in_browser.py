"""Comparing in a browser: two sides of the sample batch, one of them changed by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from core.buckets import Buckets, open_buckets
from core.results.shards.shard_files import shards_beginning
from tests.kit.web.browser import Dashboard, chromium, settle
from tests.kit.web.journey import annotate_sample

pytestmark = pytest.mark.browser
LEFT, RIGHT = "gs://contact-sheet/then/", "gs://contact-sheet/now/"


@pytest.fixture(scope="module")
def address(dashboard: Dashboard) -> str:
    """The Compare page's address for two sides of the sample batch."""
    with chromium() as page:
        job = annotate_sample(page, dashboard)
    engine = json.loads((dashboard.home / "engine" / "engine.json").read_text())
    buckets = open_buckets(engine["storage_address"])
    _write_sides(buckets, job)
    return f"{dashboard.url}/compare?left={quote(LEFT)}&right={quote(RIGHT)}"


def _write_sides(buckets: Buckets, job: str) -> None:
    """The job's shards with an object a picture; on the right every third picture differs."""
    shards = shards_beginning(buckets, f"gs://contact-sheet/contact-sheet/{job}/try-")
    for shard in shards:
        content = json.loads(buckets.read(shard.uri))
        name = shard.uri.rsplit("/", 1)[-1]
        for place, answer in enumerate(content["responses"]):
            answer["localizedObjectAnnotations"] = [_boxed("Thing", 0.2, 0.2)]
            answer["textAnnotations"] = [{"description": f"number {place}"}]
        buckets.write(LEFT + name, json.dumps(content).encode(), "application/json")
        for place, answer in enumerate(content["responses"]):
            if place % 3 == 0:
                _change(answer, place)
        buckets.write(RIGHT + name, json.dumps(content).encode(), "application/json")


def _change(answer: dict[str, Any], place: int) -> None:
    answer["labelAnnotations"] = [
        *answer.get("labelAnnotations", [])[1:],
        {"description": "<b>New</b> *label*", "score": 0.8},
    ]
    answer["safeSearchAnnotation"]["adult"] = "POSSIBLE" if place % 2 else "LIKELY"
    answer["localizedObjectAnnotations"] = [_boxed("Thing", 0.3, 0.25), _boxed("Cup", 0.0, 0.6)]
    answer["textAnnotations"] = [{"description": "another text"}]


def _boxed(name: str, x: float, y: float) -> dict[str, Any]:
    corners = [(x, y), (x + 0.4, y), (x + 0.4, y + 0.4), (x, y + 0.4)]
    vertices = [{"x": a, "y": b} for a, b in corners]
    return {"name": name, "score": 0.8, "boundingPoly": {"normalizedVertices": vertices}}


def test_sides_are_compared_and_the_view_is_a_link(address: str, page: Page, shots: Path) -> None:
    page.goto(address)
    bars = page.locator(".js-plotly-plot").first.locator(".trace").last.locator(".point path")
    expect(bars.first).to_be_visible(timeout=60_000)
    settle(page)
    expect(page.get_by_text(re.compile(r"^\d+ matched by address$"))).to_be_visible()
    page.screenshot(path=shots / "compare.png")

    page.get_by_role("radio", name="Safe search").click()
    page.wait_for_url("**&by=safe*")
    settle(page)
    expect(page.get_by_role("heading", name="changed in safe search")).to_be_visible()

    browser = page.context.browser
    assert browser is not None
    colleague = browser.new_page(viewport={"width": 1360, "height": 900})  # who got the link
    colleague.goto(page.url)
    heading = colleague.get_by_role("heading", name="changed in safe search")
    expect(heading).to_be_visible(timeout=60_000)
    settle(colleague)
    shown = colleague.get_by_role("img", name=re.compile("^then: "))
    expect(shown.first).to_be_visible()
    heading.scroll_into_view_if_needed()
    settle(colleague)
    colleague.screenshot(path=shots / "compare-pictures.png")
    assert colleague.locator("b").filter(has_text="New").count() == 0  # hostile text stays text


def test_a_click_on_a_bar_looks_at_its_feature(address: str, page: Page) -> None:
    page.goto(address)
    bars = page.locator(".js-plotly-plot").first.locator(".trace").last.locator(".point path")
    expect(bars.first).to_be_visible(timeout=60_000)
    settle(page)
    bars.first.click(force=True)
    page.wait_for_url("**&by=labels*")
    settle(page)
    expect(page.get_by_role("heading", name="changed in labels")).to_be_visible()
    names = page.locator(".js-plotly-plot").nth(1)
    names.locator(".trace").last.locator(".point path").first.click(force=True)
    page.wait_for_url("**&name=*")
    settle(page)
    expect(page.get_by_role("button", name="Labels: <b>New</b> *label*")).to_be_visible()
    page.locator("[class*=st-key-compare_open_] button").first.click()  # of a pair in one line
    both = page.get_by_role("dialog", name="Both sides")
    expect(both.get_by_role("img", name=re.compile("^now: "))).to_be_visible()
    expect(both.get_by_text("<b>New</b> *label*").first).to_be_visible()


def test_dark_page_can_be_looked_at(address: str, shots: Path) -> None:
    with chromium(scheme="dark", height=1700) as page:
        page.set_default_timeout(120_000)  # so tall a page is slow to draw without a GPU
        page.goto(address)
        heading = page.get_by_role("heading", name="pictures and pages changed")
        expect(heading).to_be_visible(timeout=60_000)
        settle(page)
        page.screenshot(path=shots / "compare-dark.png")
        background = page.locator(".stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    assert background == "rgb(21, 20, 18)"
