"""How fast results open and answer, against pandas on the same tables: time and peak memory.

    python -m scripts.bench.store [--million] [--pictures 2000 100000] [--shards 20000] [--rounds 5]

Two parts. The first opens generated shards through the results cache twice. The second asks the
store and pandas the same questions. Its tables are generated directly (``generated_tables``) and
laid into the cache as if their shards had been decoded: shards for 1,000,000 pictures would be
10 GB of JSON. Every side of every size has a process of its own; peak memory is that process's.
Times are the least CPU seconds of the rounds, as in bench_tables: on a machine that does nothing
else the clock shows as much or less. Of ours no mask is remembered from round to round.
pandas is asked as its users would, with categories for names; palette and co-occurrence as far as
they can be shortened without a library of our own (colours summed before they are clustered).
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.buckets import Buckets, ObjectInfo
from core.results.columns import palettes
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.shards.shard_files import ShardFile
from core.results.tables import cached_part
from core.results.tables.cache import ResultsCache
from core.results.tables.schemas import SCHEMAS
from core.results.vocabulary import SAFE_CATEGORIES
from scripts.bench.tables import FolderBuckets, least, read_shards
from tests.kit.results.generated_shards import BUCKET
from tests.kit.results.generated_tables import CHUNK, chunks

PREFIX = f"{BUCKET}/"
AIM_S = 0.3
AIM_MB = 2000
CROSS = Filters(labels=("Dog", "Cat"), objects=("Person",), safe=(("adult", "POSSIBLE"),))
Answers = dict[str, Callable[[], object]]


class ListedBuckets:
    """A bucket that lists shards which nobody may need to read."""

    def __init__(self, pictures: int) -> None:
        self.shards = shards_of(0, pictures)

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """All of them."""
        for shard in self.shards:
            yield ObjectInfo(shard.uri, shard.size, datetime.now(UTC), shard.generation, "", "")

    def read_many(self, uris: Iterable[str]) -> Iterator[bytes]:
        """Nothing: the reader has no cache."""
        raise AssertionError(f"{list(uris)[:1]} should have been in the cache")


def shards_of(first: int, end: int) -> list[ShardFile]:
    """Shards of 20 for the pictures from ``first`` on, counted from 0."""
    return [
        ShardFile(f"{PREFIX}output-{n + 1}-to-{n + 20}.json", n + 1, n + 20, 200_000, 1)
        for n in range(first, end, 20)
    ]


def lay_in(folder: Path, pictures: int) -> None:
    """Generated tables as parts of the cache, made before the first use."""
    home = ResultsCache(folder).home(PREFIX)
    if home.exists():
        return
    print(f"Generating {pictures:,} pictures' tables in {folder} ...", flush=True)
    home.mkdir(parents=True)
    for number, tables in enumerate(chunks(pictures)):
        first = number * CHUNK
        end = first + tables["pictures"].num_rows
        offset = pa.scalar(first, pa.int32())
        local = {
            name: table.set_column(0, "picture", pc.subtract(table["picture"], offset))
            for name, table in tables.items()
        }
        cached_part.write_part(home, local, shards_of(first, end), [], [])


def ours(folder: Path, pictures: int) -> Answers:
    """The store's answers; one mask more or less is part of the work."""
    tables = ResultsCache(folder).load(cast(Buckets, ListedBuckets(pictures)), PREFIX)
    store, none = Store(tables), Filters()

    def cross() -> object:
        store._masks._masks.clear()  # as if these filters had never been asked for
        return store.labels(CROSS, without=None)

    return {
        "label frequency": lambda: store.labels(none),
        "safe search": lambda: store.safe_search(none),
        "batch palette": lambda: store.palette_batch(none),
        "co-occurrence": lambda: store.co_occurrence(none),
        "cross-filter": cross,
    }


def with_pandas(folder: Path, pictures: int) -> Answers:
    """The same questions to data frames of the same Parquet files."""
    home = ResultsCache(folder).home(PREFIX)
    parts = sorted(filter(None, map(cached_part.open_part, home.iterdir())), key=_first)
    frames = {name: _frame(parts, name) for name in ("labels", "objects", "safe_search", "colors")}
    labels, safe = frames["labels"], frames["safe_search"]

    def frequency(rows: pd.DataFrame = labels) -> pd.DataFrame:
        by_label = rows.groupby("label", observed=True)
        counts = by_label.agg(pictures=("picture", "nunique"), mean_score=("score", "mean"))
        return counts.nlargest(30, "pictures")

    def palette() -> object:
        weights = frames["colors"].groupby("color")["fraction"].sum()
        lab = palettes.to_lab(weights.index.to_numpy(np.int64))
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # no stubs

        with threadpool_limits(1):  # as ours: its waiting threads spin
            return KMeans(8, n_init=1, random_state=0).fit(lab, sample_weight=weights)

    def together() -> object:
        top = labels["label"].value_counts().head(20).index
        rows = labels[labels["label"].isin(top)]
        pairs = pd.crosstab(rows["picture"], rows["label"].cat.remove_unused_categories())
        pairs = pairs.clip(upper=1)
        return pairs.T @ pairs

    def cross() -> pd.DataFrame:
        objects = frames["objects"]
        of_label = labels.loc[labels["label"].isin(list(CROSS.labels)), "picture"]
        of_object = objects.loc[objects["object"].isin(list(CROSS.objects)), "picture"]
        flagged = safe.loc[safe["adult"] >= 3, "picture"]
        both = flagged[flagged.isin(of_label) & flagged.isin(of_object)]
        chosen: pd.DataFrame = labels[labels["picture"].isin(both)]
        return frequency(chosen)

    return {
        "label frequency": frequency,
        "safe search": lambda: [safe[name].value_counts() for name in SAFE_CATEGORIES],
        "batch palette": palette,
        "co-occurrence": together,
        "cross-filter": cross,
    }


