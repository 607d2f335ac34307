"""Deleting a batch with its data (results, uploads, marks), after a day in which it can be undone.

Only what Contact Sheet wrote under the batch's own prefix is removed. What another batch still uses
(an answer that was not paid for twice, an upload that stands in for its own) stays until that one
is deleted too; other objects there, and the pictures of a bucket or folder that were only read, are
never touched. Each step may be done again, so that a process that was killed is simply followed by
another; the ledger's row goes last.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.buckets import UPLOAD_THREADS, Buckets, ObjectInfo
from core.errors import NotAllowed, ObjectNotFound, RequestError
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.ledger import LISTED, UNFINISHED, Ledger, remove_rows
from core.jobs.ledger.records import Job
from core.jobs.ledger.rows import chunks
from core.jobs.ledger.schema import jobs, marks, pictures, shards
from core.jobs.ledger.search import Search
from core.jobs.sending.send_job import check_backend
from core.jobs.service.connection import Connection
from core.jobs.visitors.rights import Rights
from core.logs import fields

GRACE = timedelta(days=1)
BEGUN, KEPT = "begun", "kept"  # values of ``Job.deletion``
_OWN = re.compile(r"((pictures|cuts)/\d{6}-[^/]*|try-\d+/part-\d{4}(/[^/]+|\.sent-[0-9a-f-]+))\Z")
_VECTORS = re.compile(r"vectors(-\d+-to-\d+)\.npy\Z")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of objects, and their bytes."""

    count: int = 0
    bytes: int = 0

    @classmethod
    def of(cls, objects: Sequence[ObjectInfo]) -> Amount:
        """How much some objects are."""
        return cls(len(objects), sum(info.size for info in objects))


@dataclass(frozen=True, slots=True)
class Contents:
    """What deleting a batch would do to its bucket.

    Attributes:
        uploads: copies of pictures, files and single pages that were uploaded.
        results: shards and what was written beside them.
        needed: of its objects those that stay for now, since other batches use them.
        users: titles of those batches that the visitor sees, perhaps fewer than there are.
        foreign: objects below its prefix that Contact Sheet did not write; they stay.
    """

    uploads: Amount
    results: Amount
    needed: Amount
    users: tuple[str, ...]
    foreign: Amount


