"""The watcher over the fake service and the real storage: late shards, outages, calls counted."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import pytest

from core.app import job_watcher as watching
from core.app.failed_pictures import failed_uris, failures
from core.app.job_watcher import JobWatcher
from core.buckets import Buckets, ObjectInfo
from core.errors import BucketUnavailable
from core.jobs.batch.sources import ImageRef
from core.jobs.ledger.records import Job, JobState
from core.jobs.sending.polling import OWED_FOR
from core.results.query.store import Store
from core.results.tables.references import Reference
from core.results.tables.run_choice import Choice
from core.results.tables.tables import load
from tests.kit.services.jobs_rig import REQUEST, Rig
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

NAME = "projects/fake/operations/0001"


@dataclass
class Calls:
    """What the storage was asked, and which prefixes it does not answer about.

    Attributes:
        hang: while it is not set, a listing of ``away`` waits for it.
        refused: prefixes of ``away`` that got their error.
    """

    lists: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    away: tuple[str, ...] = ()
    hang: threading.Event = field(default_factory=threading.Event)
    refused: list[str] = field(default_factory=list)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    calls = Calls()
    calls.hang.set()
    list_objects, download = Buckets.list_objects, Buckets._download

    def listed(self: Buckets, prefix: str) -> Iterator[ObjectInfo]:
        calls.lists[prefix] += 1
        if calls.away and prefix.startswith(calls.away):
            calls.hang.wait(60)
            calls.refused.append(prefix)
            raise BucketUnavailable("The storage server did not do it", where=prefix)
        return list_objects(self, prefix)

    def read(self: Buckets, uri: str, file: IO[bytes], limit: int | None) -> bool:
        calls.reads[uri] += 1
        return download(self, uri, file, limit)

    monkeypatch.setattr(Buckets, "list_objects", listed)
    monkeypatch.setattr(Buckets, "_download", read)
    yield calls
    calls.hang.set()


@pytest.fixture
def watcher(rig: Rig) -> Iterator[JobWatcher]:
    made = new_watcher(rig)
    yield made
    made.stop()


def new_watcher(rig: Rig) -> JobWatcher:
    return JobWatcher(
        rig.jobs, lambda: rig.connection, lambda: None, lambda: rig.clock().timestamp()
    )


def write_shard(rig: Rig, prefix: str, first: int, uris: list[str], **other: Any) -> str:
    """One shard with a label for each address; ``""`` is a response that names no picture."""
    responses: list[dict[str, Any]] = [
        {"context": {"uri": uri}, "labelAnnotations": [{"description": uri[-9:], "score": 0.9}]}
        if uri
        else {"labelAnnotations": [{"description": "nameless", "score": 0.9}]}
        for uri in uris
    ]
    for index, error in other.get("errors", {}).items():
        responses[index]["error"] = {"code": 3, "message": error}
    uri = f"{prefix}output-{first}-to-{first + len(uris) - 1}.json"
    rig.buckets.write(uri, json.dumps({"responses": responses}).encode())
    return uri


def write_all(rig: Rig, job: Job) -> None:
    """Every shard of a job's first operation, of two pictures each."""
    uris = list(rig.jobs.uris(job.operations[0].id))
    for start in range(0, len(uris), 2):
        write_shard(rig, job.operations[0].prefix, start + 1, uris[start : start + 2])


def rounds(rig: Rig, watcher: JobWatcher, seconds: float) -> None:
    """What the watcher does in so long while somebody looks on."""
    for _ in range(int(seconds / 2)):
        watcher.round()
        rig.clock.forward(2)


@pytest.fixture
def job(rig: Rig) -> Job:
    return rig.jobs.send(rig.jobs.create(rig.draft(), same(rig), REQUEST).id)


def same(rig: Rig) -> list[ImageRef]:
    """Six pictures of known content."""
    return [
        ImageRef(f"gs://{rig.bucket}/in/{n:05d}.jpg", 10, content=f"md5:{n}:10")
        for n in range(1, 7)
    ]


