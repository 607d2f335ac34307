"""What the engine costs beyond its annotators.

Compares pictures a second through submit -> shards of a real engine process with pictures a second
of the same annotators called in a bare loop, in the same number of processes, on the same files. On
a machine that others use, trust the processor time: it counts what the engine adds, whatever else
is running::

    python scripts/bench/engine.py [--pictures 80] [--workers 2] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

SETS = {
    "labels": ("LABEL_DETECTION",),
    "labels, safe search, colours, crop hints": (
        "LABEL_DETECTION",
        "SAFE_SEARCH_DETECTION",
        "IMAGE_PROPERTIES",
        "CROP_HINTS",
    ),
    "document text": ("DOCUMENT_TEXT_DETECTION",),
}
AIM = 0.9
BUCKET = "contact-sheet"


def make_pictures(folder: Path, count: int) -> list[Path]:
    """JPEGs of 1200 x 900 from photographs that come with scikit-image, each cut differently."""
    import numpy as np
    from PIL import Image
    from skimage import data

    names = ("astronaut", "chelsea", "coffee", "rocket", "text")
    sources = [getattr(data, name)() for name in names]
    random = np.random.default_rng(2026)
    paths = []
    for number in range(count):
        image = Image.fromarray(sources[number % len(sources)]).convert("RGB")
        width, height = image.size
        left, top = random.integers(0, width // 4), random.integers(0, height // 4)
        box = (int(left), int(top), width * 3 // 4 + int(left), height * 3 // 4 + int(top))
        paths.append(folder / f"{number:04d}.jpg")
        image.crop(box).resize((1200, 900)).save(paths[-1], quality=88)
    return paths


def _bare_share(paths: Sequence[Path], names: Sequence[str], models: Path, gate: Any) -> None:
    from google.cloud import vision

    from core.engine.workers.kit import real_kit
    from core.pictures.picture import decode

    kit = real_kit()
    features = [vision.Feature(type_=getattr(vision.Feature.Type, name)) for name in names]
    annotators = [(feature, kit.load(int(feature.type_), models, False)) for feature in features]
    context = vision.ImageContext()

    def one(path: Path) -> None:
        picture, response = decode(path.read_bytes()), vision.AnnotateImageResponse()
        for feature, annotator in annotators:
            if annotator is not None:
                annotator.annotate(picture, feature, context, response)

    one(paths[0])  # warm
    os.nice(5)  # as the engine's workers do
    gate.wait()
    for path in paths:
        one(path)
    gate.wait()
    gate.wait()  # stay until the clock is read


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time that processes have used, 0 where the system does not tell."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task")
    pids = [pid]
    if children.exists():
        for thread in children.iterdir():
            pids += map(int, (thread / "children").read_text().split())
    return pids


class Timing(NamedTuple):
    """Seconds by the clock, and of processor time: of one process, or of several together."""

    wall: float
    cpu: float


def bare(paths: Sequence[Path], names: Sequence[str], models: Path, workers: int) -> Timing:
    """The bare loop."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(workers + 1)
    processes = [
        context.Process(target=_bare_share, args=(paths[n::workers], names, models, gate))
        for n in range(workers)
    ]
    for process in processes:
        process.start()
    gate.wait()
    pids = [process.pid or 0 for process in processes]
    started, used = time.perf_counter(), cpu_seconds(pids)
    gate.wait()
    timing = Timing(time.perf_counter() - started, cpu_seconds(pids) - used)
    gate.wait()
    for process in processes:
        process.join()
    return timing


