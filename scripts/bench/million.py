"""A click in a batch of a million pictures, in headless Chromium.

    python -m scripts.bench.million [--pictures 1000000] [--clicks 24]

50,000 shards lie in the emulator, and their tables in the results cache, as reading them leaves
them. Thumbnails are made of the pictures that the clicks bring into view.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.tables.cache import ResultsCache
from scripts.bench.gallery import START_MS, running
from scripts.bench.pages import CHART, click, say, see_chart, timed
from scripts.processes import resident_mb
from tests.kit.results.cached_batch import PREFIX, fill_cached, upload_originals
from tests.kit.results.filled_bucket import storage
from tests.kit.web.browser import Dashboard, chromium, settle

BARS = 8  # of the sheet's chart
IN_VIEW = 60  # pictures of a sheet's first screen, and some ahead


def main() -> int:
    """Print the figures; 1 if a page never came."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pictures", type=int, default=1_000_000)
    parser.add_argument("--clicks", type=int, default=24)
    asked = parser.parse_args()
    say("figure", "measured", "aim")
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "home") as dashboard:
        fill_cached(storage(dashboard), dashboard.home, asked.pictures)
        upload_originals(storage(dashboard), _in_view(dashboard))
        _measure(dashboard, asked.clicks)
    return 0


def _in_view(dashboard: Dashboard) -> list[str]:
    """Addresses of the pictures that a sheet begins with, of all and of each bar's."""
    cache = ResultsCache(dashboard.home / "results-cache")
    store = Store(cache.load(storage(dashboard), PREFIX))
    everything = Filters.empty()
    bars = store.specific().count(store.mask(everything, None), 0.0, BARS, ())["label"]
    shown = [everything, *(replace(everything, labels=(name,)) for name in bars)]
    ids = [store.order().arrange(store.ids(now), "name", "none")[0][:IN_VIEW] for now in shown]
    uris = store.tables["pictures"]["uri"]
    return [uris[int(n)].as_py() for n in np.unique(np.concatenate(ids))]


def _measure(dashboard: Dashboard, clicks: int) -> None:
    url = f"{dashboard.url}/explore?prefix={PREFIX}"
    with chromium(width=1440) as page:
        page.goto(url)
        took = timed(lambda: page.locator(CHART).first.wait_for(timeout=START_MS))
        say("first chart, shards decoded before", f"{took:.1f} s", "")
        settle(page)
    with chromium(width=1440) as page:
        say("first chart, warm server", f"{see_chart(page, url):.2f} s", "")
        settle(page)
        waited = sorted(click(page, n) for n in range(clicks))
        median, most = np.median(waited), waited[len(waited) * 95 // 100]
        say("click on a bar to all redrawn", f"{median:.2f}, {most:.2f} s", "1 s")
    say("memory of the dashboard", f"{resident_mb(dashboard.pid):,.0f} MB", "")


if __name__ == "__main__":
    sys.exit(main())