class TestAfterDone:
    @pytest.mark.both_ledgers
    @pytest.mark.parametrize("restart", [False, True])
    def test_shards_that_show_late_are_counted(
        self, rig: Rig, watcher: JobWatcher, calls: Calls, job: Job, restart: bool
    ) -> None:
        rig.service.finish()
        watcher.round()
        done = rig.jobs.get(job.id)
        assert (done.state, done.final, done.settled) == (JobState.SUCCEEDED, True, False)
        assert (done.arriving, done.progress.failed) == (6, 0)
        # What is arriving is not offered to be paid for again without a word.
        plan = rig.jobs.reuse.plan(same(rig), REQUEST)
        assert (plan.unseen, plan.in_flight, plan.reused) == (6, 0, 0)
        assert failed_uris(rig.jobs, rig.buckets, job.id, lambda *_: None) == []
        if restart:
            rig.restarted()
            watcher = new_watcher(rig)
        write_all(rig, job)
        rounds(rig, watcher, 10)
        done = rig.jobs.get(job.id)
        assert (done.progress.pictures_done, done.arriving, done.settled) == (6, 0, True)
        plan = rig.jobs.reuse.plan(same(rig), REQUEST)
        assert (plan.unseen, plan.reused) == (0, 6)
        assert set(calls.reads.values()) == {1}

    def test_what_never_shows_is_looked_for_less_and_less_and_then_missing(
        self, rig: Rig, watcher: JobWatcher, calls: Calls, job: Job
    ) -> None:
        operation = job.operations[0]
        rig.service.finish()
        write_shard(rig, operation.prefix, 1, list(rig.jobs.uris(operation.id))[:2])
        rounds(rig, watcher, OWED_FOR.total_seconds() - 10)
        assert rig.jobs.get(job.id).arriving == 4
        assert calls.lists.total() < 12
        assert set(calls.reads.values()) == {1}
        rounds(rig, watcher, 200)
        over = rig.jobs.get(job.id)
        assert (over.arriving, over.progress.failed, over.settled) == (0, 4, True)
        assert len(failed_uris(rig.jobs, rig.buckets, job.id, lambda *_: None)) == 4
        assert rig.jobs.reuse.plan(same(rig), REQUEST).unseen == 4
        calls.lists.clear()
        rounds(rig, watcher, 200)
        assert calls.lists.total() == 0

    def test_opening_a_job_counts_what_came_since(
        self, rig: Rig, watcher: JobWatcher, calls: Calls, job: Job
    ) -> None:
        rig.service.finish()
        rounds(rig, watcher, OWED_FOR.total_seconds() + 200)
        write_all(rig, job)
        rounds(rig, watcher, 200)
        assert rig.jobs.get(job.id).progress.pictures_done == 0
        watcher._compare(job.id)
        watcher.round()
        assert rig.jobs.get(job.id).progress.pictures_done == 6
        calls.lists.clear()
        calls.reads.clear()
        watcher._compare(job.id)
        watcher.round()
        assert (calls.lists.total(), calls.reads.total()) == (1, 0)

    def test_opening_a_job_does_not_wait_for_the_pause(
        self, rig: Rig, watcher: JobWatcher, job: Job
    ) -> None:
        rig.service.finish()
        rounds(rig, watcher, 100)
        write_all(rig, job)
        watcher.round()
        assert rig.jobs.get(job.id).arriving == 6  # in the middle of a pause
        watcher._compare(job.id)
        watcher.round()
        assert rig.jobs.get(job.id).arriving == 0

    def test_taken_up_by_name_when_it_is_over(
        self, rig: Rig, watcher: JobWatcher, calls: Calls, job: Job
    ) -> None:
        write_all(rig, job)
        rig.jobs.ledger.forget(job.id)
        rig.service.finish()
        attached = rig.jobs.attach(NAME)
        assert attached.state is JobState.SUCCEEDED
        watcher.round()
        assert rig.jobs.get(attached.id).progress.pictures_done == 6
        assert set(calls.reads.values()) == {1}
        calls.reads.clear()
        rounds(rig, watcher, OWED_FOR.total_seconds() + 200)  # their number is not known
        assert rig.jobs.get(attached.id).settled
        assert calls.reads.total() == 0

    def test_shards_written_after_cancelling_are_counted(
        self, rig: Rig, watcher: JobWatcher, job: Job
    ) -> None:
        uris = list(rig.jobs.uris(job.operations[0].id))
        rig.jobs.cancel(job.id)
        watcher.round()
        cancelled = rig.jobs.get(job.id)
        assert (cancelled.state, cancelled.progress.failed) == (JobState.CANCELLED, 6)
        write_shard(rig, job.operations[0].prefix, 1, uris[:2])
        rounds(rig, watcher, 10)
        assert rig.jobs.get(job.id).progress.failed == 4


