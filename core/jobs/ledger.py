"""Jobs on disk: every step is one transaction, so that a crash at any moment can be picked up.

SQLAlchemy Core over any URL. States move only by compare-and-set (``move``), which is what makes
sure that of several senders exactly one gets to submit an operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.errors import LedgerError
from core.jobs import schema
from core.jobs.batch_request import BatchRequest
from core.jobs.records import Job, Operation, OperationState
from core.jobs.schema import entries, jobs, operations, pictures

_OPEN = tuple(state.value for state in OperationState if not state.final)
_PROCESSING = (OperationState.SENDING, OperationState.UNCONFIRMED, OperationState.RUNNING)
_INSERT_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class PictureRow:
    """One picture of a job; ``uri`` is "" until it is in a bucket."""

    position: int
    name: str
    uri: str
    path: str
    spooled: bool


@dataclass(frozen=True, slots=True)
class NewOperation:
    """An operation to be planned, with its pictures' positions in request order."""

    attempt: int
    part: int
    prefix: str
    batch_size: int
    positions: Sequence[int]
    values: Mapping[str, Any] | None = None


class Ledger:
    """The job ledger. Safe to share between threads, and between processes by its URL.

    Every method raises ``LedgerError`` if the database cannot do it.
    """

    def __init__(self, url: str) -> None:
        self._where = url.rpartition("@")[2]  # without user name and password
        with self._translated():
            self._engine = schema.open_engine(url)

    def close(self) -> None:
        """Close the database connections."""
        self._engine.dispose()

    def add_job(
        self,
        values: Mapping[str, Any],
        rows: Iterable[PictureRow],
        planned: Sequence[NewOperation],
    ) -> bool:
        """Write a whole job at once; False if its draft was sent before."""
        with self._translated():
            try:
                with self._engine.begin() as db:
                    db.execute(sa.insert(jobs).values(**values))
                    job_id = values["id"]
                    _insert(
                        db,
                        pictures,
                        (
                            {
                                "job_id": job_id,
                                "position": row.position,
                                "name": row.name,
                                "uri": row.uri,
                                "path": row.path,
                                "spooled": row.spooled,
                                "fault": "",
                            }
                            for row in rows
                        ),
                    )
                    _plan(db, job_id, planned)
            except sa.exc.IntegrityError:
                if self.job_by_draft(values["draft_id"]) is None:
                    raise
                return False
        return True

    def add_attempt(self, job_id: str, after: int, planned: Sequence[NewOperation]) -> bool:
        """Plan a further attempt; False if somebody did so since attempt ``after``."""
        with self._translated(), self._engine.begin() as db:
            changed = db.execute(
                sa.update(jobs)
                .where(jobs.c.id == job_id, jobs.c.attempt == after)
                .values(attempt=after + 1, cancelled=False, fault="", retry_at=None)
            ).rowcount
            if changed:
                _plan(db, job_id, planned)
            return bool(changed)

    def job(self, job_id: str) -> Job | None:
        """One job with its operations."""
        return next(iter(self._jobs(jobs.c.id == job_id)), None)

    def job_by_draft(self, draft_id: str) -> Job | None:
        """The job that a draft became, if it was sent."""
        return next(iter(self._jobs(jobs.c.draft_id == draft_id)), None)

    def job_by_name(self, name: str) -> Job | None:
        """The job that an operation of the service belongs to."""
        owner = sa.select(operations.c.job_id).where(operations.c.name == name)
        return next(iter(self._jobs(jobs.c.id.in_(owner))), None)

    def jobs(self, limit: int = 100, offset: int = 0) -> list[Job]:
        """Newest first."""
        return self._jobs(sa.true(), limit, offset)

    def count(self) -> int:
        """How many jobs there are."""
        with self._reading() as db:
            return int(db.execute(sa.select(sa.func.count()).select_from(jobs)).scalar_one())

    def open_jobs(self, backend: str) -> list[Job]:
        """Jobs of a backend of which some operation is not over, newest first."""
        unfinished = sa.select(operations.c.job_id).where(operations.c.state.in_(_OPEN))
        return self._jobs(sa.and_(jobs.c.backend == backend, jobs.c.id.in_(unfinished)), None)

    def _jobs(
        self, where: sa.ColumnElement[bool], limit: int | None = 1, skip: int = 0
    ) -> list[Job]:
        newest = sa.select(jobs).where(where).order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        with self._reading() as db:
            rows = db.execute(newest.limit(limit).offset(skip)).mappings().all()
            theirs: dict[str, list[Operation]] = {row["id"]: [] for row in rows}
            parts = sa.select(operations).order_by(operations.c.attempt, operations.c.part)
            for start in range(0, len(rows), 500):  # databases limit a statement's parameters
                ids = [row["id"] for row in rows[start : start + 500]]
                for found in db.execute(parts.where(operations.c.job_id.in_(ids))).mappings():
                    theirs[found["job_id"]].append(_operation(found))
        return [_job(row, theirs[row["id"]]) for row in rows]

    def operation(self, operation_id: int) -> Operation | None:
        """One operation."""
        with self._reading() as db:
            found = db.execute(sa.select(operations).where(operations.c.id == operation_id))
            row = found.mappings().first()
        return _operation(row) if row else None

    def known_names(self) -> set[str]:
        """Names of all operations that belong to some job."""
        with self._reading() as db:
            return set(db.execute(sa.select(operations.c.name)).scalars()) - {""}

    def in_processing(self, backend: str) -> int:
        """Pictures of this backend that are sent and not done: they count against the quota."""
        left = sa.func.sum(operations.c.pictures - operations.c.pictures_done)
        query = (
            sa.select(left)
            .join_from(operations, jobs, operations.c.job_id == jobs.c.id)
            .where(jobs.c.backend == backend, operations.c.state.in_(_PROCESSING))
        )
        with self._reading() as db:
            return max(0, int(db.execute(query).scalar() or 0))

    def to_upload(self, job_id: str) -> list[PictureRow]:
        """Pictures that are not in a bucket yet, in order."""
        query = (
            sa.select(pictures)
            .where(pictures.c.job_id == job_id, pictures.c.uri == "", pictures.c.fault == "")
            .order_by(pictures.c.position)
        )
        with self._reading() as db:
            return [_picture(row) for row in db.execute(query).mappings()]

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
        mine = sa.select(sa.func.count()).where(pictures.c.job_id == job_id, pictures.c.path != "")
        there = mine.where(pictures.c.uri != "").scalar_subquery()
        gone = mine.where(pictures.c.fault != "").scalar_subquery()
        with self._translated(), self._engine.begin() as db:
            db.execute(mark, marks)
            # Counted anew: two processes may upload, and note, the same picture.
            db.execute(sa.update(jobs).where(jobs.c.id == job_id).values(uploaded=there, lost=gone))

    def lost(self, job_id: str) -> list[tuple[str, str]]:
        """Names of pictures that were left out, and why."""
        query = sa.select(pictures.c.name, pictures.c.fault).where(
            pictures.c.job_id == job_id, pictures.c.fault != ""
        )
        with self._reading() as db:
            return [(name, why) for name, why in db.execute(query)]

    def positions(self, job_id: str) -> dict[str, int]:
        """``gs://`` address -> position of a job's pictures."""
        query = sa.select(pictures.c.uri, pictures.c.position).where(
            pictures.c.job_id == job_id, pictures.c.uri != ""
        )
        with self._reading() as db:
            return dict(db.execute(query).tuples().all())

    def uris(self, operation_id: int) -> list[str]:
        """``gs://`` addresses of an operation's pictures, in request order."""
        with self._reading() as db:
            return _uris(db, operation_id)

    def claim(self, operation_id: int, sender: str, now: datetime) -> list[str] | None:
        """Take a planned operation for sending; None if it is not planned (any more).

        Its pictures are settled in the same step: those that were lost are left out.
        """
        with self._translated(), self._engine.begin() as db:
            claimed = db.execute(
                sa.update(operations)
                .where(operations.c.id == operation_id)
                .where(operations.c.state == OperationState.PLANNED)
                .values(
                    state=OperationState.SENDING,
                    sender=sender,
                    sending_at=now.timestamp(),
                    error="",
                )
            ).rowcount
            if not claimed:
                return None
            _renumber(db, operation_id)
            return _uris(db, operation_id)

    def move(self, operation_id: int, sources: Sequence[OperationState], **values: Any) -> bool:
        """Change an operation if it is in one of the given states; False if it was not."""
        with self._translated(), self._engine.begin() as db:
            where = sa.and_(
                operations.c.id == operation_id, operations.c.state.in_([s.value for s in sources])
            )
            changed = db.execute(sa.update(operations).where(where).values(**_plain(values)))
            return bool(changed.rowcount)

    def set_job(self, job_id: str, **values: Any) -> None:
        """Change a job's own fields."""
        with self._translated(), self._engine.begin() as db:
            db.execute(sa.update(jobs).where(jobs.c.id == job_id).values(**_plain(values)))

    def cancel(self, job_id: str, now: datetime) -> None:
        """Nothing more of a job is sent from here on; what runs is marked for cancelling."""
        mine = operations.c.job_id == job_id
        over = {"state": OperationState.CANCELLED.value, "ended_at": now.timestamp()}
        with self._translated(), self._engine.begin() as db:
            db.execute(sa.update(jobs).where(jobs.c.id == job_id).values(cancelled=True))
            planned = sa.and_(mine, operations.c.state == OperationState.PLANNED)
            db.execute(sa.update(operations).where(planned).values(**over))
            running = sa.and_(mine, operations.c.state.in_(_OPEN), operations.c.cancel == "")
            db.execute(sa.update(operations).where(running).values(cancel="asked"))

    def forget(self, job_id: str) -> None:
        """Remove a job from the ledger; nothing in a bucket is touched."""
        mine = sa.select(operations.c.id).where(operations.c.job_id == job_id)
        with self._translated(), self._engine.begin() as db:
            db.execute(sa.delete(entries).where(entries.c.operation_id.in_(mine)))
            for table in (operations, pictures):
                db.execute(sa.delete(table).where(table.c.job_id == job_id))
            db.execute(sa.delete(jobs).where(jobs.c.id == job_id))

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._translated(), self._engine.connect() as db:
            yield db.execution_options(**{schema.READING: True})

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
            said = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
            raise LedgerError(
                "The job ledger cannot be used",
                where=self._where,
                then=f"Check the file or database, its rights and its disk. It said: {said}",
            ) from error


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path}"


