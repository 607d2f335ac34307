"""A batch of any size whose shards were read before: in the bucket, and in the results cache.

A million pictures' shards would be 10 GB of JSON and take an hour. So the objects in the bucket
are empty, and the cache holds the tables that reading them would have left.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from core.buckets import Buckets
from core.results.shards.shard_files import ShardFile, list_shards
from core.results.tables.cache import ResultsCache
from core.results.tables.cached_part import write_part
from tests.kit.results.filled_bucket import DISTINCT, soft_jpeg
from tests.kit.results.generated_shards import BUCKET
from tests.kit.results.generated_tables import CHUNK, chunks

PREFIX = f"{BUCKET}/"  # where the generated tables say that shards are
A_SHARD = 20  # pictures


def fill_cached(buckets: Buckets, home: Path, pictures: int) -> None:
    """Put shards into the bucket, and their tables into a home's results cache.

    Args:
        pictures: a multiple of 20, as all shards hold so many.
    """
    buckets.make_bucket(BUCKET.removeprefix("gs://"))
    names = [f"{PREFIX}output-{n}-to-{n + A_SHARD - 1}.json" for n in range(1, pictures, A_SHARD)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda uri: buckets.write(uri, b"{}", "application/json"), names))
    shards = list_shards(buckets, PREFIX)
    folder = ResultsCache(home / "results-cache").home(PREFIX)
    folder.mkdir(parents=True)
    for n, tables in enumerate(chunks(pictures)):
        first = n * CHUNK // A_SHARD
        read: list[ShardFile] = shards[first : first + CHUNK // A_SHARD]
        own = {name: _from(table, n * CHUNK) for name, table in tables.items()}
        write_part(folder, own, read, (), ())


def _from(table: pa.Table, first: int) -> pa.Table:
    """Ids counted from the part's first picture, as parts do."""
    place = table.schema.get_field_index("picture")
    ids = pc.subtract(table["picture"], pa.scalar(first, pa.int32()))
    return table.set_column(place, table.schema.field("picture"), ids)


def upload_originals(buckets: Buckets, uris: Iterable[str]) -> None:
    """The pictures behind some addresses, of few that differ."""
    distinct = [soft_jpeg(seed) for seed in range(DISTINCT)]
    with ThreadPoolExecutor(8) as pool:
        for n, uri in enumerate(uris):
            pool.submit(buckets.write, uri, distinct[n % DISTINCT], "image/jpeg")
