"""What somebody waits for on the pages, in headless Chromium, beside what is aimed at.

    python -m scripts.bench.pages [--pictures 303] [--clicks 24]

Pictures and result shards are generated and put into the emulator's buckets; the map is of a job
that the embedded engine annotates. Seconds depend on what else the machine does: its load is
printed beside each.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from playwright.sync_api import Page, Response, expect

from scripts.bench.gallery import START_MS, running
from tests.kit.results.filled_bucket import PREFIX, fill, storage
from tests.kit.web.browser import Dashboard, chromium, settle
from tests.kit.web.journey import BATCH_MS, DONE, SUBMIT

CHART = ".mark .bar"
MAP = ".js-plotly-plot image"  # it stands as thumbnails at first
KINDS = {  # of what is transferred, by a part of its address
    "plotly": "/PlotlyChart.",
    "other scripts": "/static/js/",
    "fonts": ".woff2",
    "thumbnails": "/thumbnail/",
}
# Sets ``chartAt``, milliseconds since the page was asked for, when a chart has its first mark.
SEEING = """(() => {
  const see = () => {
    const parts = document.querySelectorAll('[data-testid="stBidiComponentIsolated"]');
    const there = [...parts].some(part => part.shadowRoot?.querySelector('.mark .bar'));
    if (there) window.chartAt = performance.now(); else requestAnimationFrame(see);
  };
  see();
})()"""
# The script has ended, the sheet shows what passes, and all that is in view has its thumbnail.
REDRAWN = """before => {
  const app = document.querySelector('[data-testid="stApp"]');
  const count = document.querySelector('.st-key-header_count')?.innerText;
  if (app.dataset.testScriptState !== 'notRunning' || !count || count === before) return false;
  const roots = [document, ...[...document.querySelectorAll('*')].map(e => e.shadowRoot)];
  const items = roots.filter(Boolean).flatMap(root => [...root.querySelectorAll('.item')]);
  const seen = items.filter(e => {
    const box = e.getBoundingClientRect();
    return box.bottom > 220 && box.top < innerHeight;
  });
  return seen.length > 0 && seen.every(e => e.classList.contains('loaded') || e.cell.failed
    || e.querySelector('.fault').textContent);
}"""

# Milliseconds since the press, once the large picture of the dialog is there.
LARGE = """() => {
  const parts = [...document.querySelectorAll('[role="dialog"] *')].map(e => e.shadowRoot);
  const large = parts.map(root => root?.querySelector('img.large')).find(Boolean);
  return large?.complete && large.naturalWidth > 0 && performance.now() - window.pressedAt;
}"""


def main() -> int:
    """Print the figures; 1 if a page never came."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pictures", type=int, default=303)
    parser.add_argument("--clicks", type=int, default=24)
    asked = parser.parse_args()
    say("figure", "measured", "aim")
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "home") as dashboard:
        fill(storage(dashboard), asked.pictures, Path(folder) / "shards")
        _explore(dashboard, asked.clicks)
        _own_job(dashboard)
    return 0


def say(name: str, value: str, aim: str) -> None:
    """A line of the table, with the machine's load at that moment."""
    print(f"   {name:<46} {value:>18}   {aim:<16} load {os.getloadavg()[0]:.1f}", flush=True)