def _plan(db: sa.Connection, job_id: str, planned: Sequence[NewOperation]) -> None:
    for new in planned:
        row = {
            **schema.NEW_OPERATION,
            "job_id": job_id,
            "attempt": new.attempt,
            "part": new.part,
            "prefix": new.prefix,
            "batch_size": new.batch_size,
            "pictures": len(new.positions),
            **_plain(new.values or {}),
        }
        key = db.execute(sa.insert(operations).values(**row)).inserted_primary_key
        if key is None:
            raise LedgerError("The database gave no key for an operation", where=new.prefix)
        numbered = enumerate(new.positions, start=1)
        _insert(
            db,
            entries,
            ({"operation_id": key[0], "number": n, "position": at} for n, at in numbered),
        )


def _insert(db: sa.Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _INSERT_ROWS:
            db.execute(sa.insert(table), batch)
            batch = []
    if batch:
        db.execute(sa.insert(table), batch)


def _entries(operation_id: int) -> sa.Select[Any]:
    """Position and address of an operation's pictures, in request order."""
    return (
        sa.select(entries.c.position, pictures.c.uri)
        .select_from(
            entries.join(operations, operations.c.id == entries.c.operation_id).join(
                pictures,
                sa.and_(
                    pictures.c.job_id == operations.c.job_id,
                    pictures.c.position == entries.c.position,
                ),
            )
        )
        .where(entries.c.operation_id == operation_id)
        .order_by(entries.c.number)
    )


def _uris(db: sa.Connection, operation_id: int) -> list[str]:
    return [uri for _, uri in db.execute(_entries(operation_id))]


def _renumber(db: sa.Connection, operation_id: int) -> None:
    """Leave out pictures without an address; shards are matched to pictures by number."""
    found = db.execute(_entries(operation_id)).all()
    kept = [position for position, uri in found if uri]
    if len(kept) == len(found):
        return
    db.execute(sa.delete(entries).where(entries.c.operation_id == operation_id))
    numbered = enumerate(kept, start=1)
    _insert(
        db,
        entries,
        ({"operation_id": operation_id, "number": n, "position": at} for n, at in numbered),
    )
    db.execute(
        sa.update(operations).where(operations.c.id == operation_id).values(pictures=len(kept))
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.timestamp() if isinstance(v, datetime) else v for k, v in values.items()}


def _moment(value: float | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value, UTC)


def _picture(row: sa.RowMapping) -> PictureRow:
    return PictureRow(row["position"], row["name"], row["uri"], row["path"], bool(row["spooled"]))


def _operation(row: sa.RowMapping) -> Operation:
    values = {name: row[name] for name in Operation.__dataclass_fields__}
    for name in ("sending_at", "sent_at", "ended_at", "progress_at"):
        values[name] = _moment(values[name])
    values["state"] = OperationState(values["state"])
    return Operation(**values)


def _job(row: sa.RowMapping, parts: Sequence[Operation]) -> Job:
    values = {name: row[name] for name in Job.__dataclass_fields__ if name in row}
    values["created_at"] = _moment(values["created_at"])
    values["retry_at"] = _moment(values["retry_at"])
    values["cancelled"] = bool(values["cancelled"])
    values["request"] = BatchRequest.from_json(row["request"]) if row["request"] else None
    return Job(**values, operations=tuple(parts))
