"""The local bucket's generations tell the cache what changed, as Cloud Storage's do."""

from __future__ import annotations

from pathlib import Path

from core.app.hub import Hub
from core.results.tables.cache import ResultsCache
from tests.kit.results.shards import labelled, shard_bytes

PREFIX = "gs://contact-sheet/cache-test/"


def test_an_overwritten_shard_of_the_same_size_is_read_again(hub: Hub, tmp_path: Path) -> None:
    uri = f"{PREFIX}output-1-to-1.json"
    for label in ("Dog", "Cat", "Dog"):
        hub.connection().buckets.write(
            uri, shard_bytes([labelled("gs://b/1.jpg", label)]), "application/json"
        )
        for _ in range(2):
            results = ResultsCache(tmp_path).load(hub.buckets, PREFIX)
            assert results["labels"]["label"].to_pylist() == [label]
    hub.connection().buckets.delete(uri)
