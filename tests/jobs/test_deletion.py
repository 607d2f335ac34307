"""A batch deleted with its data: what goes, what stays, who may, and a process that was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.errors import BucketDenied, NotAllowed, RequestError
from core.jobs.batch.sources import ImageRef, Picture
from core.jobs.deletion import GRACE
from core.jobs.ledger.access import ALONE, Visitor
from core.jobs.ledger.marks import Marks
from core.jobs.ledger.records import Job
from core.jobs.ledger.schema import jobs, marks, operations, pictures, shards, spending
from core.jobs.ledger.search import Search, Show
from core.jobs.reuse.answers import SeenShard
from tests.kit.services.jobs_rig import REQUEST, Rig

pytestmark = pytest.mark.both_ledgers

ADA = Visitor("https://id.example ada", "Ada")
BOB = Visitor("https://id.example bob", "Bob")


def done_job(rig: Rig, sent: Sequence[Picture], visitor: Visitor = ALONE, base: str = "") -> Job:
    """A job that was sent, answered in one shard of each operation, and counted."""
    job = rig.jobs.seen_by(visitor).create(rig.draft(), sent, REQUEST, base=base)
    rig.jobs.send(job.id)
    for operation in rig.jobs.get(job.id).operations:
        uri = f"{operation.prefix}output-1-to-{operation.pictures}.json"
        rig.buckets.write(uri, b"{}" * 50)
        rig.buckets.write(f"{operation.prefix}vectors-1-to-{operation.pictures}.npy", b"v" * 10)
        seen = SeenShard(uri, rig.buckets.info(uri).generation, 1, operation.pictures)
        rig.jobs.record_answers(operation.id, [seen])
        rig.jobs.record_progress(operation.id, 1, operation.pictures, 0)
    rig.service.finish()
    rig.jobs.poll()
    job = rig.jobs.get(job.id)
    assert job.settled
    return job


def own(rig: Rig, count: int, first: int = 0) -> list[Picture]:
    """Pictures of a bucket of the user's own, with contents."""
    uris = [f"gs://{rig.bucket}/mine/{n}.jpg" for n in range(first, first + count)]
    for uri in uris:
        rig.buckets.write(uri, b"a picture")
    return [ImageRef(uri, 9, content=f"content {uri}") for uri in uris]


def names(rig: Rig, prefix: str = "") -> list[str]:
    return [info.uri for info in rig.buckets.list_objects(prefix or f"gs://{rig.bucket}/")]


def remove(rig: Rig, clear: Callable[[Job, Iterable[tuple[str, int]]], None] | None = None) -> None:
    """As the watcher does when it comes to it."""
    for job_id in rig.jobs.to_remove():
        rig.jobs.remove(job_id, rig.folder, clear or (lambda *_: None))


def deleted(rig: Rig, job: Job) -> None:
    rig.jobs.deletion.delete(job.id)
    rig.clock.forward(GRACE.total_seconds() + 1)


def count(rig: Rig, table: sa.Table, **values: object) -> int:
    where = [table.c[name] == value for name, value in values.items()]
    with rig.jobs.ledger.reading() as db:
        query = sa.select(sa.func.count()).select_from(table).where(*where)
        return int(db.execute(query).scalar_one())


def test_all_of_it_goes_after_a_day_and_nothing_else(rig: Rig) -> None:
    job = done_job(rig, rig.files(3, spooled=True))
    other = done_job(rig, own(rig, 2))
    Marks(rig.jobs.ledger).mark(job.id, ["a"], "flag")
    Marks(rig.jobs.ledger).mark(job.prefix, ["a"], "keep")
    Marks(rig.jobs.ledger).mark(other.id, ["b"], "flag")
    (rig.folder / "uploads" / job.draft_id).mkdir(parents=True)
    (rig.folder / "uploads" / job.draft_id / "left.png").write_bytes(b"x")
    rig.buckets.write(f"{job.prefix}notes of mine.txt", b"foreign")
    before = set(names(rig))
    there = rig.jobs.deletion.contents(job.id)
    assert (there.uploads.count, there.results.count, there.foreign.count) == (3, 3, 1)
    listed = [info for info in rig.buckets.list_objects(job.prefix) if "notes" not in info.uri]
    assert there.uploads.bytes + there.results.bytes == sum(info.size for info in listed)
    rig.jobs.deletion.delete(job.id)
    assert [one.id for one in rig.jobs.list()] == [other.id]
    with pytest.raises(RequestError, match="no such job"):
        rig.jobs.get(job.id)
    remove(rig)  # not yet: there is a day
    assert set(names(rig)) == before
    rig.clock.forward(GRACE.total_seconds() + 1)
    cleared: list[tuple[str, int]] = []
    remove(rig, lambda _, pictures: cleared.extend(pictures))
    gone = before - set(names(rig))
    assert gone == {info.uri for info in listed}
    assert {uri for uri, _ in cleared} == {uri for uri in gone if "/pictures/" in uri}
    assert not (rig.folder / "uploads" / job.draft_id).exists()
    assert [count(rig, table, job_id=job.id) for table in (pictures, shards)] == [0, 0]
    assert count(rig, marks) == 1
    assert count(rig, spending, job_id=job.id)  # what was spent is spent
    assert rig.jobs.deletion.list() == []
    assert rig.jobs.get(other.id).progress.pictures_done == 2


