"""``make screenshots``: the README's pictures, from a fresh home and the sample batch."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.kit.browser import ROOT, Dashboard, chromium, make_home, settle
from tests.kit.journey import SUBMIT, choose_features

FOLDER = ROOT / "docs" / "screenshots"
FEATURES = ("Text", "Crop hints", "Objects", "Faces")
LONG_MS = 300_000


def main() -> int:
    """Drive the journey and take a picture of each step."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        dashboard = Dashboard(make_home(Path(folder) / "home"))
        dashboard.start()
        try:
            with chromium(width=1440) as page:
                _journey(page, dashboard)
        finally:
            dashboard.stop()
    return 0


def _journey(page: Page, dashboard: Dashboard) -> None:
    page.goto(dashboard.url)
    expect(page.get_by_role("heading", name="Submit a batch")).to_be_visible(timeout=LONG_MS)
    settle(page)
    choose_features(page, *FEATURES)
    button = page.get_by_role("button", name=SUBMIT)
    expect(button).to_be_enabled(timeout=LONG_MS)
    page.set_viewport_size({"width": 1440, "height": 1900})
    settle(page)
    page.screenshot(path=FOLDER / "submit.png")
    page.set_viewport_size({"width": 1440, "height": 900})
    button.click()
    page.wait_for_url("**/operations?job=*")
    expect(page.get_by_text(re.compile(r"^[1-9]\d* of \d+ done"))).to_be_visible(timeout=LONG_MS)
    page.wait_for_timeout(1_000)  # the numbers follow the bar
    page.screenshot(path=FOLDER / "operations.png")
    expect(page.get_by_text(re.compile(r"Done$"))).to_be_visible(timeout=LONG_MS)
    page.goto(page.url.replace("/operations", "/explore"))
    first = page.locator(".js-plotly-plot .point path").first
    expect(first).to_be_visible(timeout=LONG_MS)
    settle(page)
    page.screenshot(path=FOLDER / "explore.png")
    page.locator(".sheet").get_by_label("Group").select_option("label")
    page.wait_for_url("**&group=label*")
    settle(page)
    page.screenshot(path=FOLDER / "gallery.png")
    page.get_by_role("tab", name="Map").click()
    expect(page.get_by_text("Dots by label")).to_be_visible(timeout=LONG_MS)
    settle(page)
    page.wait_for_timeout(3_000)  # its thumbnails are drawn
    settle(page)
    page.screenshot(path=FOLDER / "map.png")
    page.get_by_role("link", name=re.compile("astronaut")).first.click()
    expect(page.get_by_role("dialog").locator("img.large")).to_be_visible(timeout=LONG_MS)
    settle(page)
    page.screenshot(path=FOLDER / "picture.png")


if __name__ == "__main__":
    sys.exit(main())
