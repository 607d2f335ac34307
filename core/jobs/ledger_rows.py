"""Rows of the ledger's tables, in and out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core.errors import LedgerError
from core.jobs import schema
from core.jobs.batch_request import BatchRequest
from core.jobs.records import Job, Operation, OperationState
from core.jobs.schema import entries, operations, pictures

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


def picture_values(job_id: str, row: PictureRow) -> dict[str, Any]:
    """A new picture as the table wants it."""
    return {
        "job_id": job_id,
        "position": row.position,
        "name": row.name,
        "uri": row.uri,
        "path": row.path,
        "spooled": row.spooled,
        "fault": "",
    }


def plan(db: sa.Connection, job_id: str, planned: Sequence[NewOperation]) -> None:
    """Write planned operations with their pictures."""
    for new in planned:
        row = {
            **schema.NEW_OPERATION,
            "job_id": job_id,
            "attempt": new.attempt,
            "part": new.part,
            "prefix": new.prefix,
            "batch_size": new.batch_size,
            "pictures": len(new.positions),
            **plain(new.values or {}),
        }
        key = db.execute(sa.insert(operations).values(**row)).inserted_primary_key
        if key is None:
            raise LedgerError("The database gave no key for an operation", where=new.prefix)
        numbered = enumerate(new.positions, start=1)
        insert(
            db,
            entries,
            ({"operation_id": key[0], "number": n, "position": at} for n, at in numbered),
        )


def insert(db: sa.Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    """Write many rows in portions."""
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


def read_uris(db: sa.Connection, operation_id: int) -> list[str]:
    """Addresses of an operation's pictures, in request order."""
    return [uri for _, uri in db.execute(_entries(operation_id))]


def renumber(db: sa.Connection, operation_id: int) -> None:
    """Leave out pictures without an address; shards are matched to pictures by number."""
    found = db.execute(_entries(operation_id)).all()
    kept = [position for position, uri in found if uri]
    if len(kept) == len(found):
        return
    db.execute(sa.delete(entries).where(entries.c.operation_id == operation_id))
    numbered = enumerate(kept, start=1)
    insert(
        db,
        entries,
        ({"operation_id": operation_id, "number": n, "position": at} for n, at in numbered),
    )
    db.execute(
        sa.update(operations).where(operations.c.id == operation_id).values(pictures=len(kept))
    )


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Moments as seconds since 1970, the rest as it is."""
    return {k: v.timestamp() if isinstance(v, datetime) else v for k, v in values.items()}


def _moment(value: float | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value, UTC)


def read_picture(row: sa.RowMapping) -> PictureRow:
    """A row of ``pictures``."""
    return PictureRow(row["position"], row["name"], row["uri"], row["path"], bool(row["spooled"]))


def read_operation(row: sa.RowMapping) -> Operation:
    """A row of ``operations``."""
    values = {name: row[name] for name in Operation.__dataclass_fields__}
    for name in ("sending_at", "sent_at", "ended_at", "progress_at"):
        values[name] = _moment(values[name])
    values["state"] = OperationState(values["state"])
    return Operation(**values)


def read_job(row: sa.RowMapping, parts: Sequence[Operation]) -> Job:
    """A row of ``jobs``."""
    values = {name: row[name] for name in Job.__dataclass_fields__ if name in row}
    values["created_at"] = _moment(values["created_at"])
    values["retry_at"] = _moment(values["retry_at"])
    values["cancelled"] = bool(values["cancelled"])
    values["request"] = BatchRequest.from_json(row["request"]) if row["request"] else None
    return Job(**values, operations=tuple(parts))
