"""The local Cloud Storage as its clients feel it: small uploads, a long listing, one large object.

    python -m scripts.bench.storage [--against BINARY] [--rounds 2] [--objects 100000]

The other side is fake-gcs-server, which earlier versions used, if ``--against`` or ``PATH`` has its
binary; without it there are our times and no ratios. Both sides take turns, each over a folder of
its own, through Google's client with ``core.buckets``; the best of the rounds counts. Listed
objects are laid onto the disk as plain files; ours takes them over first, as from an old home.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.buckets import Buckets, open_buckets
from core.engine.emulator import Emulator
from core.engine.home import free_ports
from core.errors import BucketError

SMALL, THREADS, SMALL_BYTES = 2000, 8, 20_000
LARGE_BYTES = 20_000_000
CHUNK = 1024 * 1024
LISTED = "gs://listed/"
# The other side's note beside an object; without one it does not list it.
NOTE = (
    b'{"ContentType":"text/plain","Crc32c":"qTxfkw==","Md5Hash":"ndTkYSaMgDT1yFZOFVxnpg==",'
    b'"Created":"2026-01-01T00:00:00Z","Updated":"2026-01-01T00:00:00Z","Generation":%d}'
)
Serving = Callable[[Path], AbstractContextManager[Buckets]]


@contextmanager
def ours(folder: Path) -> Iterator[Buckets]:
    """Our server over a folder."""
    emulator = Emulator(folder, free_ports([0])[0])
    emulator.start()
    try:
        yield open_buckets(emulator.address)
    finally:
        emulator.stop()


@contextmanager
def theirs(folder: Path, binary: str) -> Iterator[Buckets]:
    """fake-gcs-server over a folder, as earlier versions started it."""
    (port,) = free_ports([0])
    address = f"http://127.0.0.1:{port}"
    (folder / "buckets").mkdir(exist_ok=True)
    process = subprocess.Popen(
        [
            *(binary, "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)),
            *("-backend", "filesystem", "-filesystem-root", str(folder / "buckets")),
            *("-external-url", address, "-log-level", "error"),
        ]
    )
    try:
        end = time.monotonic() + 20
        while not _answers(port) and time.monotonic() < end:
            time.sleep(0.05)
        yield open_buckets(address)
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def fill(folder: Path, count: int) -> None:
    """Plain files, as the other side keeps objects; ours takes them over when it starts."""
    for number in range(count):
        path = folder / "buckets" / "listed" / f"folder-{number // 1000:03}" / f"{number:06}.json"
        if number % 1000 == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
        os.setxattr(path, "user.metadata", NOTE % number)


def measure(serving: Serving, objects: int) -> dict[str, float]:
    """Seconds of each task, on a folder of its own."""
    small, large = os.urandom(SMALL_BYTES), os.urandom(LARGE_BYTES)
    with tempfile.TemporaryDirectory(prefix="contact-sheet-bench-") as name:
        folder = Path(name)
        fill(folder, objects)
        with serving(folder) as buckets, ThreadPoolExecutor(THREADS) as pool:
            buckets.make_bucket("small")

            def upload(number: int) -> None:
                buckets.write(f"gs://small/{number:04}.jpg", small, "image/jpeg")

            def read(number: int) -> None:
                assert buckets.read(f"gs://small/{number:04}.jpg") == small

            blob = buckets._client.bucket("small").blob("large", chunk_size=CHUNK)
            return {
                f"upload {SMALL:,} of {SMALL_BYTES:,} bytes, {THREADS} threads": _seconds(
                    lambda: list(pool.map(upload, range(SMALL)))
                ),
                "read them": _seconds(lambda: list(pool.map(read, range(SMALL)))),
                f"list {objects:,}": _seconds(lambda: _listed(buckets, objects)),
                "list one folder of 1,000 of them": _seconds(
                    lambda: _listed(buckets, 1000, "folder-000/")
                ),
                f"upload {LARGE_BYTES:,} bytes, resumable": _seconds(
                    lambda: blob.upload_from_string(large)
                ),
                "download it": _seconds(lambda: buckets.read("gs://small/large")),
            }


def _listed(buckets: Buckets, wanted: int, folder: str = "") -> None:
    count = sum(1 for _ in buckets.list_objects(LISTED + folder))
    if count != wanted:
        raise BucketError(f"{count} objects were listed in place of {wanted}")


def _seconds(task: Callable[[], object]) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def main() -> int:
    """Print a line a task; 1 if ours is slower at small uploads or at the long listing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--against", default=shutil.which("fake-gcs-server") or "")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--objects", type=int, default=100_000)
    options = parser.parse_args()
    sides: dict[str, Serving] = {"ours": ours}
    if options.against:
        sides["theirs"] = partial(theirs, binary=options.against)
    best: dict[str, dict[str, float]] = {side: {} for side in sides}
    for _ in range(options.rounds):
        for side, serving in sides.items():
            for task, seconds in measure(serving, options.objects).items():
                best[side][task] = min(seconds, best[side].get(task, seconds))
    slower = False
    for number, (task, seconds) in enumerate(best["ours"].items()):
        line = f"{task:<45} {seconds:7.2f} s"
        if "theirs" in best:
            other = best["theirs"][task]
            line += f"   fake-gcs-server {other:7.2f} s   {other / seconds:5.1f} times as fast"
            slower |= number in (0, 2) and seconds > other
        print(line)
    return int(slower)


if __name__ == "__main__":
    sys.exit(main())