class TestOrder:
    def test_all_of_one_bad_content_are_listed_and_one_is_sent_again(
        self, rig: Rig, watcher: JobWatcher
    ) -> None:
        uris = [f"gs://{rig.bucket}/in/same-{n}.pdf" for n in range(3)]  # locked: pictures
        same_bytes = [ImageRef(uri, 10, content="md5:bad:10") for uri in uris]
        job = rig.jobs.send(rig.jobs.create(rig.draft(), same_bytes, REQUEST).id)
        errors = {0: "Bad image data."}
        write_shard(rig, job.operations[0].prefix, 1, uris[:1], errors=errors)
        rig.service.finish()
        rounds(rig, watcher, 10)
        assert rig.jobs.get(job.id).progress.failed == 3
        listed = failures(rig.jobs, rig.buckets, job.id, lambda *_: None)
        assert [uri for uri, _ in listed] == uris
        assert {failure.why for failure in listed.values()} == {"Bad image data."}
        assert all("password" in failure.remedy for failure in listed.values())
        assert failed_uris(rig.jobs, rig.buckets, job.id, lambda *_: None) == uris[:1]

    def test_responses_in_another_order_are_their_pictures(
        self, rig: Rig, watcher: JobWatcher, job: Job
    ) -> None:
        operation = job.operations[0]
        uris = list(rig.jobs.uris(operation.id))
        shard = write_shard(rig, operation.prefix, 1, [uris[2], uris[0]], errors={0: "no"})
        write_shard(rig, operation.prefix, 3, [uris[3], uris[1]])  # over shards, too
        write_shard(rig, operation.prefix, 5, ["", uris[5]])
        rig.service.finish()
        watcher.round()
        done = rig.jobs.get(job.id)
        assert (done.progress.pictures_done, done.progress.failed) == (6, 1)
        assert failed_uris(rig.jobs, rig.buckets, job.id, lambda *_: None) == [uris[2]]
        # The answer that is used again is the picture's own.
        later = rig.jobs.create(rig.draft(), same(rig), REQUEST)
        stands = {b.uri: (b.shard, b.number) for b in rig.jobs.reuse.borrowed(later.id)}
        assert later.operations[0].pictures == 1
        assert stands[uris[0]] == (shard, 2)
        assert uris[2] not in stands
        references = [
            Reference(b.shard, b.generation, b.number, b.uri)
            for b in rig.jobs.reuse.borrowed(later.id)
        ]
        prefix = later.operations[0].prefix
        store = Store(
            load(rig.buckets, prefix, choice=Choice(attempts=True, references=references))
        )
        for uri in (uris[0], uris[1], uris[3], uris[5]):
            annotations = store.annotations(store.find(uri) or 0)
            assert annotations is not None
            assert [name for name, _ in annotations.labels] == [uri[-9:]]
        # And what is retried is the one that failed.
        retried = rig.jobs.retry_failed(done, [uris[2]])
        assert list(rig.jobs.uris(retried.operations[1].id)) == [uris[2]]

    def test_an_error_that_another_shard_makes_good(
        self, rig: Rig, watcher: JobWatcher, job: Job
    ) -> None:
        operation = job.operations[0]
        uris = list(rig.jobs.uris(operation.id))
        write_shard(rig, operation.prefix, 1, [uris[0], "gs://b/unknown.jpg"])
        watcher.round()
        assert rig.jobs.get(job.id).progress.failed == 1
        write_shard(rig, operation.prefix, 3, [uris[1], uris[2]])
        write_shard(rig, operation.prefix, 5, [uris[3], uris[4]])
        write_shard(rig, operation.prefix, 7, [uris[5]])
        rig.service.finish()
        watcher.round()
        done = rig.jobs.get(job.id)
        assert (done.progress.pictures_done, done.progress.failed, done.settled) == (6, 0, True)


