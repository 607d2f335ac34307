"""An operation on files step by step: opening, pages, shards, and how it ends."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google.cloud import vision

from core.engine.operations.files_work import MAX_PAGES, FilesWork
from core.engine.operations.records import OperationRecord, State
from core.engine.operations.retrying import Retrying
from core.engine.operations.store import OperationStore
from core.engine.workers.file_pages import COUNT_PAGES, PageTask
from tests.kit.services.memory_buckets import MemoryBuckets


def asked(number: int) -> vision.AsyncAnnotateFileRequest:
    """A file by twos."""
    return vision.AsyncAnnotateFileRequest(
        input_config=vision.InputConfig(
            gcs_source=vision.GcsSource(uri=f"gs://b/{number}.pdf"), mime_type="application/pdf"
        ),
        features=[vision.Feature(type_=vision.Feature.Type.LABEL_DETECTION)],
        output_config=vision.OutputConfig(
            gcs_destination=vision.GcsDestination(uri=f"gs://b/out{number}/"), batch_size=2
        ),
    )


class Rig:
    """A store, a bucket and an operation of two files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = OperationStore(folder / "operations.sqlite3")
        self.buckets = MemoryBuckets()
        self.writer = ThreadPoolExecutor(1)
        self.ended: list[str] = []
        request = vision.AsyncBatchAnnotateFilesRequest(requests=[asked(0), asked(1)])
        raw = vision.AsyncBatchAnnotateFilesRequest.serialize(request)
        self.name = self.store.create(raw, "gs://b/out0/", 2, 2, "projects/p", response=b"").name
        self.work = self.next_life()

    def next_life(self) -> FilesWork:
        """The work as an engine makes it of what is on disk."""
        (unfinished,) = self.store.unfinished()
        return FilesWork(
            self.store,
            self.buckets,
            self.writer,
            unfinished,
            self.ended.append,
            Retrying(),
            copies=self.folder,
        )

    def take(self) -> tuple[int, PageTask]:
        """The next."""
        position, task = self.work.take()
        assert isinstance(task, PageTask)
        return position, task

    def open(self, *pages: int) -> None:
        """Both files are counted."""
        positions = [self.take()[0] for _ in pages]
        counts = [(p, b'{"totalPages": %d}' % n) for p, n in zip(positions, pages, strict=True)]
        self.work.settle(list(counts))

    def annotate(self, count: int) -> list[tuple[str, int]]:
        """Let the next pages come back; which they were."""
        taken = [self.take() for _ in range(count)]
        self.work.settle(
            [
                (position, b'{"n":"%s#%d"}' % (uri_of(task).encode(), task.page))
                for position, task in taken
            ]
        )
        self.settled()
        return [(uri_of(task), task.page) for _, task in taken]

    def settled(self) -> None:
        """The writer has nothing left to do."""
        self.writer.submit(lambda: None).result(30)

    def record(self) -> OperationRecord:
        """As it stands."""
        self.settled()
        return self.store.get(self.name)

    def shards(self) -> dict[str, list[str]]:
        """Pages by name."""
        return {
            uri.removeprefix("gs://b/"): [answer["n"] for answer in json.loads(data)["responses"]]
            for uri, data in self.buckets.objects.items()
        }


def uri_of(task: PageTask) -> str:
    """The file's."""
    request = vision.AnnotateFileRequest.deserialize(task.request)
    return str(request.input_config.gcs_source.uri).rpartition("/")[2]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.writer.shutdown()


ALL = {
    "out0/output-1-to-2.json": ["0.pdf#1", "0.pdf#2"],
    "out0/output-3-to-3.json": ["0.pdf#3"],
    "out1/output-1-to-2.json": ["1.pdf#1", "1.pdf#2"],
}


def test_files_are_counted_before_their_pages(rig: Rig) -> None:
    first, second = rig.take()[1], rig.take()[1]
    assert [(uri_of(task), task.page) for task in (first, second)] == [
        ("0.pdf", COUNT_PAGES),
        ("1.pdf", COUNT_PAGES),
    ]
    assert first.copy != second.copy
    assert not rig.work.waiting()
    rig.work.settle([(-1, b'{"totalPages": 3}'), (-2, b'{"totalPages": 2}')])
    assert rig.work.waiting()
    pages = rig.annotate(5)
    assert pages == [("0.pdf", 1), ("0.pdf", 2), ("0.pdf", 3), ("1.pdf", 1), ("1.pdf", 2)]
    assert not rig.work.waiting()
    rig.work.rest()
    assert rig.record().state is State.DONE
    assert rig.record().error_code == 0
    assert rig.shards() == ALL
    shard = json.loads(rig.buckets.objects["gs://b/out1/output-1-to-2.json"])
    assert shard["inputConfig"] == {
        "gcsSource": {"uri": "gs://b/1.pdf"},
        "mimeType": "application/pdf",
    }


