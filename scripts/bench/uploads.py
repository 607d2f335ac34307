"""Many files from the browser: through our own door, and through Streamlit's uploader.

    python -m scripts.bench.uploads [--files 2000] [--bytes 50000] [--alone]

Each side gets a server of its own and the same files from headless Chromium; the time is from the
choice of the files until the page says that all are kept, the memory the server's own at most.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Page, TimeoutError

from scripts.bench.gallery import running
from scripts.processes import resident_mb
from tests.kit.web.browser import ROOT, chromium, free_port, settle

PATIENCE_MS = 600_000


def main() -> int:
    """Print both sides and their ratios; 1 if ours is slower or takes more memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--bytes", type=int, default=50_000)
    parser.add_argument("--alone", action="store_true", help="without Streamlit's uploader")
    asked = parser.parse_args()
    print(f"{asked.files:,} files of {asked.bytes:,} bytes, from Chromium")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _files(folder / "files", asked.files, asked.bytes)
        again, ours = _ours(folder, files)
        print(f"our own door        {ours[0]:7.1f} s, {ours[1]:7.0f} MB more than before")
        print(f"the same once more  {again:7.1f} s, nothing is sent", flush=True)
        if asked.alone:
            return 0
        try:
            theirs = _theirs(folder, files)
        except TimeoutError:
            print(f"st.file_uploader    has not kept them within {PATIENCE_MS // 1000:,} s")
            return 0
    seconds, memory = theirs[0] / ours[0], theirs[1] / max(1.0, ours[1])
    print(f"st.file_uploader    {theirs[0]:7.1f} s, {theirs[1]:7.0f} MB more than before")
    print(f"ours is {seconds:.1f} times as fast, and takes 1/{memory:.1f} of the memory")
    return int(seconds < 1 or memory < 1)


def _files(folder: Path, count: int, size: int) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"p{number:06}.png" for number in range(count)]
    for path in paths:
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(size - 8))
    return paths


def _ours(folder: Path, files: Sequence[Path]) -> tuple[float, tuple[float, float]]:
    with running(folder / "home") as dashboard, chromium() as page:
        page.set_default_timeout(PATIENCE_MS)
        page.goto(dashboard.url)
        page.get_by_text("Upload", exact=True).click(timeout=PATIENCE_MS)
        page.locator("input.files").wait_for(state="attached", timeout=PATIENCE_MS)
        settle(page)
        first = _measured(dashboard.pid, page, "input.files", files)
        began = time.monotonic()
        page.locator("input.files").set_input_files(files)
        text = f"0 files sent, {len(files):,} here already and not sent again."
        page.get_by_text(text).wait_for(timeout=PATIENCE_MS)
        return time.monotonic() - began, first


def _theirs(folder: Path, files: Sequence[Path]) -> tuple[float, float]:
    port, uploads = free_port(), folder / "kept"
    uploads.mkdir()
    command = [sys.executable, "-m", "streamlit", "run"]
    command += [str(ROOT / "scripts/bench/native_uploader.py")]
    command += ["--server.port", str(port), "--server.headless", "true"]
    command += ["--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false"]
    environment = {**os.environ, "BENCH_UPLOADS": str(uploads)}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        with chromium() as page:
            page.set_default_timeout(PATIENCE_MS)
            page.goto(f"http://127.0.0.1:{port}")
            zone = '[data-testid="stFileUploader"] input'
            page.locator(zone).wait_for(state="attached", timeout=PATIENCE_MS)
            return _measured(process.pid, page, zone, files)
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    for _ in range(240):
        with suppress(OSError):
            urllib.request.urlopen(url, timeout=1)  # nosec B310
            return
        time.sleep(0.25)
    raise RuntimeError(f"{url} does not answer")


def _measured(pid: int, page: Page, zone: str, files: Sequence[Path]) -> tuple[float, float]:
    """Seconds until all are kept, and MB that the server took more than before at most."""
    with _most_memory(pid) as most:
        before, began = resident_mb(pid), time.monotonic()
        page.locator(zone).set_input_files(files)
        page.get_by_text("uploaded and kept").wait_for(timeout=PATIENCE_MS)
        took = time.monotonic() - began
    text = page.get_by_text("uploaded and kept").inner_text()
    if not text.startswith(f"{len(files):,} "):
        raise RuntimeError(f"{len(files):,} files were chosen; the page says: {text}")
    return took, max(most) - before


@contextmanager
def _most_memory(pid: int) -> Iterator[list[float]]:
    seen = [resident_mb(pid)]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.1):
            seen.append(resident_mb(pid))

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield seen
    finally:
        ended.set()
        watching.join()


if __name__ == "__main__":
    sys.exit(main())
