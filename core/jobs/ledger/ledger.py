"""Jobs on disk: every step is one transaction, so that a crash at any moment can be picked up.

SQLAlchemy Core over any URL. How an operation's state moves is in ``steps``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.jobs.ledger import row_reading, rows
from core.jobs.ledger.records import Job, Operation, OperationState
from core.jobs.ledger.rows import NewOperation, PictureRow
from core.jobs.ledger.schema import entries, jobs, marks, operations, pictures
from core.jobs.ledger.steps import OperationSteps

Where = sa.ColumnElement[bool]
EVERY: Where = sa.true()
TRY = "try:"  # how the draft of a picture that was tried alone begins; no user's draft has a colon
# Jobs that lists show: tries are no batches, though what they cost and answered counts.
LISTED: Where = sa.and_(
    sa.not_(jobs.c.draft_id.startswith(TRY, autoescape=True)), jobs.c.deleted_at.is_(None)
)
Admit = Callable[[sa.Connection], None]
_OPEN = tuple(state.value for state in OperationState if not state.final)
_OVER = tuple(state.value for state in OperationState if state.final)
DELETED = sa.select(jobs.c.id).where(jobs.c.deleted_at.is_not(None))  # ids
UNFINISHED = sa.select(operations.c.job_id).where(operations.c.state.in_(_OPEN))  # jobs' ids


class Ledger(OperationSteps):
    """The job ledger. Safe to share between threads, and between processes by its URL.

    Every method raises ``LedgerError`` if the database cannot do it.
    """

    def add_job(
        self,
        values: Mapping[str, Any],
        new_pictures: Iterable[PictureRow],
        planned: Sequence[NewOperation],
        admit: Admit | None = None,
    ) -> bool:
        """Write a whole job at once; False if its draft was sent before.

        Args:
            admit: called within the transaction; what it raises undoes it.
        """
        job_id = values["id"]
        with self._translated():
            try:
                with self._engine.begin() as db:
                    self.lock(db)
                    db.execute(sa.insert(jobs).values(**values))
                    if admit:
                        admit(db)
                    rows.insert(db, pictures, (self._values(job_id, p) for p in new_pictures))
                    rows.plan(db, job_id, planned)
            except sa.exc.IntegrityError:
                if self.job_by_draft(values["draft_id"]) is None:
                    raise
                return False
        return True

    def add_attempt(
        self,
        job_id: str,
        after: int,
        planned: Sequence[NewOperation],
        admit: Admit | None = None,
    ) -> bool:
        """Plan a further attempt; False if somebody did so since attempt ``after``.

        Args:
            admit: as for ``add_job``.
        """
        with self.writing() as db:
            self.lock(db)
            changed = db.execute(
                sa.update(jobs)
                .where(jobs.c.id == job_id, jobs.c.attempt == after)
                .values(attempt=after + 1, cancelled=False, fault="", retry_at=None)
            ).rowcount
            if changed:
                if admit:
                    admit(db)
                rows.let_go(db, job_id, planned)
                rows.plan(db, job_id, planned)
            return bool(changed)

    def job(self, job_id: str) -> Job | None:
        """One job with its operations."""
        return next(iter(self._jobs(jobs.c.id == job_id)), None)

    def job_by_draft(self, draft_id: str) -> Job | None:
        """The job that a draft became, if it was sent."""
        return next(iter(self._jobs(jobs.c.draft_id == draft_id)), None)

    def job_by_name(self, name: str) -> Job | None:
        """The job that an operation of the service belongs to.

        Its names differ in what stands before its id: the project's name, its number, a location,
        or nothing; the id alone is the service's for good.
        """
        end = "/" + name.rpartition("/")[2]
        length, size = sa.func.length(operations.c.name), len(end)
        text = operations.c.name.type  # which takes what a database would refuse
        same = sa.func.substr(operations.c.name, length - size + 1, type_=text) == end
        alias = sa.and_(length >= size, same) if size > 1 else sa.false()
        owner = sa.select(operations.c.job_id).where(sa.or_(operations.c.name == name, alias))
        return next(iter(self._jobs(jobs.c.id.in_(owner))), None)

    def jobs(self, limit: int = 100, offset: int = 0, where: Where = EVERY) -> list[Job]:
        """Newest first."""
        return self._jobs(where, limit, offset)

    def count(self, where: Where = EVERY) -> int:
        """How many jobs there are."""
        query = sa.select(sa.func.count()).select_from(jobs).where(where)
        with self.reading() as db:
            return int(db.execute(query).scalar_one())

    def unsent_drafts(self) -> set[str]:
        """Drafts whose uploads may still be needed, of all backends.

        Also those of which a state cannot be read.
        """
        open_or_odd = sa.select(operations.c.job_id).where(operations.c.state.not_in(_OVER))
        query = sa.select(jobs.c.draft_id).where(jobs.c.id.in_(open_or_odd))
        with self.reading() as db:
            return set(db.execute(query).scalars())

    def open_jobs(self, backend: str) -> list[Job]:
        """Jobs of a backend of which some operation is not over, newest first."""
        return self._jobs(sa.and_(jobs.c.backend == backend, jobs.c.id.in_(UNFINISHED)), None)

    def uncounted_jobs(self, backend: str) -> list[Job]:
        """``open_jobs``, and those that are over and of which shards are still looked for."""
        owed = sa.select(operations.c.job_id).where(operations.c.owed_until.is_not(None))
        left = sa.or_(jobs.c.id.in_(UNFINISHED), jobs.c.id.in_(owed))
        return self._jobs(sa.and_(jobs.c.backend == backend, left), None)

    def sendable_jobs(self, backend: str) -> list[Job]:
        """``open_jobs``, and those with pictures that are still to be uploaded."""
        uploading = jobs.c.uploaded + jobs.c.lost < jobs.c.uploads
        left = sa.or_(jobs.c.id.in_(UNFINISHED), sa.and_(uploading, jobs.c.cancelled.is_(False)))
        there = jobs.c.deleted_at.is_(None)
        return self._jobs(sa.and_(jobs.c.backend == backend, there, left), None)

    def _jobs(
        self, where: sa.ColumnElement[bool], limit: int | None = 1, skip: int = 0
    ) -> list[Job]:
        with self.reading() as db:
            return row_reading.read_jobs(db, where, limit, skip)

    def operation(self, operation_id: int) -> Operation | None:
        """An operation by its row's id; None if it is gone."""
        with self.reading() as db:
            result = db.execute(sa.select(operations).where(operations.c.id == operation_id))
            row = result.mappings().first()
        return row_reading.read_operation(row) if row else None

    def known_names(self) -> set[str]:
        """Names of all operations that belong to some job."""
        with self.reading() as db:
            return set(db.execute(sa.select(operations.c.name)).scalars()) - {""}

    def in_processing(self, backend: str, *, paged: bool = False) -> int:
        """Pictures of this backend that are sent and not done: they count against the quota.

        Args:
            paged: count pages of files instead, which have a quota of their own.
        """
        with self.reading() as db:
            return rows.in_processing(db, backend, paged=paged)

    def to_upload(self, job_id: str) -> list[PictureRow]:
        """Pictures that are not in a bucket yet, in order; a file by its first page."""
        query = (
            sa.select(pictures)
            .where(pictures.c.job_id == job_id, pictures.c.uri == "", pictures.c.fault == "")
            .where(pictures.c.nth <= 1)
            .order_by(pictures.c.position)
        )
        with self.reading() as db:
            read = [row_reading.read_picture(row) for row in db.execute(query).mappings()]
        return [replace(row, path=self.absolute(row.path)) for row in read]

    def _values(self, job_id: str, row: PictureRow) -> dict[str, Any]:
        files = {"path": self.noted(row.path), "origin": self.noted(row.origin)}
        return {**rows.picture_values(job_id, row), **files}

    def mark_uploaded(self, job_id: str, uploaded: Sequence[tuple[int, str]]) -> None:
        """Note pictures (position, ``gs://`` address) that are now in a bucket."""
        self._mark(job_id, [{"at": at, "uri": uri, "fault": ""} for at, uri in uploaded])

    def mark_lost(self, job_id: str, lost: Sequence[tuple[int, str]]) -> None:
        """Note pictures (position, why) that cannot be uploaded; they are left out."""
        self._mark(job_id, [{"at": at, "uri": "", "fault": why} for at, why in lost])

    def _mark(self, job_id: str, marks: list[dict[str, Any]]) -> None:
        if not marks:
            return
        mark = (
            sa.update(pictures)
            .where(pictures.c.job_id == job_id, pictures.c.position == sa.bindparam("at"))
            .values(uri=sa.bindparam("uri"), fault=sa.bindparam("fault"))
        )
        mine = sa.select(sa.func.count()).where(
            pictures.c.job_id == job_id, pictures.c.path != "", pictures.c.nth <= 1
        )
        there = mine.where(pictures.c.uri != "").scalar_subquery()
        gone = mine.where(pictures.c.fault != "").scalar_subquery()
        with self.writing() as db:
            db.execute(mark, marks)
            rows.put_twins_forward(db, job_id, [m["at"] for m in marks if m["fault"]])
            # Counted again: two processes may upload, and note, the same picture.
            db.execute(sa.update(jobs).where(jobs.c.id == job_id).values(uploaded=there, lost=gone))

    def lost(self, job_id: str) -> list[tuple[str, str]]:
        """Names of pictures that were left out, and why."""
        query = sa.select(pictures.c.name, pictures.c.fault).where(
            pictures.c.job_id == job_id, pictures.c.fault != "", pictures.c.nth <= 1
        )
        with self.reading() as db:
            return [(name, why) for name, why in db.execute(query)]

    def placed(self, job_id: str) -> dict[tuple[str, int], PictureRow]:
        """(``gs://`` address, page) -> a job's picture or page; a picture's page is 0."""
        query = (
            sa.select(pictures)
            .where(pictures.c.job_id == job_id, pictures.c.uri != "")
            .order_by(pictures.c.position)
        )
        with self.reading() as db:
            pictures_read = [row_reading.read_picture(row) for row in db.execute(query).mappings()]
        return {(row.uri, row.page): row for row in pictures_read}

    def names(self, job_id: str) -> dict[str, str]:
        """What the user calls each picture of a job that was sent as files, by its address."""
        with self.reading() as db:
            return rows.read_names(db, job_id)

    def contents(self, job_id: str) -> dict[tuple[str, int], str]:
        """What each picture of a job shows (``content_hash``), by address and page."""
        with self.reading() as db:
            return rows.read_contents(db, job_id)

    def uris(self, operation_id: int) -> list[str]:
        """``gs://`` addresses that an operation sends, in request order; see ``places``."""
        with self.reading() as db:
            return rows.read_uris(db, operation_id)

    def places(self, operation_id: int) -> list[tuple[str, int]]:
        """(address, page) of an operation's pictures as they are shown, in request order."""
        with self.reading() as db:
            return rows.read_places(db, operation_id)

    def entries(self, operation_id: int) -> list[PictureRow]:
        """An operation's pictures, in request order."""
        with self.reading() as db:
            return [row_reading.read_picture(row) for row in rows.read_entries(db, operation_id)]

    def set_job(self, job_id: str, **values: Any) -> None:
        """Change a job's own fields."""
        with self.writing() as db:
            db.execute(sa.update(jobs).where(jobs.c.id == job_id).values(**rows.to_seconds(values)))

    def cancel(self, job_id: str, now: datetime) -> None:
        """Nothing more of a job is sent from here on; what runs is marked for cancelling."""
        mine = operations.c.job_id == job_id
        over = {"state": OperationState.CANCELLED.value, "ended_at": now.timestamp()}
        with self.writing() as db:
            db.execute(sa.update(jobs).where(jobs.c.id == job_id).values(cancelled=True))
            planned = sa.and_(mine, operations.c.state == OperationState.PLANNED)
            db.execute(sa.update(operations).where(planned).values(**over))
            running = sa.and_(mine, operations.c.state.in_(_OPEN), operations.c.cancel == "")
            db.execute(sa.update(operations).where(running).values(cancel="asked"))

    def forget(self, job_id: str) -> None:
        """Remove a job from the ledger; nothing in a bucket is touched.

        What it has spent stays, and so do its shards: other jobs may show answers from them.
        """
        with self.writing() as db:
            remove_rows(db, job_id)
            db.execute(sa.delete(jobs).where(jobs.c.id == job_id))


def remove_rows(db: sa.Connection, job_id: str) -> None:
    """Remove what the ledger knows of a job, but for its own row, its spending and its shards."""
    mine = sa.select(operations.c.id).where(operations.c.job_id == job_id)
    db.execute(sa.delete(entries).where(entries.c.operation_id.in_(mine)))
    db.execute(sa.delete(operations).where(operations.c.job_id == job_id))
    if db.execute(sa.delete(pictures).where(pictures.c.job_id == job_id)).rowcount:
        # Deleted jobs may have kept something for it: they are looked at once more.
        again = sa.update(jobs).where(jobs.c.deletion == "kept")
        db.execute(again.values(deletion="begun"))
    db.execute(sa.delete(marks).where(marks.c.batch == job_id))