@pytest.mark.parametrize("pages_done", range(6))
def test_the_next_life_takes_only_what_is_missing(rig: Rig, pages_done: int) -> None:
    rig.open(3, 2)
    before = rig.annotate(pages_done) if pages_done < 6 else []
    rig.work = rig.next_life()
    after = rig.annotate(5 - pages_done)
    assert not rig.work.waiting()
    assert len({*before, *after}) == 5
    rig.work.rest()
    assert rig.record().error_code == 0
    assert rig.shards() == ALL
    assert rig.buckets.tries == 3


def test_a_file_counted_before_the_kill_is_not_counted_again(rig: Rig) -> None:
    assert rig.take()[0] == -1
    rig.work.settle([(-1, b'{"totalPages": 1}')])
    rig.work = rig.next_life()
    assert [rig.take()[1].page for _ in range(2)] == [1, COUNT_PAGES]


def test_it_does_not_end_before_all_are_counted(rig: Rig) -> None:
    rig.take(), rig.take()
    rig.work.settle([(-1, b'{"totalPages": 1}')])
    rig.annotate(1)
    rig.work.rest()  # only a fault of ours could do this
    assert rig.record().error_code == 13


def test_the_largest_file_and_one_page_more(rig: Rig) -> None:
    rig.open(MAX_PAGES, MAX_PAGES + 1)
    pages = rig.annotate(MAX_PAGES)
    assert pages[-1] == ("0.pdf", MAX_PAGES)
    assert not rig.work.waiting()
    rig.work.rest()
    record = rig.record()
    assert (record.state, record.error_code) == (State.DONE, 3)
    assert record.error_message == (
        "Error in extracting images from PDF file gs://b/1.pdf: "
        "it has 2001 pages; the limit is 2000."
    )
    assert len(rig.buckets.objects) == MAX_PAGES / 2


def test_a_bad_file_costs_no_other_and_holds_in_the_next_life(rig: Rig) -> None:
    rig.take(), rig.take()
    rig.work.settle(
        [(-1, b'{"error": {"code": 5, "message": "gone"}}'), (-2, b'{"totalPages": 2}')]
    )
    rig.annotate(1)
    rig.work = rig.next_life()
    rig.annotate(1)
    rig.work.rest()
    assert (rig.record().error_code, rig.record().error_message) == (5, "gone")
    assert list(rig.shards()) == ["out1/output-1-to-2.json"]


def test_what_no_worker_survived(rig: Rig) -> None:
    rig.take(), rig.take()
    rig.work.settle([(-1, None), (-2, b'{"totalPages": 2}')])
    positions = [rig.take()[0] for _ in range(2)]
    rig.work.settle([(positions[0], b"{}"), (positions[1], None)])
    rig.work.rest()
    record = rig.record()
    assert record.error_code == 13
    assert record.error_message == (
        "Error in extracting images from PDF file gs://b/0.pdf: internal error."
    )
    (data,) = rig.buckets.objects.values()
    lost = json.loads(data)["responses"][1]
    assert lost == {
        "error": {"code": 13, "message": "Internal error."},
        "context": {"uri": "gs://b/1.pdf", "pageNumber": 2},
    }


def test_cancel_before_and_after_counting(rig: Rig) -> None:
    rig.take(), rig.take()
    rig.work.cancelled.set()
    rig.work.settle([(-1, b'{"totalPages": 3}'), (-2, b'{"totalPages": 2}')])
    assert not rig.work.waiting()
    rig.work.rest()
    assert rig.record().state is State.CANCELLED
    assert rig.shards() == {}


def test_copies_are_removed(rig: Rig) -> None:
    copies = [rig.take()[1].copy for _ in range(2)]
    copies[1].write_bytes(b"x")
    rig.work.clean()
    assert not any(copy.exists() for copy in copies)


def test_memory_does_not_grow_with_the_pages_of_a_file(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages, answer = MAX_PAGES, 20_000  # bytes: 40 MB in all
    monkeypatch.setattr(rig.buckets, "write", lambda *_, **__: None)  # it would keep them
    rig.open(pages, 1)
    tracemalloc.start()
    try:
        for done in range(0, pages, 20):
            taken = [rig.take()[0] for _ in range(20)]
            said = b'{"n":"%s"}'
            rig.work.settle([(p, said % (b"%05d" % p * (answer // 5))) for p in taken])
            rig.settled()
            if done == 100:
                tracemalloc.reset_peak()
                early, _ = tracemalloc.get_traced_memory()
        assert tracemalloc.get_traced_memory()[1] - early < 8_000_000
    finally:
        tracemalloc.stop()
    rig.annotate(1)
    rig.work.rest()
    record = rig.record()
    assert (record.state, record.error_code) == (State.DONE, 0)
