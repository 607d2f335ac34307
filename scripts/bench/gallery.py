"""How the gallery scrolls through 2,000 pictures, measured in headless Chromium.

    python -m scripts.bench.gallery [--pictures 2000]

Pictures and result shards are generated and put into the emulator's buckets; nothing is annotated.
Every figure is printed twice: first with no thumbnail made yet, then with all of them on disk.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from scripts.processes import resident_mb
from tests.kit.results.filled_bucket import PREFIX, fill, storage
from tests.kit.results.generated_shards import HEIGHT, WIDTH
from tests.kit.web.browser import Dashboard, chromium, make_home, settle

START_MS = 300_000
SCROLL_STEP = 900  # pixels a turn of the wheel, one each frame and a half
IN_VIEW = """() => {
  const root = document.querySelector('[data-testid="stBidiComponentRegular"], \
[data-testid="stBidiComponentIsolated"]');
  const host = root?.shadowRoot ?? [...(root?.querySelectorAll('*') ?? [])]
    .find(e => e.shadowRoot)?.shadowRoot;
  const images = [...(host?.querySelectorAll('.item') ?? [])].filter(e => {
    const box = e.getBoundingClientRect();
    const seen = e.closest('.scroller').getBoundingClientRect();
    return box.bottom > seen.top && box.top < Math.min(seen.bottom, innerHeight);
  });
  const done = images.filter(e => e.classList.contains('loaded') || e.cell.failed
    || e.querySelector('.fault').textContent);
  return [images.length, done.length];
}"""
FRAMES = """() => {
  window.gaps = []; let last = performance.now();
  const step = now => { window.gaps.push(now - last); last = now; requestAnimationFrame(step); };
  requestAnimationFrame(step);
}"""


def main() -> int:
    """Print the figures; returns 1 if the gallery never filled."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pictures", type=int, default=2000)
    pictures = parser.parse_args().pictures
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "home") as dashboard:
        fill(storage(dashboard), pictures, Path(folder) / "shards")
        print(f"{pictures:,} pictures of {WIDTH} x {HEIGHT} pixels, window of 1360 x 900")
        for title in ("no thumbnail made yet", "thumbnails on disk"):
            print(f"-- {title}")
            for name, value in measure(dashboard).items():
                print(f"   {name:<48} {value}", flush=True)
        thumbnails = list((dashboard.home / "thumbnails").glob("*.jpg"))
        size = sum(path.stat().st_size for path in thumbnails)
        print(f"   thumbnails kept: {len(thumbnails):,}, {size / 1e6:.1f} MB")
    return 0


@contextmanager
def running(home: Path, program: str = "streamlit") -> Iterator[Dashboard]:
    """A dashboard with a home of its own and the models already fetched; its engine is ready."""
    dashboard = Dashboard(make_home(home), program=program)
    dashboard.start()
    try:
        end = time.monotonic() + START_MS / 1000
        while not dashboard.engine_pid():
            if time.monotonic() > end:
                raise RuntimeError(f"The engine did not start; see {home / 'engine'}")
            time.sleep(0.2)
        yield dashboard
    finally:
        dashboard.stop()


def measure(dashboard: Dashboard) -> dict[str, str]:
    """One visit: open Explore, look at the gallery, scroll to its end."""
    with chromium() as page:
        page.goto(f"{dashboard.url}/explore?prefix={PREFIX}")
        page.locator(".gallery").wait_for(state="attached", timeout=START_MS)  # charts are drawn
        settle(page)
        requests, sizes = _watched(page)
        began = time.monotonic()
        first = _until_filled(page) and time.monotonic() - began
        page.evaluate(FRAMES)
        began = time.monotonic()
        _scroll_to_end(page)
        to_end = time.monotonic() - began
        gaps = np.array(page.evaluate("() => window.gaps.slice(2)"))
        filled = _until_filled(page) and time.monotonic() - began
        jump = _jump_to_start_and_end(page)
        kinds = {k: sum(f"/{k}/" in url for url in requests) for k in ("cells", "boxes")}
        thumbnails = sum("/thumbnail/" in url for url in requests)
        return {
            "first screen of thumbnails, s": f"{first:.2f}",
            "scrolled to the end, s": f"{to_end:.2f}",
            "and all thumbnails there seen, s": f"{filled:.2f}",
            "End key to the last cells, fetched before, s": f"{jump:.2f}",
            "frames: median, 99 %, longest, ms": " ".join(
                f"{v:.0f}" for v in (np.median(gaps), np.quantile(gaps, 0.99), gaps.max())
            ),
            "requests: windows, boxes, thumbnails": (
                f"{kinds['cells']} {kinds['boxes']} {thumbnails}"
            ),
            "received, MB": f"{sum(sizes) / 1e6:.1f}",
            **_memory(page),
        }


def _watched(page: Page) -> tuple[list[str], list[float]]:
    requests: list[str] = []
    sizes: list[float] = []
    page.on("request", lambda request: requests.append(request.url))
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    return requests, sizes


def _until_filled(page: Page, seconds: float = 60) -> bool:
    """Wait until every cell in view has its thumbnail, or says why it has none."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        there, done = page.evaluate(IN_VIEW)
        if there and there == done:
            return True
        page.wait_for_timeout(25)
    raise RuntimeError(f"{done} of {there} thumbnails in view after {seconds} s")


def _scroll_to_end(page: Page) -> None:
    """Turn the wheel until nothing moves any more, as a hurried reader would."""
    page.mouse.move(900, 500)
    script = "e => e.scrollHeight - e.scrollTop - e.clientHeight"
    scroller = page.locator(".sheet .scroller")
    while scroller.evaluate(script) > 1:
        page.mouse.wheel(0, SCROLL_STEP)
        page.wait_for_timeout(25)


def _jump_to_start_and_end(page: Page) -> float:
    """Seconds from the End key until the last cell has the focus and all in view are filled."""
    page.locator(".item a").last.focus()
    page.keyboard.press("Home")
    page.locator('.item[data-place="0"] a:focus').wait_for()
    _until_filled(page)
    began = time.monotonic()
    page.keyboard.press("End")
    page.locator(".window:last-child .item:last-child a:focus").wait_for()
    _until_filled(page)
    return time.monotonic() - began


def _memory(page: Page) -> dict[str, str]:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    browser = page.context.browser
    assert browser is not None
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    renderers = [p["id"] for p in processes["processInfo"] if p["type"] == "renderer"]
    return {
        "JavaScript heap, MB; nodes": f"{metrics['JSHeapUsedSize'] / 1e6:.1f}; "
        f"{metrics['Nodes']:,.0f}",
        "memory of the page's process, MB": f"{max(map(resident_mb, renderers)):.0f}",
    }


if __name__ == "__main__":
    sys.exit(main())