def test_undone_within_the_day(rig: Rig) -> None:
    job = done_job(rig, rig.files(2))
    before = names(rig)
    rig.jobs.deletion.delete(job.id)
    assert [one.id for one in rig.jobs.deletion.list()] == [job.id]
    rig.clock.forward(timedelta(hours=23).total_seconds())
    rig.jobs.deletion.restore(job.id)
    rig.clock.forward(GRACE.total_seconds())
    remove(rig)
    assert rig.jobs.get(job.id).draft_id == job.draft_id
    assert names(rig) == before
    with pytest.raises(RequestError, match="no such deleted batch"):
        rig.jobs.deletion.restore(job.id)


def test_what_another_batch_uses_stays_until_that_is_gone_too(rig: Rig) -> None:
    files: list[Picture] = [file.identified() for file in rig.files(3)]
    first = done_job(rig, files)
    second = rig.jobs.create(rig.draft(), files[:2], REQUEST)
    assert (second.reused, second.operations) == (2, ())
    there = rig.jobs.deletion.contents(first.id)
    assert (there.needed.count, there.users) == (4, (second.title,))  # shard, vectors, pictures
    deleted(rig, first)
    assert rig.jobs.reuse.plan(files, REQUEST).reused == 0  # lends nothing more
    remove(rig)
    assert rig.jobs.reuse.gone(second.id) == []
    borrowed = rig.jobs.reuse.borrowed(second.id)
    assert all(rig.buckets.exists(one.uri) and rig.buckets.exists(one.shard) for one in borrowed)
    left = [name for name in names(rig, first.prefix) if "/pictures/" in name]
    assert len(left) == 2
    (listed,) = rig.jobs.deletion.list()
    assert (listed.id, listed.deletion) == (first.id, "kept")
    assert rig.jobs.to_remove() == []
    deleted(rig, second)
    remove(rig)
    remove(rig)
    assert names(rig, rig.jobs.base) == []
    assert rig.jobs.deletion.list() == []


def test_what_was_kept_goes_when_the_other_batch_is_forgotten(rig: Rig) -> None:
    files: list[Picture] = [file.identified() for file in rig.files(2)]
    first = done_job(rig, files)
    second = rig.jobs.create(rig.draft(), files, REQUEST)
    deleted(rig, first)
    remove(rig)
    rig.jobs.forget(second.id)
    remove(rig)
    assert names(rig, first.prefix) == []


def test_the_user_s_own_pictures_stay(rig: Rig) -> None:
    mine = own(rig, 2)
    job = done_job(rig, mine)
    deleted(rig, job)
    remove(rig)
    assert [name for name in names(rig) if "/mine/" in name] == [
        picture.uri for picture in mine if isinstance(picture, ImageRef)
    ]


def test_a_folder_that_is_not_its_own_stays(rig: Rig) -> None:
    made = done_job(rig, own(rig, 2))
    operation = made.operations[0]
    rig.jobs.forget(made.id)
    taken = rig.jobs.attach(operation.name)
    with pytest.raises(RequestError, match="still arriving"):
        rig.jobs.deletion.delete(taken.id)
    with rig.jobs.ledger.writing() as db:  # as when they were counted
        db.execute(sa.update(operations).values(owed_until=None))
    before = names(rig)
    deleted(rig, taken)
    remove(rig)
    assert names(rig) == before
    assert rig.jobs.list() == []


