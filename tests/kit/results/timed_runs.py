"""From tests.results.shards.test_runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from core.buckets import Buckets, ObjectInfo
from core.results.tables import tables
from core.results.tables.cache import ResultsCache
from core.results.tables.run_choice import Choice
from core.results.tables.tables import Tables

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
OUT = "gs://b/out/"


@dataclass(frozen=True)
class Stored:
    """An object, when it was written, and its generation."""

    data: bytes
    at: float = 0.0  # seconds after START
    generation: int = 1


Objects = Mapping[str, Stored]
Load = Callable[..., Tables]


class TimedBuckets:
    """A bucket in memory whose objects have times."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        for uri, stored in sorted(self.objects.items()):
            if uri.startswith(prefix):
                at = START + timedelta(seconds=stored.at)
                yield ObjectInfo(uri, len(stored.data), at, stored.generation, "", "")

    def read_many(self, uris: Iterable[str]) -> Iterator[bytes]:
        for uri in uris:
            yield self.objects[uri].data


def answers(*names: str, **features: Any) -> bytes:
    """A shard with an answer for each picture."""
    return json.dumps(
        {"responses": [{"context": {"uri": f"gs://p/{name}.jpg"}, **features} for name in names]}
    ).encode()


def labels(name: str) -> dict[str, Any]:
    return {"labelAnnotations": [{"description": name, "score": 0.9}]}


def run(
    label: str, total: int, batch: int, at: float = 0.0, folder: str = OUT, step: float = 5.0
) -> dict[str, Stored]:
    """What a request for pictures 1 to ``total`` writes, a shard every ``step`` seconds."""
    objects = {}
    for n, first in enumerate(range(1, total + 1, batch)):
        last = min(first + batch - 1, total)
        data = answers(*map(str, range(first, last + 1)), **labels(label))
        generation = 1_000_000 + int((at + n * step) * 1000)
        objects[f"{folder}output-{first}-to-{last}.json"] = Stored(data, at + n * step, generation)
    return objects


@pytest.fixture(params=["cached", "plain"])
def load(request: pytest.FixtureRequest, tmp_path: Path) -> Load:
    """Both ways to the same tables."""

    def cached(objects: Objects, prefix: str = OUT, choice: Choice | None = None) -> Tables:
        cache = ResultsCache(tmp_path / "cache")
        buckets = cast(Buckets, TimedBuckets(objects))
        cache.load(buckets, prefix, choice or Choice())
        return cache.load(buckets, prefix, choice or Choice())

    def plain(objects: Objects, prefix: str = OUT, choice: Choice | None = None) -> Tables:
        buckets = cast(Buckets, TimedBuckets(objects))
        return tables.load(buckets, prefix, choice=choice or Choice())

    return cached if request.param == "cached" else plain


HOUR = 3600.0