@dataclass(frozen=True, slots=True)
class Archived:
    """What archiving all batches that a search finds has done.

    Attributes:
        ids: batches that were archived, or taken out of the archive.
        archived: which of both.
        running: titles of those that are not over, and so were left.
        others: titles of those that are not the visitor's to change, and so were left.
    """

    ids: tuple[str, ...]
    archived: bool
    running: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class Deletion:
    """What takes jobs off the lists of one visitor. Safe to share between threads."""

    def __init__(
        self,
        ledger: Ledger,
        connect: Callable[[], Connection],
        clock: Callable[[], datetime],
        visitor: Visitor,
        rights: Rights,
    ) -> None:
        self._ledger, self._connect, self._clock = ledger, connect, clock
        self._visitor, self._rights = visitor, rights

    def contents(self, job_id: str) -> Contents:
        """What of a job lies in the bucket; it may take long where there is much.

        Raises:
            RequestError, NotAllowed: as ``delete``.
            BucketError: it cannot be listed.
        """
        job = self._deletable(job_id)
        needed = needed_by_others(self._ledger, job)
        going, staying, foreign = _sorted(self._connect().buckets, job, needed)
        copies = tuple(f"{job.prefix}{folder}/" for folder in ("pictures", "cuts"))
        uploads = [info for info in going if info.uri.startswith(copies)]
        users = self._ledger.jobs(5, 0, sa.and_(_users(job), self._visitor.visible))
        return Contents(
            uploads=Amount.of(uploads),
            results=Amount.of([info for info in going if info not in set(uploads)]),
            needed=Amount.of(staying),
            users=tuple(user.title for user in users),
            foreign=Amount.of(foreign),
        )

    def archive(self, job_id: str, archived: bool) -> None:
        """Show a job in lists only when they ask for archived ones, or everywhere again."""
        self._ledger.set_job(self._rights.mine(job_id).id, archived=archived)

    def archive_found(self, which: Search, archived: bool) -> Archived:
        """``archive`` all batches that a search finds, but for those that are not over.

        Some hundreds are one transaction; where one fails, those before it stay archived.

        Raises:
            NotAllowed: it is the demo.
        """
        self._visitor.check_write()
        other_way = jobs.c.archived.is_(not archived)
        wanted = sa.and_(LISTED, self._visitor.visible, which.where, other_way)
        mine, over = self._visitor.changeable, _over(archived)
        query = sa.select(jobs.c.id, jobs.c.title, mine.label("mine"), over.label("over"))
        with self._ledger.reading() as db:
            batches = db.execute(query.where(wanted).order_by(jobs.c.created_at.desc())).all()
        ids = [job.id for job in batches if job.mine and job.over]
        return Archived(
            self._set_archived(ids, archived),
            archived,
            running=tuple(job.title for job in batches if job.mine and not job.over),
            others=tuple(job.title for job in batches if not job.mine),
        )

    def undo_archive(self, done: Archived) -> int:
        """Put back what one ``archive_found`` changed, and nothing else; returns how many.

        Batches that somebody changed since, or deleted, stay as they are.

        Raises:
            NotAllowed: it is the demo.
        """
        self._visitor.check_write()
        return len(self._set_archived(done.ids, not done.archived))

    def _set_archived(self, ids: Sequence[str], archived: bool) -> tuple[str, ...]:
        """Those of the visitor's batches that this changed; some hundreds a transaction."""
        allowed = sa.and_(LISTED, self._visitor.changeable, _over(archived))
        changed = list[str]()
        for some in chunks(ids):
            # Asked again: one may have been retried, or archived by somebody else.
            still = sa.and_(jobs.c.id.in_(some), jobs.c.archived.is_(not archived), allowed)
            with self._ledger.writing() as db:
                these = db.execute(sa.select(jobs.c.id).where(still).with_for_update()).scalars()
                changed += (now := list(these))
                db.execute(sa.update(jobs).where(jobs.c.id.in_(now)).values(archived=archived))
        log.info("archived" if archived else "unarchived", extra=fields(jobs=len(changed)))
        return tuple(changed)

    def delete(self, job_id: str, *, at_once: bool = False) -> None:
        """Take a job off every list, and remove its data after ``GRACE``.

        Args:
            at_once: without the time in which it can be undone.

        Raises:
            RequestError: there is none, it is not over, or it belongs to another backend.
            NotAllowed: it is not the visitor's own.
        """
        job = self._deletable(job_id)
        due = self._clock() + (timedelta(0) if at_once else GRACE)
        values = {"deleted_at": due.timestamp()}
        with self._ledger.writing() as db:
            mine = sa.and_(jobs.c.id == job.id, jobs.c.deleted_at.is_(None))
            changed = db.execute(sa.update(jobs).where(mine).values(**values)).rowcount
        if changed:
            log.info("deleted", extra=fields(job=job.id, due=due.isoformat(timespec="seconds")))

    def finish(self, job_id: str) -> None:
        """Do not wait any longer with a deleted job's data."""
        job = self._deleted(job_id)
        self._ledger.set_job(job.id, deleted_at=self._clock())

    def restore(self, job_id: str) -> None:
        """Undo deleting.

        Raises:
            RequestError: there is no such job, or its data are being removed already.
            NotAllowed: it is not the visitor's own.
        """
        job = self._deleted(job_id)
        waiting = sa.and_(jobs.c.id == job.id, jobs.c.deletion == "")
        with self._ledger.writing() as db:
            changed = db.execute(sa.update(jobs).where(waiting).values(deleted_at=None)).rowcount
        if not changed:
            raise RequestError("Its data are being removed already", where=job.title)
        log.info("restored", extra=fields(job=job.id))

    def list(self) -> list[Job]:
        """The visitor's deleted jobs of which something is left, newest first."""
        mine = self._ledger.jobs(1_000, 0, jobs.c.deleted_at.is_not(None))
        return [job for job in mine if self._visitor.may_delete(job)]

    def _deletable(self, job_id: str) -> Job:
        job = self._rights.mine(job_id)
        if not self._visitor.may_delete(job):
            raise NotAllowed(
                "A batch without an owner can only be deleted where nobody signs in",
                where=job.title,
                then="Forget it instead, or ask the operator of the dashboard.",
            )
        if job.unreadable:
            raise RequestError(
                "Its record in the ledger is damaged, so that nobody knows what belongs to it",
                where=job.title,
                then="Forget it, and delete its folder in the bucket by hand.",
            )
        check_backend(job, self._connect())
        if not job.final:
            raise RequestError("The batch is not over", where=job.title, then="Cancel it first.")
        if job.owed:
            raise RequestError(
                "Its results are still arriving",
                where=job.title,
                then="Delete it when they are there, or are not looked for any more.",
            )
        return job

    def _deleted(self, job_id: str) -> Job:
        job = self._ledger.job(job_id)
        if job is None or job.deleted_at is None or not self._visitor.may_delete(job):
            raise RequestError("There is no such deleted batch", where=repr(job_id)[:80])
        return job


def _over(archived: bool) -> sa.ColumnElement[bool]:
    """Jobs that may be archived; any may be taken out of the archive."""
    return jobs.c.id.not_in(UNFINISHED) if archived else sa.true()


def due(ledger: Ledger, backend: str, now: datetime) -> list[Job]:
    """Deleted jobs of a backend whose data are to be removed now."""
    over = sa.and_(jobs.c.deleted_at <= now.timestamp(), jobs.c.deletion != KEPT)
    return ledger.jobs(1_000, 0, sa.and_(over, jobs.c.backend == backend))


