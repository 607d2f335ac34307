"""How fast result shards become tables, as ratios to other ways on the same bytes.

    python scripts/bench/tables.py [--pictures 2000] [--rounds 7] [--slow-mb 40]

Ways compared, each in one process: proto-plus ``AnnotateImageResponse.from_json`` for each response
(the official samples' way; cutting the shard into responses is not counted),
``pandas.json_normalize`` into one frame for each feature, and ``orjson.loads`` alone, which makes
no table at all. They run over the first shards up to ``--slow-mb``, and ours over the same ones.
Ours pauses garbage collection by itself; orjson is timed with it paused too (its better time), the
others as a user would run them. Times are the least CPU seconds of the
rounds in one process, and the least seconds by the clock where two processes are compared.

"Two processes" read the shards from disk by themselves, as ``tables.load`` lets them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import orjson
import pandas as pd
from google.cloud import vision

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.buckets import Buckets, ObjectInfo
from core.results.shards.decoding import gc_paused
from core.results.shards.shard_files import ShardFile
from core.results.tables import tables
from tests.kit.results.generated_shards import generate

Shards = Sequence[tuple[ShardFile, bytes]]
AIMS = {"from_json": 45.0, "json_normalize": 25.0, "orjson": 1.0}


class FolderBuckets:
    """Just enough of Buckets to read shards from a folder; picklable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self) -> Buckets:
        """Open itself: its own opener."""
        return cast(Buckets, self)

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """All files of the folder."""
        for path in self.folder.iterdir():
            yield ObjectInfo(prefix + path.name, path.stat().st_size, datetime.now(UTC), 1, "", "")

    def read_many(self, uris: Iterable[str]) -> Iterator[bytes]:
        """Bytes of each."""
        for uri in uris:
            yield (self.folder / uri.rsplit("/", 1)[-1]).read_bytes()


def least(
    work: Callable[[], object], rounds: int, clock: Callable[[], float] = time.process_time
) -> float:
    """Least seconds of some runs; CPU seconds unless another clock is given."""
    best = float("inf")
    for _ in range(rounds):
        begun = clock()
        work()
        best = min(best, clock() - begun)
    return best


def read_shards(folder: Path, pictures: int, *, documents: bool) -> Shards:
    """Shards of a folder, generated before the first use."""
    starts = range(1, pictures + 1, 20)
    paths = [folder / f"output-{n}-to-{min(n + 19, pictures)}.json" for n in starts]
    if not all(path.exists() for path in paths):
        print(f"Generating {pictures:,} pictures' shards in {folder} ...", flush=True)
        generate(folder, pictures, processes=multiprocessing.cpu_count(), documents=documents)
    return [
        (ShardFile(f"gs://bench/{path.name}", n, min(n + 19, pictures)), path.read_bytes())
        for n, path in zip(starts, paths, strict=True)
    ]


def first_shards(shards: Shards, size: float) -> Shards:
    """The first shards up to so many bytes, at least one."""
    taken, total = 0, 0
    while taken < len(shards) and (total := total + len(shards[taken][1])) <= size:
        taken += 1
    return shards[: max(1, taken)]


def by_proto_plus(texts: Sequence[str]) -> None:
    """The official samples' way, on the text of single responses."""
    for text in texts:
        vision.AnnotateImageResponse.from_json(text)


FEATURES: list[str | list[str]] = [
    "labelAnnotations",
    "localizedObjectAnnotations",
    "faceAnnotations",
    "landmarkAnnotations",
    "logoAnnotations",
    "textAnnotations",
    ["imagePropertiesAnnotation", "dominantColors", "colors"],
    ["cropHintsAnnotation", "cropHints"],
    ["webDetection", "webEntities"],
]


def by_json_normalize(shards: Shards) -> list[pd.DataFrame]:
    """One frame a feature, and one wide frame for what each picture has once."""
    responses = [r for _, data in shards for r in json.loads(data)["responses"]]
    for response in responses:
        response["uri"] = response["context"]["uri"]
    frames = [pd.json_normalize(responses, max_level=1)]
    for feature in FEATURES:
        path = feature if isinstance(feature, list) else [feature]
        having = [r for r in responses if _reach(r, path)]
        if having:
            frames.append(pd.json_normalize(having, path, meta=["uri"]))
    return frames


def _reach(value: Any, path: Sequence[str]) -> bool:
    for name in path:
        value = value.get(name, {})
    return bool(value)


def by_orjson(shards: Shards) -> list[object]:
    """Parsing alone: Python dicts and lists."""
    with gc_paused():
        return [orjson.loads(data) for _, data in shards]


def compare(name: str, folder: Path, shards: Shards, rounds: int, slow_mb: float) -> None:
    """Time all ways on one set of shards and print the ratios."""
    size = sum(len(data) for _, data in shards) / 1e6
    some = first_shards(shards, slow_mb * 1e6)
    some_mb = sum(len(data) for _, data in some) / 1e6
    texts = [json.dumps(r) for _, data in some for r in json.loads(data)["responses"]]
    few = max(1, rounds // 3)
    ours = least(lambda: tables.build(shards), rounds)
    ours_some = ours if some == shards else least(lambda: tables.build(some), rounds)
    slow = {
        "from_json": least(lambda: by_proto_plus(texts), few),
        "json_normalize": least(lambda: by_json_normalize(some), few),
        "orjson": least(lambda: by_orjson(some), rounds),
    }
    print(
        f"\n{name}: {len(shards)} shards, {size:.1f} MB; "
        f"other ways on {len(some)} of them, {some_mb:.1f} MB"
    )
    print(f"  tables, one process      {ours:8.3f} s  {size / ours:7.0f} MB/s")
    one = least(lambda: tables.build(shards), rounds, time.perf_counter)
    two = least_of_two_processes(folder, rounds)
    print(f"  tables, two processes    {two:8.3f} s  {one / two:7.2f} times as fast as one")
    for way, seconds in slow.items():
        ratio = seconds / ours_some
        verdict = "reached" if ratio >= AIMS[way] else "missed"
        print(
            f"  against {way:16} {seconds:8.3f} s  {ratio:7.2f} times as fast "
            f"(aim {AIMS[way]:g}: {verdict}; two processes {ratio * one / two:.2f})"
        )


def least_of_two_processes(folder: Path, rounds: int) -> float:
    """Seconds of reading and decoding a folder in two processes that have started before."""
    buckets = FolderBuckets(folder)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        load = partial(tables.load, buckets(), "gs://bench/", pool, 2, buckets)
        load()  # imports are not the work
        return least(load, rounds, time.perf_counter)


def main() -> None:
    """Run both comparisons."""
    parser = argparse.ArgumentParser(description="Bench of shards to tables")
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slow-mb", type=float, default=40.0)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    for name, documents in (("without document text", False), ("with document text", True)):
        folder = given.folder / f"{'documents' if documents else 'plain'}-{given.pictures}"
        shards = read_shards(folder, given.pictures, documents=documents)
        compare(name.capitalize(), folder, shards, given.rounds, given.slow_mb)


if __name__ == "__main__":
    main()
