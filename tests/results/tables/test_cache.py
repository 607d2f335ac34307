"""The results cache gives what decoding everything would, whatever happens to its files."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from unittest import mock

import pytest

from core.buckets import Buckets, ObjectInfo
from core.errors import NoShards, ObjectNotFound
from core.results.query.store import Store
from core.results.shards.shard_files import ShardFile
from core.results.tables import cache, cached_part, tables
from core.results.tables.cache import ResultsCache
from core.results.tables.schemas import SCHEMAS
from core.results.tables.tables import Tables
from tests.kit.results.shards import failed, labelled, shard_bytes

PREFIX = "gs://b/job/"


@dataclass
class Bucket:
    """A bucket in memory that notes which objects were read; every write is a new generation."""

    objects: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def put(self, name: str, data: bytes) -> None:
        generation = self.objects.get(name, (b"", 0))[1] + 1
        self.objects[name] = (data, generation)

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        for uri, (data, generation) in sorted(self.objects.items()):
            if uri.startswith(prefix):
                yield ObjectInfo(uri, len(data), datetime.now(UTC), generation, "", "")

    def read_many(self, uris: Iterable[str]) -> Iterator[bytes]:
        for uri in uris:
            if uri in self.gone:
                raise ObjectNotFound("There is no such object", where=uri)
            self.reads.append(uri)
            yield self.objects[uri][0]

    @property
    def typed(self) -> Buckets:
        return cast(Buckets, self)

    def add(self, number: int, *labels: str, folder: str = "try-1/") -> str:
        """A shard of one picture, or of its error if there are no labels."""
        picture = f"gs://b/{number}.jpg"
        answer = labelled(picture, *labels) if labels else failed(picture)
        uri = f"{PREFIX}{folder}output-{number}-to-{number}.json"
        self.put(uri, shard_bytes([answer]))
        return uri


@pytest.fixture
def bucket() -> Bucket:
    fake = Bucket()
    for number in range(1, 6):
        fake.add(number, f"label {number}", "common")
    return fake


def load(bucket: Bucket, folder: Path) -> Tables:
    """Load by the cache, and insist that it is what decoding everything gives."""
    results = ResultsCache(folder).load(bucket.typed, PREFIX)
    noted, bucket.reads = bucket.reads, []
    expected = tables.load(bucket.typed, PREFIX)
    bucket.reads = noted
    for name, schema in SCHEMAS.items():
        assert results[name].schema.equals(schema), name
        assert results[name].to_pylist() == expected[name].to_pylist(), name
    assert results.shards == expected.shards
    assert [str(fault) for fault in results.faults] == [str(fault) for fault in expected.faults]
    return results


def reads(bucket: Bucket) -> list[str]:
    """What has been read since the last time."""
    noted, bucket.reads = bucket.reads, []
    return noted


def parts(folder: Path) -> list[Path]:
    return [path.parent for path in folder.glob("*/*/manifest.json")]


def test_a_second_open_reads_no_shard(bucket: Bucket, tmp_path: Path) -> None:
    load(bucket, tmp_path)
    assert len(reads(bucket)) == 5
    load(bucket, tmp_path)
    assert reads(bucket) == []


def test_generated_shards_come_back_the_same(
    generated_shards: list[tuple[ShardFile, bytes]], tmp_path: Path
) -> None:
    bucket = Bucket()
    for file, data in generated_shards:
        bucket.put(file.uri, data)
    first = load(bucket, tmp_path)
    assert first.pictures == 300
    reads(bucket)
    again = load(bucket, tmp_path)
    assert reads(bucket) == []
    asked = Store(again).annotations_of(range(300))
    assert asked == Store(tables.build(generated_shards)).annotations_of(range(300))


def test_shards_are_read_as_they_arrive_and_parts_stay_few(tmp_path: Path) -> None:
    bucket = Bucket()
    # In no order, as two operations at work at the same time write them.
    for number in (7, 2, 40, 1, 3, 30, 8, 4, *range(50, 66)):
        uri = bucket.add(number, f"label {number}")
        load(bucket, tmp_path)
        assert reads(bucket) == [uri]
        assert len(parts(tmp_path)) <= 3 * cache.MERGED
    assert not list(tmp_path.glob(f"*/{cached_part.UNFINISHED}*"))


def test_a_changed_shard_is_read_again_and_alone(bucket: Bucket, tmp_path: Path) -> None:
    load(bucket, tmp_path)
    reads(bucket)
    uri = bucket.add(3, "label X", "common")
    results = load(bucket, tmp_path)
    assert reads(bucket) == [uri]
    assert "label X" in results["labels"]["label"].to_pylist()
    assert "label 3" not in results["labels"]["label"].to_pylist()
    load(bucket, tmp_path)
    assert reads(bucket) == []


def test_a_changed_shard_of_the_same_size_is_seen(bucket: Bucket, tmp_path: Path) -> None:
    load(bucket, tmp_path)
    before = len(bucket.objects[bucket.add(3, "label 3", "common")][0])
    uri = bucket.add(3, "lebal 3", "common")
    assert len(bucket.objects[uri][0]) == before
    assert "lebal 3" in load(bucket, tmp_path)["labels"]["label"].to_pylist()


def test_a_vanished_shard_takes_its_pictures_along(bucket: Bucket, tmp_path: Path) -> None:
    load(bucket, tmp_path)
    reads(bucket)
    for number in (1, 4):
        del bucket.objects[f"{PREFIX}try-1/output-{number}-to-{number}.json"]
        results = load(bucket, tmp_path)
        assert f"gs://b/{number}.jpg" not in results["pictures"]["uri"].to_pylist()
    assert reads(bucket) == []
    assert results.pictures == 3
    bucket.objects.clear()
    with pytest.raises(NoShards):
        ResultsCache(tmp_path).load(bucket.typed, PREFIX)


def test_a_shard_that_goes_while_it_is_read_is_reported_and_tried_again(
    bucket: Bucket, tmp_path: Path
) -> None:
    uri = f"{PREFIX}try-1/output-2-to-2.json"
    bucket.gone.add(uri)
    assert [fault.where for fault in load(bucket, tmp_path).faults] == [uri]
    bucket.gone.clear()
    reads(bucket)
    assert load(bucket, tmp_path).faults == ()
    assert reads(bucket) == [uri]


def test_a_bad_shard_is_read_once_and_reported_every_time(bucket: Bucket, tmp_path: Path) -> None:
    uri = f"{PREFIX}try-1/output-9-to-10.json"
    bucket.put(uri, b'{"responses": [')
    for _ in range(2):
        assert [fault.where for fault in load(bucket, tmp_path).faults] == [uri]
    assert reads(bucket).count(uri) == 1
    bucket.put(uri, shard_bytes([labelled("gs://b/9.jpg", "mended")]))
    (fault,) = load(bucket, tmp_path).faults
    assert "promises 2 pictures, and it holds 1" in str(fault)


def test_a_retry_overrides_errors_across_loads(tmp_path: Path) -> None:
    bucket = Bucket()
    for number in (1, 2, 3):
        bucket.add(number)
    assert load(bucket, tmp_path)["pictures"]["error_code"].to_pylist() == [5, 5, 5]
    bucket.add(2, "second try", folder="try-2/")
    assert load(bucket, tmp_path)["pictures"]["error_code"].to_pylist() == [5, 0, 5]
    bucket.add(2, folder="try-3/")  # an error does not take an answer's place
    bucket.add(3, "third try", folder="try-10/")
    results = load(bucket, tmp_path)
    assert results["pictures"]["error_code"].to_pylist() == [5, 0, 0]
    assert results["labels"]["label"].to_pylist() == ["second try", "third try"]
    del bucket.objects[f"{PREFIX}try-2/output-2-to-2.json"]
    assert load(bucket, tmp_path)["pictures"]["error_code"].to_pylist() == [5, 5, 0]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x41
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["labels.parquet", "pictures.parquet", "manifest.json"])
@pytest.mark.parametrize("damage", [_cut, _flip, Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_damaged_file_is_made_again(
    bucket: Bucket, tmp_path: Path, name: str, damage: Any
) -> None:
    load(bucket, tmp_path)
    (part,) = parts(tmp_path)
    damage(part / name)
    reads(bucket)
    load(bucket, tmp_path)
    assert len(reads(bucket)) == 5
    load(bucket, tmp_path)
    assert reads(bucket) == []


def test_parts_of_another_version_are_not_trusted(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(bucket, tmp_path)
    reads(bucket)
    monkeypatch.setattr(cached_part, "VERSION", "another")
    load(bucket, tmp_path)
    assert len(reads(bucket)) == 5
    assert len(parts(tmp_path)) == 1


def _die_before_the_manifest(bucket: Bucket, folder: Path) -> None:
    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with mock.patch.object(cached_part, "_digest", die):  # the step after the tables
        ResultsCache(folder).load(bucket.typed, PREFIX)


def test_a_writer_killed_on_the_way_leaves_nothing_to_trust(bucket: Bucket, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writer = context.Process(target=_die_before_the_manifest, args=(bucket, tmp_path))
    writer.start()
    writer.join(60)
    assert writer.exitcode == -signal.SIGKILL
    assert list(tmp_path.glob(f"*/{cached_part.UNFINISHED}*/labels.parquet"))
    load(bucket, tmp_path)
    assert len(reads(bucket)) == 5
    assert not list(tmp_path.glob(f"*/{cached_part.UNFINISHED}*"))
    load(bucket, tmp_path)
    assert reads(bucket) == []


def _load_and_tell(bucket: Bucket, folder: Path, start: Any, queue: Any) -> None:
    start.wait(60)
    answers = []
    for number in range(1, 6):
        one = Bucket(dict(list(bucket.objects.items())[:number]))
        answers.append(ResultsCache(folder).load(one.typed, PREFIX)["labels"].to_pylist())
    queue.put(answers)


def test_processes_share_a_folder(bucket: Bucket, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start, queue = context.Barrier(2), context.Queue()
    writers = [
        context.Process(target=_load_and_tell, args=(bucket, tmp_path, start, queue))
        for _ in range(2)
    ]
    for writer in writers:
        writer.start()
    answers = [queue.get(timeout=120) for _ in writers]
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    assert answers[0] == answers[1]
    assert [len(rows) for rows in answers[0]] == [2, 4, 6, 8, 10]
    load(bucket, tmp_path)
    assert reads(bucket) == []


def test_a_faster_writer_s_part_is_used(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = cached_part._write

    def overtaken(folder: Path, name: str, table: Any) -> tuple[int, str]:
        if name == "labels" and not parts(tmp_path):
            monkeypatch.setattr(cached_part, "_write", written)
            ResultsCache(tmp_path).load(bucket.typed, PREFIX)
        return written(folder, name, table)

    monkeypatch.setattr(cached_part, "_write", overtaken)
    load(bucket, tmp_path)
    assert len(reads(bucket)) == 10  # both have read all: neither waits for the other
    assert len(parts(tmp_path)) == 1


def test_an_unusable_folder_costs_only_time(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    load(bucket, tmp_path / "file")

    def full(*_: object) -> tuple[int, str]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cached_part, "_write", full)
    load(bucket, tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*/*"))


def test_the_prefixes_not_opened_for_longest_make_room(tmp_path: Path) -> None:
    bucket = Bucket()
    prefixes = [f"gs://b/job-{n}/" for n in range(4)]
    for place, prefix in enumerate(prefixes):
        bucket.put(f"{prefix}output-1-to-1.json", shard_bytes([labelled("gs://b/1.jpg", "Dog")]))
        ResultsCache(tmp_path).load(bucket.typed, prefix)
        home = max((p for p in tmp_path.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
        os.utime(home, (1000 + place, 1000 + place))
    size = sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file())
    ResultsCache(tmp_path).load(bucket.typed, prefixes[0])  # now the latest used
    reads(bucket)
    oldest = min((p for p in tmp_path.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
    with (tmp_path / f"{oldest.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)  # somebody is reading job-1
        ResultsCache(tmp_path, limit=size * 2 // 3).load(bucket.typed, prefixes[0])
    for prefix in prefixes:
        ResultsCache(tmp_path).load(bucket.typed, prefix)
    assert reads(bucket) == [f"{p}output-1-to-1.json" for p in prefixes[2:]]


def test_object_names_never_become_file_names(tmp_path: Path) -> None:
    bucket = Bucket()
    prefix = "gs://b/../..//job\n/"
    bucket.put(f"{prefix}output-1-to-1.json", shard_bytes([labelled("gs://b/1.jpg", "Dog")]))
    folder = tmp_path / "cache"
    assert ResultsCache(folder).load(bucket.typed, prefix).pictures == 1
    names = {part for path in tmp_path.rglob("*") for part in path.relative_to(tmp_path).parts}
    known = {"cache", "manifest.json", *(f"{name}.parquet" for name in SCHEMAS)}
    assert all(
        name in known or set(name.removesuffix(".lock")) <= set("0123456789abcdef")
        for name in names
    )
    shutil.rmtree(folder)
    assert ResultsCache(folder).load(bucket.typed, prefix).pictures == 1