class TestStorageAway:
    def test_the_others_go_on(
        self,
        rig: Rig,
        watcher: JobWatcher,
        calls: Calls,
        job: Job,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(watching, "COUNTED_IN_S", 0.3)
        calls.away, calls.hang = (job.prefix,), threading.Event()
        watcher.round()  # its listing stands still from here on
        other = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST)

        def now() -> Job:
            watcher.round()
            return rig.jobs.get(other.id)

        wait_until(lambda: now().state is JobState.RUNNING, "the other job is sent", 20)
        write_all(rig, other)
        rig.service.finish()
        wait_until(lambda: now().settled, "the other job is over and counted", 20)
        assert rig.jobs.get(other.id).progress.pictures_done == 1
        assert calls.refused == []  # all this while nothing waited for it
        assert calls.lists[job.operations[0].prefix] == 1  # and it is not asked for twice

    def test_it_is_reported_at_its_job_and_tried_with_growing_pauses(
        self, rig: Rig, watcher: JobWatcher, calls: Calls, job: Job
    ) -> None:
        other = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(1), REQUEST).id)
        calls.away = (job.prefix,)
        rounds(rig, watcher, 600)
        assert watcher.problems == []  # which would be shown with every job
        trouble = watcher.trouble(job.id)
        assert trouble is not None and "storage" in trouble.what
        assert watcher.trouble(other.id) is None
        assert calls.lists[job.operations[0].prefix] < 12
        assert calls.lists[other.operations[0].prefix] == 300
        calls.away = ()
        write_all(rig, job)
        rounds(rig, watcher, 130)
        assert watcher.trouble(job.id) is None
        assert rig.jobs.get(job.id).progress.pictures_done == 6

    def test_an_end_during_the_outage_is_counted_afterwards(
        self, rig: Rig, watcher: JobWatcher, calls: Calls, job: Job
    ) -> None:
        write_all(rig, job)
        calls.away = (job.prefix,)
        rig.service.finish()
        rounds(rig, watcher, OWED_FOR.total_seconds() + 300)
        assert rig.jobs.get(job.id).arriving == 6
        calls.away = ()
        rounds(rig, watcher, 130)
        assert rig.jobs.get(job.id).progress.pictures_done == 6


def test_one_listing_a_job_and_round(
    rig: Rig, watcher: JobWatcher, calls: Calls, small_operations: Any
) -> None:
    small_operations(2)
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(6), REQUEST).id)
    assert len(job.operations) == 3
    assert calls.lists.total() == 3  # each send looks at its own prefix first
    calls.lists.clear()
    watcher.round()
    assert calls.lists.total() == 1
    for operation in job.operations:
        write_shard(rig, operation.prefix, 1, list(rig.jobs.uris(operation.id)))
    rounds(rig, watcher, 20)
    rig.service.finish()
    rounds(rig, watcher, 20)
    assert calls.lists.total() <= 1 + 10 + 1
    assert rig.jobs.get(job.id).progress.pictures_done == 6
    assert set(calls.reads.values()) == {1}


def test_a_damaged_shard_is_read_with_growing_pauses(
    rig: Rig, watcher: JobWatcher, calls: Calls, job: Job
) -> None:
    operation = job.operations[0]
    uris = list(rig.jobs.uris(operation.id))
    bad = f"{operation.prefix}output-1-to-2.json"
    rig.buckets.write(bad, b"{")
    rounds(rig, watcher, 300)
    write_shard(rig, operation.prefix, 3, uris[2:4])
    watcher.round()
    assert rig.jobs.get(job.id).progress.pictures_done == 2  # the others do not wait for it
    assert calls.reads[bad] < 10
    trouble = watcher.trouble(job.id)
    assert trouble is not None and trouble.where == bad
    write_shard(rig, operation.prefix, 5, uris[4:6])
    rig.service.finish()
    watcher.round()
    done = rig.jobs.get(job.id)
    assert (done.progress.pictures_done, done.progress.failed) == (6, 2)
    watcher.round()
    assert watcher.trouble(job.id) is None
    assert failed_uris(rig.jobs, rig.buckets, job.id, lambda *_: None) == uris[:2]