def test_killed_in_the_middle_it_goes_on(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    job = done_job(rig, rig.files(5))
    deleted(rig, job)
    left = [2]
    delete = type(rig.buckets).delete

    def dies(self: object, uri: str) -> None:
        if not left[0]:
            raise BucketDenied("it was killed here", where=uri)
        left[0] -= 1
        delete(rig.buckets, uri)

    monkeypatch.setattr(type(rig.buckets), "delete", dies)
    with pytest.raises(BucketDenied):
        remove(rig)
    assert names(rig, job.prefix)
    with pytest.raises(RequestError, match="being removed already"):
        rig.jobs.deletion.restore(job.id)
    monkeypatch.undo()
    rig.restarted()
    assert rig.jobs.to_remove() == [job.id]
    remove(rig)
    assert names(rig, job.prefix) == []
    assert rig.jobs.deletion.list() == []


KILLED = """
import os, signal, sys, threading
from pathlib import Path
from core.buckets import Buckets
from core.jobs.ledger.ledger import Ledger
from core.jobs.runner import Runner
from core.jobs.service.connection import Backend, Connection

ledger, service, storage, base, job, home = sys.argv[1:]
delete, left, one_by_one = Buckets.delete, [2], threading.Lock()

def deadly(self, uri):
    with one_by_one:  # two are deleted when it is killed, and not only counted
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        delete(self, uri)

Buckets.delete = deadly
connection = Connection(Backend(service, storage))
Runner(Ledger(ledger), lambda: connection, base=base).remove(job, Path(home), lambda *_: None)
"""


def test_a_process_that_was_killed_while_it_deleted(rig: Rig, storage_address: str) -> None:
    job = done_job(rig, rig.files(6))
    before = len(names(rig, job.prefix))
    rig.jobs.deletion.delete(job.id, at_once=True)
    where = (rig.ledger_url, rig.service.address, storage_address, rig.jobs.base)
    command = [sys.executable, "-c", KILLED, *where, job.id, str(rig.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert 0 < len(names(rig, job.prefix)) < before
    rig.restarted()
    assert rig.jobs.to_remove() == [job.id]
    remove(rig)
    assert names(rig, job.prefix) == []
    assert rig.jobs.deletion.list() == []


def test_at_once(rig: Rig) -> None:
    first, second = (done_job(rig, own(rig, 1, n)) for n in range(2))
    rig.jobs.deletion.delete(first.id, at_once=True)
    rig.jobs.deletion.delete(second.id)
    rig.jobs.deletion.finish(second.id)
    remove(rig)
    assert names(rig, rig.jobs.base) == []


def test_a_running_batch_has_to_be_cancelled_first(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(2), REQUEST)
    rig.jobs.send(job.id)
    for ask in (rig.jobs.deletion.contents, rig.jobs.deletion.delete):
        with pytest.raises(RequestError, match="not over") as refused:
            ask(job.id)
        assert "Cancel" in refused.value.then
    assert rig.jobs.get(job.id).deleted_at is None


def test_only_its_owner_deletes(rig: Rig) -> None:
    job = done_job(rig, own(rig, 1), ADA)
    nobody_s = done_job(rig, own(rig, 1, 5))
    rig.jobs.seen_by(ADA).share(job.id, True)
    for visitor, one in ((BOB, job), (BOB, nobody_s), (Visitor(read_only=True), nobody_s)):
        deletion = rig.jobs.seen_by(visitor).deletion
        for ask in (deletion.delete, deletion.contents):
            with pytest.raises(NotAllowed):
                ask(one.id)
    ada, bob = (rig.jobs.seen_by(visitor).deletion for visitor in (ADA, BOB))
    ada.delete(job.id)
    assert (len(ada.list()), bob.list()) == (1, [])
    for undo in (
        bob.restore,
        bob.finish,
        rig.jobs.seen_by(Visitor(read_only=True)).deletion.restore,
    ):
        with pytest.raises(RequestError, match="no such"):
            undo(job.id)
    ada.restore(job.id)


def test_lists_by_words_state_and_archive(rig: Rig) -> None:
    one = rig.jobs.create(rig.draft(), own(rig, 1), REQUEST, title="Spring 100% _catalogue")
    two = done_job(rig, own(rig, 2, 5))
    three = done_job(rig, own(rig, 1, 9))
    rig.jobs.deletion.archive(three.id, True)

    def ids(text: str = "", show: Show | None = Show.ALL) -> set[str]:
        which = Search(text, show)
        matches = {job.id for job in rig.jobs.list(which=which)}
        assert rig.jobs.count(which) == len(matches)
        return matches

    assert ids() == {one.id, two.id}
    assert ids(show=None) == {one.id, two.id, three.id}
    assert ids(show=Show.ARCHIVED) == {three.id}
    assert ids(show=Show.ACTIVE) == {one.id}
    assert ids(show=Show.FINISHED) == {two.id}
    assert ids("CATALOGUE spring") == {one.id}
    assert ids("0% _cat") == {one.id} and ids("0%cat") == set()
    assert ids(two.id) == {two.id}
    assert ids(show=Show.FAILED) == set()
    rig.jobs.deletion.archive(three.id, False)
    assert three.id in ids()


def test_all_that_a_search_finds_are_archived_in_few_transactions(rig: Rig) -> None:
    ledger = rig.jobs.ledger
    template = done_job(rig, own(rig, 1), ADA)
    with ledger.reading() as db:
        row = dict(db.execute(sa.select(jobs).where(jobs.c.id == template.id)).mappings().one())
    copies = [
        row | {"id": f"old{n:04}", "draft_id": f"draft{n:012}", "title": f"Old {n}"}
        for n in range(620)
    ]
    with ledger.writing() as db:
        db.execute(sa.insert(jobs), copies)
    going = rig.jobs.seen_by(ADA).create(rig.draft(), own(rig, 1, 5), REQUEST, title="Old, going")
    ledger.set_job(done_job(rig, own(rig, 1, 6), BOB).id, title="Old, of Bob", shared=True)
    ledger.set_job(done_job(rig, own(rig, 1, 7), BOB).id, title="Old, hidden")
    ada = rig.jobs.seen_by(ADA)
    written: list[str] = []

    @sa.event.listens_for(ledger._engine, "before_cursor_execute")
    def _(*asked: object) -> None:
        if (statement := str(asked[2])).startswith("UPDATE"):
            written.append(statement)

    done = ada.deletion.archive_found(Search("old", Show.ALL), True)
    assert (len(done.ids), done.running, done.others) == (620, (going.title,), ("Old, of Bob",))
    assert 2 <= len(written) <= 7
    assert ada.count(Search("old", Show.ALL)) == 2 and ada.count(Search(show=Show.ALL)) == 3
    assert ada.deletion.archive_found(Search("old", Show.ALL), True).ids == ()
    back = ada.deletion.archive_found(Search("old 61", Show.ARCHIVED), False)
    with_61 = {f"old{n:04}" for n in range(620) if "61" in str(n)}
    assert set(back.ids) == with_61 and (back.running, back.others) == ((), ())
    with pytest.raises(NotAllowed):
        rig.jobs.seen_by(Visitor(read_only=True)).deletion.archive_found(Search(), True)


def test_undoing_brings_back_just_what_one_press_archived(rig: Rig) -> None:
    one, two, three, earlier = (done_job(rig, own(rig, 1, n), ADA) for n in range(1, 5))
    ada, bob = rig.jobs.seen_by(ADA), rig.jobs.seen_by(BOB)
    ada.deletion.archive(earlier.id, True)
    done = ada.deletion.archive_found(Search(show=Show.ALL), True)
    assert set(done.ids) == {one.id, two.id, three.id} and done.archived
    assert bob.deletion.undo_archive(done) == 0  # they are not his
    ada.deletion.archive(two.id, False)
    ada.deletion.archive(two.id, True)  # again as the press left it
    ada.deletion.archive(three.id, False)  # back already
    ada.deletion.delete(one.id)
    assert ada.deletion.undo_archive(done) == 1
    assert {job.id for job in ada.list(which=Search(show=Show.ALL))} == {two.id, three.id}
    ada.deletion.restore(one.id)
    assert {job.id for job in ada.list(which=Search(show=Show.ARCHIVED))} == {one.id, earlier.id}
    back = ada.deletion.archive_found(Search(show=Show.ARCHIVED), False)
    assert ada.deletion.undo_archive(back) == 2  # the other way round
    assert {job.id for job in ada.list(which=Search(show=Show.ARCHIVED))} == {one.id, earlier.id}
    with pytest.raises(NotAllowed):
        rig.jobs.seen_by(Visitor(read_only=True)).deletion.undo_archive(done)