class EngineWithClients:
    """A real engine process with clients."""

    def __init__(self, home: Path, workers: int) -> None:
        from google.cloud import vision
        from google.cloud.vision_v1.services.image_annotator import transports
        from grpc import insecure_channel

        from core.buckets import open_buckets

        environment = os.environ | {"CONTACT_SHEET_BACKEND": "local"}
        command = [sys.executable, "-m", "core.engine", "--home", str(home)]
        self._log = (home / "engine.log").open("wb")
        self._process = subprocess.Popen(
            [*command, "--workers", str(workers)], cwd=ROOT, env=environment, stderr=self._log
        )
        note = home / "engine" / "engine.json"
        while not note.exists():
            if self._process.poll() is not None:
                raise SystemExit((home / "engine.log").read_text())
            time.sleep(0.1)
        facts = json.loads(note.read_text())
        transport = transports.ImageAnnotatorGrpcTransport(
            channel=insecure_channel(facts["vision_address"])
        )
        self.client = vision.ImageAnnotatorClient(transport=transport)
        self.buckets = open_buckets(facts["storage_address"])

    def run(self, uris: Sequence[str], names: Sequence[str], prefix: str) -> Timing:
        """From submit to the last shard: engine, workers and storage together."""
        from google.cloud import vision

        features = [vision.Feature(type_=getattr(vision.Feature.Type, name)) for name in names]
        request = vision.AsyncBatchAnnotateImagesRequest(
            requests=[
                vision.AnnotateImageRequest(
                    image=vision.Image(source=vision.ImageSource(image_uri=uri)), features=features
                )
                for uri in uris
            ],
            output_config=vision.OutputConfig(
                gcs_destination=vision.GcsDestination(uri=prefix), batch_size=20
            ),
        )
        pids = family(self._process.pid)
        started, used = time.perf_counter(), cpu_seconds(pids)
        sent = self.client.async_batch_annotate_images(request=request, retry=None, timeout=60)
        operations = self.client.transport.operations_client
        while not operations.get_operation(sent.operation.name).done:
            time.sleep(0.02)
        return Timing(time.perf_counter() - started, cpu_seconds(pids) - used)

    def stop(self) -> None:
        """End it."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        self._log.close()


def main() -> int:
    """Print a table; 1 if a ratio misses the aim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=80)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="a set of features by the beginning of its name")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        paths = make_pictures(home, options.pictures)
        engine = EngineWithClients(home, options.workers)
        try:
            uris = [f"gs://{BUCKET}/bench/{path.name}" for path in paths]
            for uri, path in zip(uris, paths, strict=True):
                engine.buckets.write(uri, path.read_bytes(), "image/jpeg")
            print(f"{len(paths)} JPEGs of 1200 x 900, {options.workers} processes")
            print(
                f"{'features':<42} {'bare/s':>7} {'engine/s':>8} {'ratio':>6}"
                f" {'CPU ms bare':>11} {'engine':>9} {'ratio':>6}"
            )
            for title, names in SETS.items():
                if options.only and not title.startswith(options.only):
                    continue
                ratio = _compare(engine, title, names, paths, uris, home, options)
                missed = missed or ratio < AIM
        finally:
            engine.stop()
    return 1 if missed else 0


def _compare(
    engine: EngineWithClients,
    title: str,
    names: Sequence[str],
    paths: Sequence[Path],
    uris: Sequence[str],
    home: Path,
    options: argparse.Namespace,
) -> float:
    engine.run(uris[: 4 * options.workers], names, f"gs://{BUCKET}/warm/")  # every worker loads
    bares: list[Timing] = []
    engines: list[Timing] = []
    for number in range(options.rounds):
        prefix = f"gs://{BUCKET}/{names[0]}/{number}/"
        bares.append(bare(paths, names, home / "engine" / "models", options.workers))
        engines.append(engine.run(uris, names, prefix))
    wall = min(bares).wall, min(engines).wall
    cpu = min(timing.cpu for timing in bares), min(timing.cpu for timing in engines)
    count = len(paths)
    print(
        f"{title:<42} {count / wall[0]:7.1f} {count / wall[1]:8.1f} {wall[0] / wall[1]:6.2f}"
        f" {1000 * cpu[0] / count:11.1f} {1000 * cpu[1] / count:9.1f} {cpu[0] / cpu[1]:6.2f}",
        flush=True,
    )
    return wall[0] / wall[1]


if __name__ == "__main__":
    sys.exit(main())
