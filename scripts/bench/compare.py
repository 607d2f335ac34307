"""Time a comparison of two generated result sets over the same pictures, every feature in both.

    python -m scripts.bench.compare [2000 20000]

Shards are generated once, under build/bench/.
"""

from __future__ import annotations

import re
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from core.results.compare.comparison import compare
from core.results.shards.shard_files import ShardFile
from core.results.tables import tables
from core.results.tables.tables import Tables
from tests.kit.results.generated_shards import generate

FOLDER = Path(__file__).parents[2] / "build" / "bench"
RUNS = 5


def main() -> int:
    """Print the best of a few runs for each size on the command line."""
    for pictures in map(int, sys.argv[1:] or ("2000", "20000")):
        left, right = (_tables(pictures, seed) for seed in (1, 2))
        best = busy = float("inf")
        for _ in range(RUNS):
            started, working = time.perf_counter(), time.process_time()
            comparison = compare(left, right)
            best = min(best, time.perf_counter() - started)
            busy = min(busy, time.process_time() - working)
        started = time.perf_counter()
        comparison.ranked()
        ranked = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{pictures:>7,} pictures a side, {len(comparison.features)} features: "
            f"compared in {best:.2f} s ({busy:.2f} s of processor time), "
            f"ranked in {1000 * ranked:.0f} ms, process peak {peak:,.0f} MB"
        )
    return 0


def _tables(pictures: int, seed: int) -> Tables:
    folder = FOLDER / f"compare-{pictures}-{seed}"
    if not folder.is_dir():
        generate(folder, pictures, seed=seed, processes=2)
    return tables.build(_shards(folder))


def _shards(folder: Path) -> Iterator[tuple[ShardFile, bytes]]:
    for path in folder.glob("*.json"):
        if match := re.search(r"output-(\d+)-to-(\d+)\.json$", path.name):
            file = ShardFile(f"gs://generated/{path.name}", int(match[1]), int(match[2]))
            yield file, path.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
