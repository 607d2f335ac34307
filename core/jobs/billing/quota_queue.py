"""Operations that wait for room: only so many pictures may be in processing at once.

Pages of files have a quota and a queue of their own: 10,000. First come, first served: an operation
goes when all before it fit in too. Several dashboards on one ledger count the same pictures, since
room is looked for in the transaction that takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.jobs.batch.features import PAGES_IN_PROCESSING
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import OperationState
from core.jobs.ledger.row_reading import read_jobs
from core.jobs.ledger.rows import chunks, in_processing, of_kind
from core.jobs.ledger.schema import jobs, operations


class NoRoom(Exception):
    """The quota has no room for an operation yet."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One operation that is ready to be sent.

    Attributes:
        title: of its job; hostile.
        position: 1 for the next one.
        ahead: pictures of the operations before it.
        processing: pictures in processing now.
        allowed: pictures that may be at once.
        paged: all these are pages of files.
    """

    operation_id: int
    job_id: str
    title: str
    pictures: int
    position: int
    ahead: int
    processing: int
    allowed: int
    paged: bool = False

    @property
    def fits(self) -> bool:
        """Whether there is room for it and all before it."""
        return fits(self.processing, self.ahead, self.pictures, self.allowed)

    @property
    def why(self) -> str:
        """What it waits for, as a sentence."""
        if self.fits:
            return "There is room: it is sent next."
        noun = "pages" if self.paged else "pictures"
        left = self.processing + self.ahead + self.pictures - self.allowed
        before = f" and {self.ahead:,} wait before it" if self.ahead else ""
        return (
            f"{self.processing:,} of {self.allowed:,} {noun} are in processing"
            f"{before}; it goes when {left:,} more are done."
        )


def fits(processing: int, ahead: int, pictures: int, allowed: int) -> bool:
    """Whether an operation may go; one alone always may, so that nothing waits for ever."""
    alone = processing == 0 and ahead == 0
    return alone or processing + ahead + pictures <= allowed


def waiting(ledger: Ledger, backend: str, now: datetime, allowed: int) -> list[Waiting]:
    """A backend's queues, the next one first: of pictures, then of pages.

    Args:
        allowed: pictures that may be in processing at once.
    """
    return [
        *_queue(ledger, backend, now, allowed, paged=False),
        *_queue(ledger, backend, now, PAGES_IN_PROCESSING, paged=True),
    ]


def _queue(
    ledger: Ledger, backend: str, now: datetime, allowed: int, *, paged: bool
) -> list[Waiting]:
    processing = ledger.in_processing(backend, paged=paged)
    with ledger.reading() as db:
        ready = _ready(db, backend, now, paged)
    waiting, ahead = [], 0
    for position, row in enumerate(ready, start=1):
        entry = (row.id, row.job_id, row.title, row.pictures)
        waiting.append(Waiting(*entry, position, ahead, processing, allowed, paged))
        ahead += row.pictures
    return waiting


def take_room(
    db: sa.Connection,
    backend: str,
    operation_id: int,
    pictures: int,
    now: datetime,
    allowed: int,
    *,
    paged: bool = False,
) -> None:
    """See that there is room, within the transaction that takes an operation for sending.

    Raises:
        NoRoom: it has to wait.
    """
    processing = in_processing(db, backend, but=operation_id, paged=paged)
    ready = _ready(db, backend, now, paged)
    ahead = sum(row.pictures for row in ready if row.id < operation_id)
    if not fits(processing, ahead, pictures, PAGES_IN_PROCESSING if paged else allowed):
        raise NoRoom


def _ready(
    db: sa.Connection, backend: str, now: datetime, paged: bool
) -> Sequence[sa.Row[Any, Any, Any, Any]]:
    """Planned operations (id, job_id, title, pictures) that only room keeps from being sent."""
    rested = sa.or_(jobs.c.fault == "", jobs.c.retry_at <= now.timestamp())
    query = (
        sa.select(operations.c.id, operations.c.job_id, jobs.c.title, operations.c.pictures)
        .join_from(operations, jobs, operations.c.job_id == jobs.c.id)
        .where(jobs.c.backend == backend, jobs.c.cancelled.is_(False), rested)
        .where(jobs.c.uploaded + jobs.c.lost >= jobs.c.uploads)
        .where(operations.c.state == OperationState.PLANNED, operations.c.cancel == "")
        .where(of_kind(paged))
        .order_by(operations.c.id)
    )
    ready = db.execute(query).all()
    some = {row.job_id for row in ready}
    # What cannot be read is never sent, so that nothing must wait behind it.
    bad = {
        job.id
        for ids in chunks([*some])
        for job in read_jobs(db, jobs.c.id.in_(ids))
        if job.unreadable
    }
    return [row for row in ready if row.job_id not in bad]
