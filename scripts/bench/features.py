"""Pictures a second of each feature and of all together, beside the bare model.

A worker process decodes a picture, prepares it, runs the models, and writes the response's JSON.
The bare model is ``session.run`` alone: the very calls that the worker made, recorded with their
inputs and made again, in the same number of processes. The ratio says how much of the time goes
into the models; what is left is the engine's own. On a machine that others use, trust the processor
time::

    python -m scripts.bench.features [--pictures 24] [--workers 2] [--rounds 3] [--only LABEL]

An earlier state of the engine is measured right before, with the same pictures and models:
``--before COMMIT`` says which, "" leaves it out.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from core.settings import Settings
from scripts.bench.engine import Timing, make_pictures

ALL = "all together"
READ_TWICE = "TEXT_DETECTION"  # the same work as DOCUMENT_TEXT_DETECTION
NOTE = Path("build/bench_features.json")
BEFORE = "45c6a78"  # the engine before closer looks were taken of parts alone


class FeatureRow(NamedTuple):
    """One line of the table; a picture's processor time in milliseconds, all processes together."""

    title: str
    pictures_a_second: float
    models_a_second: float | None
    cpu_ms: float
    model_cpu_ms: float

    @property
    def ratio(self) -> float | None:
        """The model's share of the processor time."""
        return self.model_cpu_ms / self.cpu_ms if self.model_cpu_ms else None

    @property
    def per_cpu_second(self) -> float:
        """Pictures that a second of one processor answers."""
        return 1000 / self.cpu_ms


def timed(work: Callable[[], object], gate: Any) -> Timing:
    """Run something when all processes are ready to."""
    gate.wait()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Timing(time.perf_counter() - wall, time.process_time() - cpu)


class Recorder:
    """Notes every ``session.run`` of this process, to make the same calls again."""

    def __init__(self) -> None:
        import onnxruntime

        self.calls: list[tuple[Any, tuple[Any, ...]]] = []
        self._plain = plain = onnxruntime.InferenceSession.run
        self._listening = False

        def run(session: Any, *arguments: Any, **more: Any) -> Any:
            if self._listening:
                self.calls.append((session, arguments))
            return plain(session, *arguments, **more)

        onnxruntime.InferenceSession.run = run

    def record(self, work: Callable[[], object]) -> None:
        """Forget the calls before, note those of ``work``."""
        self.calls.clear()
        self._listening = True
        try:
            work()
        finally:
            self._listening = False

    def again(self) -> None:
        """Make the noted calls."""
        for session, arguments in self.calls:
            self._plain(session, *arguments)


def _share(
    paths: Sequence[Path],
    sets: Sequence[Sequence[str]],
    rounds: int,
    gate: Any,
    results: Any,
) -> None:
    """One process: (set, engine timing, model timing) into ``results`` for each round."""
    from google.cloud import vision

    from core.engine.workers.kit import real_kit
    from core.engine.workers.worker import WorkerConfig, annotate

    recorder = Recorder()
    config = WorkerConfig(real_kit(), Settings.from_env().home / "engine" / "models", "")
    pictures = [path.read_bytes() for path in paths]
    for number, names in enumerate(sets):
        features = [vision.Feature(type_=getattr(vision.Feature.Type, name)) for name in names]
        requests = [
            vision.AnnotateImageRequest.serialize(
                vision.AnnotateImageRequest(image=vision.Image(content=data), features=features)
            )
            for data in pictures
        ]

        def work(requests: list[bytes] = requests) -> None:
            for request in requests:
                annotate(config, request, as_json=True)

        recorder.record(work)  # this warms up as well
        for _ in range(rounds):
            results.put((number, timed(work, gate), timed(recorder.again, gate)))
    gate.wait()


def measure(paths: Sequence[Path], sets: Sequence[Sequence[str]], workers: int, rounds: int) -> Any:
    """For each set of features the rounds' timings of all processes: [set][engine or model]."""
    context = multiprocessing.get_context("spawn")
    gate, results = context.Barrier(workers), context.Queue()
    processes = [
        context.Process(target=_share, args=(paths[n::workers], sets, rounds, gate, results))
        for n in range(workers)
    ]
    for process in processes:
        process.start()
    timings: list[tuple[list[Timing], list[Timing]]] = [([], []) for _ in sets]
    for _ in range(workers * rounds * len(sets)):
        number, engine, model = results.get(timeout=600)
        timings[number][0].append(engine)
        timings[number][1].append(model)
    for process in processes:
        process.join()
    return timings