def timed(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _explore(dashboard: Dashboard, clicks: int) -> None:
    url = f"{dashboard.url}/explore?prefix={PREFIX}"
    with chromium(width=1440) as page:  # tables are read, and what is imported late
        page.goto(url)
        page.locator(CHART).first.wait_for(timeout=START_MS)
        settle(page)
    with chromium(width=1440) as page:
        sizes, missing = _watched(page)
        busy = _busy(page)
        say("first chart, empty cache", f"{see_chart(page, url):.2f} s", "2 s")
        say("  processor time of the page's thread", f"{busy():.2f} s", "")
        settle(page)
        page.wait_for_timeout(4_000)  # scripts of other tabs are fetched ahead
        say("transferred for it", f"{sum(sizes.values()) / 1e6:.2f} MB", "4 MB")
        for kind, size in sizes.most_common():
            say(f"  {kind}", f"{size / 1e6:.2f} MB", "")
        say("answers 404", f"{len(missing)}", "0")
        for address in missing:
            print(f"      {address}")
        say("first chart, again", f"{see_chart(page, ''):.2f} s", "1 s")
        say("  processor time of the page's thread", f"{busy():.2f} s", "")
        settle(page)
        waited = sorted(click(page, n) for n in range(clicks))
        median, most = np.median(waited), waited[len(waited) * 95 // 100]
        say("click on a bar to all redrawn", f"{median:.2f}, {most:.2f} s", "0.4 s, 95 % 0.7 s")
        say("first chart of another tab", f"{timed(lambda: _open_tab(page)):.2f} s", "")
        page.get_by_role("tab", name="Sheet").click()
        settle(page)
        say("picture large", f"{np.median([_open_large(page) for _ in range(5)]):.2f} s", "0.3 s")


def _watched(page: Page) -> tuple[Counter[str], list[str]]:
    """Bytes that come from now on, by kind, and addresses that are not there."""
    sizes: Counter[str] = Counter()
    missing: list[str] = []
    kinds: dict[str, str] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def asked(event: dict[str, Any]) -> None:
        url = event["request"]["url"]
        kinds[event["requestId"]] = next((k for k, part in KINDS.items() if part in url), "else")

    def came(event: dict[str, Any]) -> None:
        sizes[kinds.get(event["requestId"], "else")] += int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", asked)
    session.on("Network.loadingFinished", came)

    def answered(response: Response) -> None:
        if response.status == 404:
            missing.append(response.url)

    page.on("response", answered)
    return sizes, missing


def _busy(page: Page) -> Callable[[], float]:
    """Processor seconds that the thread that draws a page has used since that began to load.

    To be called before the page is: nothing is counted until then.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def seconds() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")

    return seconds


def see_chart(page: Page, url: str) -> float:
    """Seconds by the page's clock until the first mark of a chart is there.

    Args:
        url: without one the page is loaded again.
    """
    if url:
        page.add_init_script(SEEING)
        page.goto(url, wait_until="commit")
    else:
        page.reload(wait_until="commit")
    waited = page.wait_for_function("window.chartAt", timeout=START_MS).json_value()
    return float(waited) / 1_000


def click(page: Page, n: int) -> float:
    """Seconds until the tab shows what a click on a bar chose, or on its chip took away again."""
    before = page.locator(".st-key-header_count").inner_text()
    bars = page.locator("[class*=st-key-chart_specific] .mark")
    chip = page.locator(".st-key-header_chips button").first
    clicked = chip if n % 2 else bars.nth((n // 2) % min(6, bars.count()))

    def redrawn() -> None:
        clicked.click(force=True)
        page.wait_for_function(REDRAWN, arg=before, timeout=60_000)

    took = timed(redrawn)
    settle(page)
    return took


def _open_tab(page: Page) -> None:
    """Until the Labels tab has its first chart, which is plotly's."""
    page.get_by_role("tab", name="Labels").click()
    page.locator("[class*=st-key-chart_labels] .point path").first.wait_for(timeout=START_MS)


def _open_large(page: Page) -> float:
    """Seconds from the press, as the page gets it, until the large picture is there."""
    page.evaluate("addEventListener('click', e => window.pressedAt = e.timeStamp, {capture: true})")
    page.locator(".gallery .item.loaded a").first.click()
    waited = page.wait_for_function(LARGE, timeout=60_000).json_value()
    settle(page)
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    settle(page)
    return float(waited) / 1_000


def _own_job(dashboard: Dashboard) -> None:
    """The sample batch: Explore while it runs, and its map when it is done."""
    with chromium(width=1440) as page:
        browser = page.context.browser
        assert browser is not None
        beside = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(dashboard.url)
        button = page.get_by_role("button", name=SUBMIT)
        expect(button).to_be_enabled(timeout=START_MS)
        settle(page)
        began = time.monotonic()
        button.click()
        page.wait_for_url("**/operations?job=*", timeout=START_MS)
        job = parse_qs(urlsplit(page.url).query)["job"][0]
        url = f"{dashboard.url}/explore?prefix={PREFIX}"
        say("first chart while a job runs", f"{see_chart(beside, url):.2f} s", "3 s")
        own = f"{dashboard.url}/explore?job={job}"
        see_chart(beside, own)
        say("make run's page to own chart, two clicks", f"{time.monotonic() - began:.1f} s", "")
        done = page.get_by_text(DONE).first
        expect(done).to_be_visible(timeout=BATCH_MS)
        page.wait_for_timeout(5_000)  # somebody reads that it is done

        def see_map() -> None:
            beside.goto(f"{own}&tab=Map", wait_until="commit")
            beside.get_by_text("Dots by label").wait_for(timeout=START_MS)
            beside.locator(MAP).first.wait_for(state="attached", timeout=START_MS)

        say("map of an own finished job", f"{timed(see_map):.2f} s", "2 s")


if __name__ == "__main__":
    sys.exit(main())