def _first(part: cached_part.CachedPart) -> int:
    return part.shards[0].first


def _frame(parts: Sequence[cached_part.CachedPart], name: str) -> pd.DataFrame:
    columns = [column for column in SCHEMAS[name].names if column not in ("polygon", "normalized")]
    pieces, first = [], 0
    for part in parts:
        frame = pq.read_table(part.folder / f"{name}.parquet", columns=columns).to_pandas()
        pieces.append(frame.assign(picture=(frame["picture"] + first).astype(np.int32)))
        first += part.rows
    joined: pd.DataFrame = pd.concat(pieces, ignore_index=True)
    texts = [column for column in columns if joined[column].dtype.kind not in "iufb"]
    coded: pd.DataFrame = joined.astype(dict.fromkeys(texts, "category"))
    return coded


SIDES = {"ours": ours, "pandas": with_pandas}


def measure(side: str, folder: Path, pictures: int, rounds: int) -> dict[str, Any]:
    """Open and ask in this process."""
    begun = time.process_time()
    answers = SIDES[side](folder, pictures)
    opened = time.process_time() - begun
    seconds = {}
    for name, ask in answers.items():
        once = least(ask, 1)  # imports and columns of codes are made here
        enough = once > 5 and side == "pandas"  # it runs for minutes at a million
        seconds[name] = once if enough else least(ask, rounds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return {"open": opened, "seconds": seconds, "peak_mb": peak}


def in_own_process(side: str, folder: Path, pictures: int, rounds: int) -> dict[str, Any]:
    """``measure`` in a fresh process."""
    arguments = [side, str(folder), str(pictures), str(rounds)]
    command = [sys.executable, "-m", "scripts.bench.store", "--measure", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def compare(folder: Path, pictures: int, rounds: int) -> None:
    """Ask both sides and print the ratios."""
    lay_in(folder, pictures)
    figures = {side: in_own_process(side, folder, pictures, rounds) for side in SIDES}
    mine, theirs = figures["ours"], figures["pandas"]
    print(f"\n{pictures:,} pictures              ours     pandas")
    for name, seconds in mine["seconds"].items():
        other = theirs["seconds"][name]
        verdict = "reached" if seconds <= AIM_S else "missed"
        print(
            f"  {name:18} {seconds * 1000:8.0f} ms {other * 1000:8.0f} ms "
            f"{other / seconds:7.1f} times as fast (aim {AIM_S * 1000:.0f} ms: {verdict})"
        )
    verdict = "reached" if mine["peak_mb"] <= AIM_MB else "missed"
    print(
        f"  {'peak memory':18} {mine['peak_mb']:8.0f} MB {theirs['peak_mb']:8.0f} MB "
        f"(aim {AIM_MB} MB: {verdict}; ours holds every table, pandas the four it is asked about)"
    )
    print(f"  {'open':18} {mine['open']:8.2f} s  {theirs['open']:8.2f} s")


def open_twice(folder: Path, pictures: int, rounds: int) -> None:
    """Open generated shards without and with a filled cache."""
    shards = folder / f"plain-{pictures}"
    read_shards(shards, pictures, documents=False)
    buckets, place = FolderBuckets(shards)(), folder / "cache-of-shards"

    def work() -> None:
        Store(ResultsCache(place).load(buckets, "gs://bench/")).labels(Filters())

    times = {}
    for clock in (time.perf_counter, time.process_time):
        shutil.rmtree(place, ignore_errors=True)
        first = least(work, 1, clock)
        times[clock.__name__] = (first, least(work, rounds, clock))
    for name, (first, second) in times.items():
        verdict = "reached" if second <= first / 10 else "missed"
        print(
            f"  {pictures:,} pictures' shards ({name}): first open {first:.2f} s, "
            f"second {second:.2f} s, a {first / second:.0f}th (aim a 10th: {verdict})"
        )


def main() -> None:
    """Run both parts, or measure one side for the process that asked for it."""
    parser = argparse.ArgumentParser(description="Bench of the results store")
    parser.add_argument("--pictures", type=int, nargs="*", default=[2000, 100_000])
    parser.add_argument("--million", action="store_true", help="1,000,000 pictures as well")
    parser.add_argument("--shards", type=int, default=20_000, help="0 leaves this part out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        side, folder, pictures, rounds = given.measure
        print(json.dumps(measure(side, Path(folder), int(pictures), int(rounds))))
        return
    if given.shards:
        open_twice(given.folder, given.shards, given.rounds)
    for pictures in [*given.pictures, *([1_000_000] if given.million else [])]:
        compare(given.folder / f"tables-{pictures}", pictures, given.rounds)


if __name__ == "__main__":
    main()