def row(
    title: str, timings: tuple[list[Timing], list[Timing]], pictures: int, workers: int
) -> FeatureRow:
    """The best of the rounds; each process has an equal share of the pictures."""
    engine, model = (
        Timing(min(t.wall for t in one), min(t.cpu for t in one) * workers) for one in timings
    )
    has_model = model.cpu > 0.001 * engine.cpu
    return FeatureRow(
        title,
        pictures / engine.wall,
        pictures / model.wall if has_model else None,
        1000 * engine.cpu / pictures,
        1000 * model.cpu / pictures if has_model else 0.0,
    )


def supported() -> list[str]:
    """Every feature that this engine answers, the same work only once."""
    from core.engine.annotators import CAPABILITIES

    return [name for name, it in CAPABILITIES.items() if it.supported and name != READ_TWICE]


def measured_before(commit: str, arguments: Sequence[str]) -> dict[str, FeatureRow]:
    """The rows of an earlier commit's own bench, by title; {} where it cannot be had.

    It runs in a work tree of its own, with this engine's models.
    """
    home = Settings.from_env().home.resolve()
    environment = os.environ | {"CONTACT_SHEET_HOME": str(home)}
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        added = subprocess.run(
            ["git", "worktree", "add", "--detach", str(tree), commit],
            capture_output=True,
            text=True,
            check=False,
        )
        if added.returncode:
            print(f"Nothing to compare with: {added.stderr.strip()[-200:]}")
            return {}
        try:
            # It would measure an earlier one in its turn.
            command = [sys.executable, "-m", "scripts.bench.features", *arguments, "--before="]
            subprocess.run(command, cwd=tree, env=environment, capture_output=True, check=True)
            rows = json.loads((tree / NOTE).read_text(encoding="utf-8"))
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], check=False)
    return {row["title"]: FeatureRow(*(row[name] for name in FeatureRow._fields)) for row in rows}


def shown(row: FeatureRow, before: FeatureRow | None) -> str:
    """One line of the table."""
    bare = f"{row.models_a_second:8.1f}" if row.models_a_second else f"{'-':>8}"
    ratio = f"{row.ratio:6.2f}" if row.ratio else f"{'-':>6}"
    was = f"{before.per_cpu_second:8.1f} {before.cpu_ms:8.1f}" if before else f"{'-':>8} {'-':>8}"
    return (
        f"{row.title:<26} {was} {row.per_cpu_second:8.1f} {row.cpu_ms:8.1f}"
        f" {row.model_cpu_ms:8.1f} {ratio} {row.pictures_a_second:10.1f} {bare}"
    )


HEAD = (
    f"{'':<26} {'before':>17} {'now':>17} {'by the clock':>34}\n"
    f"{'feature':<26} {'a CPU s':>8} {'CPU ms':>8} {'a CPU s':>8} {'CPU ms':>8}"
    f" {'model':>8} {'ratio':>6} {'pictures/s':>10} {'model/s':>8}"
)


def main() -> int:
    """Print the table and keep it in ``build/``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="features by the beginning of the name")
    parser.add_argument("--before", default=BEFORE, help="a commit to compare with")
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # as the engine does for its workers
    sets = {name: (name,) for name in supported()} | {ALL: tuple(supported())}
    sets = {title: names for title, names in sets.items() if title.startswith(options.only)}
    count = options.pictures - options.pictures % options.workers
    own = ("pictures", "workers", "rounds", "only")
    same = [f"--{name}={getattr(options, name)}" for name in own]
    before = measured_before(options.before, same) if options.before else {}
    with tempfile.TemporaryDirectory() as folder:
        paths = make_pictures(Path(folder), count)
        measured = measure(paths, list(sets.values()), options.workers, options.rounds)
    rows = [
        row(title, timings, count, options.workers)
        for title, timings in zip(sets, measured, strict=True)
    ]
    print(f"{count} JPEGs of 1200 x 900, {options.workers} processes, best of {options.rounds}")
    print(HEAD)
    for one in rows:
        print(shown(one, before.get(one.title)))
    NOTE.parent.mkdir(exist_ok=True)
    NOTE.write_text(json.dumps([one._asdict() | {"ratio": one.ratio} for one in rows], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
