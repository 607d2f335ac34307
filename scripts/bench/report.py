"""A click in an HTML report of as many pictures as one may hold, offline in headless Chromium.

    python -m scripts.bench.report [--pictures 5000] [--rounds 12]

A round presses a bar, a tile of safe search or a colour, its chip, and *Show all*. Each is measured
from the press until the next frame is painted, and until every picture in sight is decoded too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page

from core.results.export.provenance import Method
from core.results.export.report.document import ReportOptions
from core.results.export.report.html import MOST_PICTURES, build_report
from core.results.pictures.exif_upright import Upright
from core.results.query.filters import Filters
from core.results.query.selection import Selection
from core.results.query.store import Store
from core.results.tables.tables import Tables
from scripts.bench.pages import say
from tests.kit.results.generated_tables import whole
from tests.kit.web.browser import chromium

DRAWN = 40  # pictures that are drawn; the others repeat them
MARK = "[data-mark]:not(.none)"
# Milliseconds of the next click, in ``window.waits``.
WATCH = """() => {
  window.waits = new Promise(done => addEventListener('click', async event => {
    const shown = () => new Promise(done => requestAnimationFrame(() => {
      const after = new MessageChannel(); // its message comes when the frame is painted
      after.port1.onmessage = done;
      after.port2.postMessage(0);
    }));
    await shown();
    const painted = performance.now() - event.timeStamp;
    const images = [...document.querySelectorAll('#cells img')].filter(image => {
      const box = image.getBoundingClientRect();
      return box.bottom > 0 && box.top < innerHeight;
    });
    await Promise.all(images.map(image => image.decode()));
    await shown();
    done([painted, performance.now() - event.timeStamp]);
  }, { once: true, capture: true }));
}"""


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pictures", type=int, default=MOST_PICTURES)
    parser.add_argument("--rounds", type=int, default=12)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium(width=1440) as page:
        path = Path(folder) / "report.html"
        path.write_bytes(_report(asked.pictures))
        say("figure", "measured", "aim")
        say(
            f"HTML report of {asked.pictures:,} pictures", f"{path.stat().st_size / 1e6:.0f} MB", ""
        )
        page.context.set_offline(True)
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]")
        for what, waits in _rounds(page, asked.rounds).items():
            painted, decoded = np.array(waits).T
            say(f"{what}: painted, median and 95 %", _said(painted), "100 ms")
            say(f"{what}: and its pictures", _said(decoded), "")
    return 0


def _said(times: np.ndarray) -> str:
    return f"{np.median(times):.0f}, {np.percentile(times, 95):.0f} ms"


def _rounds(page: Page, rounds: int) -> dict[str, list[list[float]]]:
    """Kind of click -> (painted, decoded) in milliseconds of each."""
    waits: dict[str, list[list[float]]] = {"a mark": [], "another beside it": [], "its chip": [],
                                           "show all": []}  # fmt: skip
    charts = page.locator("[data-chart]").filter(has=page.locator(MARK))
    for n in range(rounds):
        for kind, chart in (("a mark", n), ("another beside it", n + 1)):
            marks = charts.nth(chart % charts.count()).locator(MARK)
            waits[kind].append(_click(page, marks.nth(n % marks.count())))
        waits["its chip"].append(_click(page, page.locator(".chip").first))
        waits["show all"].append(_click(page, page.locator("#all")))
    return waits


def _click(page: Page, target: Locator) -> list[float]:
    target.scroll_into_view_if_needed()
    page.evaluate(WATCH)
    target.click()
    waited: list[float] = page.evaluate("window.waits")
    return waited


def _report(pictures: int) -> bytes:
    store = Store(Tables(whole(pictures), shards=(), faults=()))
    rng = np.random.default_rng(1)
    drawn = [
        Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8)).resize((640, 480))
        for _ in range(DRAWN)
    ]

    def see(uri: str, _page: int, size: int, _ahead: object = ()) -> Upright:
        image = drawn[hash(uri) % DRAWN].copy()
        image.thumbnail((size, size))
        return Upright(image, (640, 480), 1)

    chosen = Selection(store, Filters())
    options = ReportOptions("28 November 2026", title="Generated", pictures=pictures)
    method = Method("Generated", "gs://generated/")
    return build_report(chosen, method, see, options, lambda _done, _total: None)


if __name__ == "__main__":
    sys.exit(main())
