"""One operation step by step: when shards are written, and how it ends when something fails."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.cloud import vision

from core.engine.operations.operation_work import ImagesWork
from core.engine.operations.records import OperationRecord, State, Unfinished
from core.engine.operations.retrying import Retrying
from core.engine.operations.store import OperationStore
from core.engine.workers.vectors import joined
from core.errors import BucketDenied, BucketError, BucketNotFound, BucketUnavailable
from tests.kit.services.memory_buckets import MemoryBuckets


class Rig:
    """A store, a bucket and an operation of five pictures by two."""

    def __init__(self, folder: Path) -> None:
        self.store = OperationStore(folder / "operations.sqlite3")
        self.buckets = MemoryBuckets()
        self.writer = ThreadPoolExecutor(1)
        self.ended: list[str] = []
        self.patience = Retrying()
        request = vision.AsyncBatchAnnotateImagesRequest(
            requests=[
                vision.AnnotateImageRequest(
                    image=vision.Image(source=vision.ImageSource(image_uri=f"gs://b/{n}"))
                )
                for n in range(5)
            ]
        )
        raw = vision.AsyncBatchAnnotateImagesRequest.serialize(request)
        self.name = self.store.create(raw, "gs://b/out/", 2, 5, "projects/p").name
        self.work = self.next_life()

    def next_life(self) -> ImagesWork:
        """The work as an engine makes it of what is on disk."""
        (unfinished,) = self.store.unfinished()
        return self.of(unfinished)

    def of(self, unfinished: Unfinished) -> ImagesWork:
        """The work."""
        return ImagesWork(
            self.store, self.buckets, self.writer, unfinished, self.ended.append, self.patience
        )

    def annotate(self, count: int) -> list[int]:
        """Let the next pictures come back; their positions."""
        taken = [self.work.take()[0] for _ in range(count)]
        self.work.settle([(position, b'{"n":%d}' % position) for position in taken])
        self.settled()
        return taken

    def settled(self) -> None:
        """The writer has nothing left to do."""
        self.writer.submit(lambda: None).result(30)

    def record(self) -> OperationRecord:
        """As it stands."""
        self.settled()
        return self.store.get(self.name)

    def numbers(self) -> dict[str, list[int | None]]:
        """Shards by name: the numbers of their pictures."""
        return {
            uri.removeprefix("gs://b/out/"): [
                answer.get("n") for answer in json.loads(data)["responses"]
            ]
            for uri, data in self.buckets.objects.items()
        }


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.writer.shutdown()


def test_each_shard_is_written_with_its_last_picture(rig: Rig) -> None:
    rig.annotate(1)
    assert rig.record().state is State.RUNNING
    assert rig.numbers() == {}
    rig.annotate(2)
    assert rig.numbers() == {"output-1-to-2.json": [0, 1]}
    rig.annotate(2)
    assert rig.numbers() == {
        "output-1-to-2.json": [0, 1],
        "output-3-to-4.json": [2, 3],
        "output-5-to-5.json": [4],
    }
    assert not rig.work.waiting()
    rig.work.rest()
    assert rig.record().state is State.DONE
    assert rig.ended == [rig.name]


def test_vectors_are_in_the_bucket_before_their_shard(rig: Rig) -> None:
    vector = np.ones(2, np.float32)
    taken = [rig.work.take()[0] for _ in range(4)]
    rig.work.settle([(n, joined(b'{"n":%d}' % n, vector if n == 1 else None)) for n in taken])
    rig.settled()
    assert [uri.rpartition("/")[2] for uri in rig.buckets.objects] == [
        "vectors-1-to-2.npy",
        "output-1-to-2.json",
        "output-3-to-4.json",  # without any vector there is no file
    ]
    shard = json.loads(rig.buckets.objects["gs://b/out/output-1-to-2.json"])
    assert shard == {"responses": [{"n": 0}, {"n": 1}]}
    rows = np.load(io.BytesIO(rig.buckets.objects["gs://b/out/vectors-1-to-2.npy"]))
    assert rows.tolist() == [[0, 0], [1, 1]]


def test_vectors_survive_the_end_of_an_engine(rig: Rig) -> None:
    rig.work.settle([(rig.work.take()[0], joined(b'{"n":0}', np.ones(2, np.float32)))])
    rig.settled()
    rig.work = rig.next_life()
    rig.annotate(1)
    rows = np.load(io.BytesIO(rig.buckets.objects["gs://b/out/vectors-1-to-2.npy"]))
    assert rows.tolist() == [[1, 1], [0, 0]]


def test_pictures_that_come_back_out_of_order_are_written_in_order(rig: Rig) -> None:
    for _ in range(5):
        rig.work.take()
    rig.work.settle([(1, b'{"n":1}'), (4, b'{"n":4}')])
    rig.settled()
    assert list(rig.numbers()) == ["output-5-to-5.json"]
    rig.work.settle([(0, b'{"n":0}')])
    rig.settled()
    assert rig.numbers()["output-1-to-2.json"] == [0, 1]


def test_the_next_life_takes_only_what_is_missing(rig: Rig) -> None:
    rig.annotate(3)  # shard 1-2 is written, picture 2 journalled
    rig.work = rig.next_life()
    assert rig.annotate(2) == [3, 4]
    assert not rig.work.waiting()
    rig.work.rest()
    assert rig.record().state is State.DONE
    assert sorted(rig.numbers()) == [
        "output-1-to-2.json",
        "output-3-to-4.json",
        "output-5-to-5.json",
    ]
    assert rig.buckets.tries == 3


def test_a_shard_annotated_but_not_written_is_written_by_the_next_life(rig: Rig) -> None:
    rig.store.journal(rig.name, [(0, '{"n":0}'), (1, '{"n":1}')])
    rig.work = rig.next_life()
    assert rig.annotate(3) == [2, 3, 4]
    rig.work.rest()
    assert rig.record().state is State.DONE
    assert rig.numbers()["output-1-to-2.json"] == [0, 1]


def test_all_written_but_not_ended_ends_in_the_next_life(rig: Rig) -> None:
    rig.annotate(5)
    rig.work = rig.next_life()
    assert not rig.work.waiting()
    rig.work.rest()
    assert rig.record().state is State.DONE
    assert rig.buckets.tries == 3


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.engine.operations.retrying.FIRST_PAUSE_S", 0.0)


@pytest.mark.usefixtures("no_pause")
def test_a_passing_fault_of_the_storage_is_tried_again(rig: Rig) -> None:
    rig.buckets.faults = [BucketUnavailable("away")] * 40
    rig.annotate(2)
    assert rig.numbers() == {"output-1-to-2.json": [0, 1]}


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize("method", ["journal", "start", "shard_written", "finish"])
def test_a_full_disk_is_waited_for(rig: Rig, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    works = getattr(rig.store, method)
    faults = [sqlite3.OperationalError("database or disk is full")] * 3

    def full(*values: Any) -> Any:
        if faults:
            raise faults.pop()
        return works(*values)

    monkeypatch.setattr(rig.store, method, full)
    rig.annotate(5)
    rig.work.rest()
    record = rig.record()
    assert (record.state, record.error_code) == (State.DONE, 0)
    assert sorted(n for numbers in rig.numbers().values() for n in numbers if n is not None) == [
        0,
        1,
        2,
        3,
        4,
    ]
    assert faults == []


def test_an_engine_that_stops_waits_no_longer_and_the_next_life_goes_on(rig: Rig) -> None:
    rig.buckets.faults = [BucketUnavailable("away")] * 9
    rig.patience.stop()
    rig.annotate(5)
    rig.work.rest()
    assert not rig.record().done
    rig.buckets.faults = []
    rig.work = rig.next_life()
    rig.work.rest()
    assert rig.record().state is State.DONE
    assert len(rig.numbers()) == 3


def test_a_cancelled_operation_waits_for_no_storage(rig: Rig) -> None:
    rig.buckets.faults = [BucketUnavailable("away")] * 9
    rig.work.cancelled.set()
    rig.work.settle([(position, b"{}") for position in (0, 1)])
    rig.work.rest()
    assert (rig.record().state, rig.record().error_code) == (State.CANCELLED, 1)


@pytest.mark.parametrize(
    ("fault", "tries", "code"),
    [
        (BucketDenied("no role"), 1, 7),
        (BucketNotFound("gone"), 1, 7),
    ],
)
def test_a_lasting_fault_ends_it(rig: Rig, fault: BucketError, tries: int, code: int) -> None:
    rig.buckets.faults = [fault] * 99
    rig.annotate(2)
    record = rig.record()
    assert (record.state, record.error_code) == (State.DONE, code)
    assert record.error_message == "Error writing final output to: gs://b/out/."
    assert rig.buckets.tries == tries
    assert not rig.work.waiting()
    rig.work.rest()
    assert rig.record().error_code == code


def test_a_missing_bucket_is_noticed_before_the_first_shard(rig: Rig) -> None:
    rig.buckets.check_fault = BucketNotFound("no such bucket")
    rig.work.take()
    assert rig.record().error_code == 7
    assert not rig.work.waiting()


def test_a_bucket_that_does_not_answer_yet_gets_its_chance(rig: Rig) -> None:
    rig.buckets.check_fault = BucketUnavailable("starting")
    rig.annotate(5)
    rig.work.rest()
    assert rig.record().state is State.DONE
    assert rig.record().error_code == 0


def test_a_picture_that_no_worker_survived_is_an_entry(rig: Rig) -> None:
    for _ in range(2):
        rig.work.take()
    rig.work.settle([(0, None), (1, b"{}")])
    rig.settled()
    (data,) = rig.buckets.objects.values()
    shard = vision.BatchAnnotateImagesResponse.from_json(data)
    assert shard.responses[0].error.code == 13
    assert shard.responses[0].context.uri == "gs://b/0"
    assert shard.responses[1].error.code == 0


def test_cancel_keeps_whole_shards_and_takes_nothing_more(rig: Rig) -> None:
    rig.annotate(3)
    rig.store.cancel(rig.name)
    rig.work.cancelled.set()
    assert not rig.work.waiting()
    rig.work.rest()
    assert rig.record().state is State.CANCELLED
    assert rig.numbers() == {"output-1-to-2.json": [0, 1]}


def test_cancel_after_the_last_shard_has_no_effect(rig: Rig) -> None:
    rig.annotate(5)
    rig.work.cancelled.set()
    rig.work.rest()
    assert rig.record().state is State.DONE
    assert rig.record().error_code == 0


def test_a_cancel_on_disk_holds_in_the_next_life(rig: Rig) -> None:
    rig.annotate(1)
    rig.store.cancel(rig.name)
    rig.work = rig.next_life()
    assert not rig.work.waiting()
    rig.work.rest()
    assert rig.record().state is State.CANCELLED


def test_a_journal_that_cannot_be_written_is_never_a_good_end(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(rig.store, "journal", full)
    with pytest.raises(OSError, match="disk full"):
        rig.annotate(5)
    rig.work.rest()
    assert (rig.record().state, rig.record().error_code) == (State.DONE, 13)
