"""From rows of the ledger to records; a row that cannot be read is its own fault and no other's.

SQLite keeps whatever it is given in any column, and a hand, another program or a bad disk may give
it anything. A job with such a row is shown with what is wrong, and can be forgotten.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core.errors import ContactSheetError, LedgerError
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.records import Job, Operation, OperationState
from core.jobs.ledger.rows import PictureRow, chunks
from core.jobs.ledger.schema import ERROR, GOOD, UNANSWERED, jobs, operations, pictures

_MOMENTS = {
    *("created_at", "retry_at", "sending_at", "sent_at", "ended_at", "progress_at"),
    *("not_found_at", "owed_until", "deleted_at"),
}
_PICTURE_TEXTS = ("name", "uri", "path", "content", "origin", "file_type", "cut")
_PICTURE_NUMBERS = ("page", "pages", "nth", "place", "stored")
_CANCEL = ("", "asked", "sent", "refused")
_LARGEST = 2**53  # whole numbers that a float holds


class _Unreadable(Exception):
    """What is wrong with a row, naming column and value."""


def read_jobs(
    db: sa.Connection, where: sa.ColumnElement[bool], limit: int | None = None, skip: int = 0
) -> list[Job]:
    """Jobs with their operations, newest first; see ``Job.unreadable``."""
    newest = sa.select(jobs).where(where).order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
    rows = db.execute(newest.limit(limit).offset(skip)).mappings().all()
    theirs: dict[str, list[sa.RowMapping]] = {row["id"]: [] for row in rows}
    parts = sa.select(operations).order_by(operations.c.attempt, operations.c.part)
    for ids in chunks(list(theirs)):
        for part in db.execute(parts.where(operations.c.job_id.in_(ids))).mappings():
            theirs[part["job_id"]].append(part)
    twins = _bad_twins(db, [row["id"] for row in rows if row["twins"]])
    return [_with_twins(_job(row, theirs[row["id"]]), twins) for row in rows]


def _bad_twins(db: sa.Connection, job_ids: Sequence[str]) -> Counter[tuple[str, int]]:
    """(job, answer) -> how many twins have no good answer, of those that have any twins."""
    first, count = pictures.alias(), Counter[tuple[str, int]]()
    sent = sa.and_(first.c.job_id == pictures.c.job_id, first.c.position == pictures.c.twin_of)
    query = (
        sa.select(pictures.c.job_id, first.c.answer, sa.func.count())
        .join_from(pictures, first, sent)
        .where(pictures.c.twin_of.is_not(None), pictures.c.fault == "", first.c.answer != GOOD)
        .group_by(pictures.c.job_id, first.c.answer)
    )
    for ids in chunks(job_ids):
        for job_id, answer, twins in db.execute(query.where(pictures.c.job_id.in_(ids))):
            count[job_id, answer] = twins
    return count


def _with_twins(job: Job, twins: Counter[tuple[str, int]]) -> Job:
    failed = twins[job.id, ERROR]
    missing = twins[job.id, UNANSWERED] if job.settled else 0
    if not failed and not missing:
        return job
    return replace(job, twins_failed=failed, twins_missing=missing)


def read_operation(row: sa.RowMapping) -> Operation:
    """A row of ``operations``.

    Raises:
        LedgerError: it cannot be read.
    """
    try:
        return _operation(row)
    except _Unreadable as error:
        raise LedgerError(
            "A record of the ledger cannot be read",
            where=str(error),
            then="Forget its job on the Operations page, or correct the record.",
        ) from error


def read_picture(row: sa.RowMapping) -> PictureRow:
    """A row of ``pictures``; what is no text is read as text: then the file is not found."""
    values = {name: row[name] for name in PictureRow.__dataclass_fields__}
    texts = {name: str(values[name]) for name in _PICTURE_TEXTS}
    numbers = {n: values[n] if type(values[n]) is int else 0 for n in _PICTURE_NUMBERS}
    flags = {name: bool(row[name]) for name in ("spooled", "kept")}
    return PictureRow(**{**values, **texts, **numbers, **flags})


def _job(row: sa.RowMapping, parts: Sequence[sa.RowMapping]) -> Job:
    try:
        values = _checked(row, jobs)
        values["cancelled"] = bool(values["cancelled"])
        values["shared"] = bool(values["shared"])
        values["archived"] = bool(values["archived"])
        values["request"] = _request(row["request"])
        return Job(**values, operations=tuple(_operation(part) for part in parts))
    except _Unreadable as error:
        names = [str(part["name"]) for part in parts if part["name"]]
        return _stand_in(row, str(error), ", ".join(names[:20]))


def _operation(row: sa.RowMapping) -> Operation:
    values = _checked(row, operations)
    try:
        values["state"] = OperationState(values["state"])
    except ValueError:
        raise _Unreadable(_said(operations, "state", row)) from None
    if values["cancel"] not in _CANCEL:
        raise _Unreadable(_said(operations, "cancel", row))
    return Operation(**values)


def _request(text: str) -> BatchRequest | None:
    try:
        return BatchRequest.from_json(text) if text else None
    except (ContactSheetError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise _Unreadable(f"jobs.request is {text[:60]!r}: {error}"[:300]) from error
    except RecursionError:
        raise _Unreadable("jobs.request is nested without an end") from None


def _checked(row: sa.RowMapping, table: sa.Table) -> dict[str, Any]:
    given, values = dict(row), {}
    for name, kinds, nullable in _COLUMNS[table.name]:
        value = given[name]
        if type(value) not in kinds and not (value is None and nullable):
            raise _Unreadable(_said(table, name, row))
        if type(value) is int and not 0 <= value < _LARGEST:
            raise _Unreadable(_said(table, name, row))
        if type(value) is float and not math.isfinite(value):
            raise _Unreadable(_said(table, name, row))
        values[name] = value
    for name in _MOMENTS & values.keys():
        if values[name] is None:
            continue
        try:
            values[name] = datetime.fromtimestamp(values[name], UTC)
        except (ValueError, OverflowError, OSError):
            raise _Unreadable(_said(table, name, row)) from None
    return values


def _kinds(column: sa.Column[Any]) -> tuple[type, ...]:
    for kind, types in ((sa.Boolean, (bool, int)), (sa.Integer, (int,)), (sa.Double, (float, int))):
        if isinstance(column.type, kind):
            return types
    return (str,)


# What of a row makes a record: name, types of its values, whether there may be none.
_COLUMNS = {
    table.name: [
        (column.name, _kinds(column), bool(column.nullable))
        for column in table.columns
        if column.name in record.__dataclass_fields__
    ]
    for table, record in ((jobs, Job), (operations, Operation))
}


def _said(table: sa.Table, name: str, row: sa.RowMapping) -> str:
    at = f" of part {row['attempt']}.{row['part']}" if table is operations else ""
    return f"{table.name}.{name}{at} is {str(row[name])[:60]!r}"


def _stand_in(row: sa.RowMapping, fault: str, names: str) -> Job:
    """A job in the place of one that cannot be read: nothing is done with it but forgetting."""

    def text(name: str) -> str:
        return row[name] if isinstance(row[name], str) else ""

    try:
        created = datetime.fromtimestamp(row["created_at"], UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        created = datetime.fromtimestamp(0, UTC)
    known = f" The service knows its operations as {names}." if names else ""
    return Job(
        id=row["id"],
        draft_id=text("draft_id"),
        title=text("title"),
        created_at=created,
        prefix=text("prefix"),
        backend=text("backend"),
        request=None,
        source=text("source"),
        attempt=1,
        pictures=0,
        uploads=0,
        uploaded=0,
        lost=0,
        cancelled=False,
        fault="",
        retry_at=None,
        operations=(),
        owner=text("owner"),
        owner_name=text("owner_name"),
        shared=row["shared"] is True,
        unreadable=f"{fault}.{known}",
    )