def begin(ledger: Ledger, job_id: str, now: datetime) -> Job | None:
    """From here on it cannot be undone; None if it was undone just before."""
    mine = sa.and_(jobs.c.id == job_id, jobs.c.deleted_at <= now.timestamp())
    with ledger.writing() as db:
        update = sa.update(jobs).where(mine, jobs.c.deletion == "").values(deletion=BEGUN)
        db.execute(update)
    job = ledger.job(job_id)
    return job if job is not None and job.deletion else None


def own_pictures(ledger: Ledger, job_id: str) -> list[tuple[str, int]]:
    """Address and page of a job's pictures that no other job has."""
    other = pictures.alias()
    elsewhere = sa.select(other.c.uri).where(other.c.job_id != job_id)
    asked = sa.select(pictures.c.uri, pictures.c.page).where(
        pictures.c.job_id == job_id, pictures.c.uri != "", pictures.c.uri.not_in(elsewhere)
    )
    with ledger.reading() as db:
        return [(uri, page) for uri, page in db.execute(asked)]


def remove(ledger: Ledger, buckets: Buckets, job: Job) -> bool:
    """Remove a begun job's objects, then its rows; returns whether nothing is left of it.

    Raises:
        BucketError: some objects cannot be removed; asked again, the rest is.
        LedgerError: the ledger cannot be written.
    """
    going, staying, _ = _sorted(buckets, job, needed_by_others(ledger, job))

    def delete(info: ObjectInfo) -> None:
        with suppress(ObjectNotFound):  # another process removes the same
            buckets.delete(info.uri)

    with ThreadPoolExecutor(UPLOAD_THREADS, thread_name_prefix="deletion") as pool:
        for _ in pool.map(delete, going):
            pass
    with ledger.writing() as db:
        remove_rows(db, job.id)
        within = sa.func.substr(marks.c.batch, 1, len(job.prefix)) == job.prefix
        db.execute(sa.delete(marks).where(within))
        own = sa.select(shards.c.id).where(shards.c.job_id == job.id)
        used = db.execute(sa.select(pictures.c.shard_id).where(pictures.c.shard_id.in_(own)))
        unused = set(db.execute(own).scalars()) - set(used.scalars())
        for some in chunks(sorted(unused)):
            db.execute(sa.delete(shards).where(shards.c.id.in_(some)))
        mine = jobs.c.id == job.id
        if staying:
            db.execute(sa.update(jobs).where(mine).values(deletion=KEPT, fault="", source=""))
        else:
            db.execute(sa.delete(jobs).where(mine))
    extra = fields(job=job.id, objects=len(going), kept=len(staying))
    log.info("its data were removed", extra=extra)
    return not staying


def needed_by_others(ledger: Ledger, job: Job) -> set[str]:
    """Addresses below a job's prefix that other jobs show: shards of answers, and pictures."""
    below = sa.func.substr(pictures.c.uri, 1, len(job.prefix)) == job.prefix
    others = pictures.c.job_id != job.id
    shown = sa.select(pictures.c.uri).where(below, others)
    lent = (
        sa.select(shards.c.uri)
        .join(pictures, pictures.c.shard_id == shards.c.id)
        .where(shards.c.job_id == job.id, others)
    )
    with ledger.reading() as db:
        return {*db.execute(shown).scalars(), *db.execute(lent).scalars()}


def _users(job: Job) -> sa.ColumnElement[bool]:
    """Jobs that need something of a job."""
    below = sa.func.substr(pictures.c.uri, 1, len(job.prefix)) == job.prefix
    lent = sa.select(shards.c.id).where(shards.c.job_id == job.id)
    theirs = sa.or_(below, pictures.c.shard_id.in_(lent))
    return jobs.c.id.in_(sa.select(pictures.c.job_id).where(theirs, pictures.c.job_id != job.id))


def _sorted(
    buckets: Buckets, job: Job, needed: set[str]
) -> tuple[list[ObjectInfo], list[ObjectInfo], list[ObjectInfo]]:
    """Objects below a job's prefix: what goes, what others need, and what is not ours."""
    going, staying, foreign = list[ObjectInfo](), list[ObjectInfo](), list[ObjectInfo]()
    # An operation that was taken up by its name writes where its sender said: into nothing of ours.
    own_folder = job.prefix.endswith(f"/{job.id}/")
    for info in buckets.list_objects(job.prefix) if own_folder else ():
        name = info.uri.removeprefix(job.prefix)
        if not _OWN.match(name):
            foreign.append(info)
        else:
            shard = _VECTORS.sub(r"output\1.json", info.uri)  # which they lie beside
            (staying if {info.uri, shard} & needed else going).append(info)
    return going, staying, foreign
