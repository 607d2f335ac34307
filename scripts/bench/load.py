"""Many browser sessions, and one large job, on a real dashboard and its embedded engine.

    python -m scripts.bench.load [--sessions 50] [--jobs 20] [--pictures 10000]

First: how often each operation is asked about with one session looking on and with many, of which
one is Chromium and the others are ``watching_sessions``. Then: the most memory that a large job
takes, process by process. Give 0 to leave a part out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from core.app.job_watcher import LOOKED_AT_S
from core.jobs.batch.folder import from_folder
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.ledger import Ledger
from core.jobs.runner import Runner
from core.jobs.service.connection import Backend, Connection, connect
from scripts.bench.counted_streamlit import NOTES
from scripts.bench.gallery import running
from scripts.bench.watching_sessions import watching
from scripts.processes import children, command, resident_mb
from tests.kit.web.browser import Dashboard, chromium, settle

WATCHED_S = 60.0
EACH = 150  # pictures a job: twenty must last longer than two watches
SLOW = ("DOCUMENT_TEXT_DETECTION", "FACE_DETECTION", "OBJECT_LOCALIZATION")
QUICK = ("LABEL_DETECTION", "IMAGE_PROPERTIES")
PATIENCE_S = 3_600


def main() -> int:
    """Print the figures; returns 1 if an operation was asked about too often, or a job failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=10_000)
    asked = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        if asked.sessions and asked.jobs:
            good = _watch(Path(folder), asked.sessions, asked.jobs)
        if asked.pictures:
            good = _large(Path(folder), asked.pictures) and good
    return 0 if good else 1


def _watch(folder: Path, sessions: int, jobs: int) -> bool:
    os.environ[NOTES] = str(folder / "asked.txt")
    pictures = _draw(folder / "slow", EACH, (1600, 1200))
    with running(folder / "home1", "scripts.bench.counted_streamlit") as dashboard:
        ledger = _jobs(dashboard)
        for number in range(jobs):
            # Of one picture set: distinguished by name, sent again each time.
            request = BatchRequest(SLOW, batch_size=5)
            ledger.create(f"load{number}", from_folder(pictures).pictures, request, resend=True)
        print(f"{jobs} jobs of {EACH} pictures; asked about each operation in {WATCHED_S:.0f} s:")
        one = _asked(dashboard, 1)
        many = _asked(dashboard, sessions)
    # An interval begins when the round before has ended, so there can be no more than these.
    most = WATCHED_S / LOOKED_AT_S + 1
    return max(one, many) <= most


def _asked(dashboard: Dashboard, sessions: int) -> int:
    """Open so many sessions on the Operations page; the most questions to one operation."""
    notes = Path(os.environ[NOTES])
    with chromium() as page, watching(dashboard.url, "operations", sessions - 1) as watched:
        page.goto(f"{dashboard.url}/operations")
        page.get_by_role("heading", name="Operations").wait_for()
        notes.write_text("")
        before, already = _cpu_s(dashboard), len(watched.ages)
        page.wait_for_timeout(WATCHED_S * 1000)
        used = (_cpu_s(dashboard) - before) / WATCHED_S
        counts = Counter(line.split()[1] for line in notes.read_text().splitlines())
        answer = _seconds_to_answer(page, dashboard)
        ages = sorted(watched.ages[already:])
    least, most = min(counts.values(), default=0), max(counts.values(), default=0)
    print(
        f"  {sessions:3} sessions: {least}-{most} times each of {len(counts)} operations, "
        f"{sum(counts.values())} in all; dashboard {used:.2f} cores, "
        f"{resident_mb(dashboard.pid):,.0f} MB, a further page after {answer:.1f} s",
        flush=True,
    )
    if ages:
        print(
            f"      the others open after {max(watched.opened):.1f} s; redrawn {len(ages):,} "
            f"times, {ages[len(ages) // 2]:.1f} s after the time before (median), "
            f"{ages[len(ages) * 95 // 100]:.1f} s (95 %); {watched.closed} closed, "
            f"{len(watched.faults)} faults",
            flush=True,
        )
    return most


def _seconds_to_answer(page: Page, dashboard: Dashboard) -> float:
    began = time.monotonic()
    page.goto(f"{dashboard.url}/report")
    page.get_by_role("heading", name="Report").first.wait_for()
    return time.monotonic() - began


def _large(folder: Path, count: int) -> bool:
    pictures = _draw(folder / "many", count, (320, 240))
    with running(folder / "home2") as dashboard, _memory(dashboard) as most:
        jobs = _jobs(dashboard)
        began = time.monotonic()
        job = jobs.create("large", from_folder(pictures).pictures, BatchRequest(QUICK))
        while not job.final and time.monotonic() - began < PATIENCE_S:
            time.sleep(2)
            job = jobs.get(job.id)
        print(
            f"{count:,} pictures of 320 x 240, labels and colours: {job.state}, "
            f"{job.progress.pictures_done:,} done in {time.monotonic() - began:.0f} s, "
            f"{len(job.operations)} operations"
        )
        _tell(most, "while it ran")
        most.clear()
        with chromium() as page:
            page.goto(f"{dashboard.url}/explore?job={job.id}")
            page.locator(".gallery").wait_for(state="attached", timeout=120_000)
            settle(page)
        _tell(most, "while Explore was opened")
        return job.final and job.progress.pictures_done == count


def _tell(most: dict[str, float], when: str) -> None:
    parts = ", ".join(f"{name} {mb:,.0f}" for name, mb in sorted(most.items()))
    print(f"  most resident memory {when}, MB: {parts}", flush=True)


def _jobs(dashboard: Dashboard) -> Runner:
    """A second hand on the dashboard's ledger: what is created here the dashboard sends."""
    record = json.loads((dashboard.home / "engine" / "engine.json").read_text())
    connection: Connection = connect(Backend.from_engine(record))
    ledger = Ledger(f"sqlite:///{dashboard.home / 'ledger.sqlite3'}")
    return Runner(ledger, lambda: connection, base="gs://contact-sheet/contact-sheet/")


def _draw(folder: Path, count: int, size: tuple[int, int]) -> Path:
    """Pictures of soft shapes, no two alike."""
    folder.mkdir()
    for seed in range(count):
        rng = np.random.default_rng(seed)
        small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8))
        small.resize(size, Image.Resampling.BICUBIC).save(folder / f"{seed:05}.jpg", quality=80)
    return folder


@contextmanager
def _memory(dashboard: Dashboard) -> Iterator[dict[str, float]]:
    """The most resident memory of each part in MB, looked at four times a second."""
    most: dict[str, float] = {}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.25):
            for name, mb in _parts(dashboard).items():
                most[name] = max(most.get(name, 0), mb)

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield most
    finally:
        ended.set()
        watching.join()


def _parts(dashboard: Dashboard) -> dict[str, float]:
    engine = dashboard.engine_pid()
    parts = {"dashboard": resident_mb(dashboard.pid), "engine": resident_mb(engine)}
    for child in children(engine):
        kind = "storage" if "core.engine.emulator" in command(child) else "workers"
        parts[kind] = parts.get(kind, 0) + resident_mb(child)
    return {**parts, "all": sum(parts.values())}


def _cpu_s(dashboard: Dashboard) -> float:
    fields = Path(f"/proc/{dashboard.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
