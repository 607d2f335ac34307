"""Rows of the ledger's tables, in and out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from core.errors import LedgerError
from core.jobs.ledger import schema
from core.jobs.ledger.records import OperationState
from core.jobs.ledger.schema import entries, jobs, operations, pictures, shards, spending

_T = TypeVar("_T")
_INSERT_ROWS = 5_000
AT_ONCE = 500  # values in one statement: databases limit its parameters
_PROCESSING = (OperationState.SENDING, OperationState.UNCONFIRMED, OperationState.RUNNING)


@dataclass(frozen=True, slots=True)
class PictureRow:
    """One picture of a job, or one page of a file; ``uri`` is "" until it is in a bucket.

    The pages of a file that the job asks about stand in order at positions one after the other.

    Attributes:
        content: what it shows, see ``content_hash``; "" if that is not known.
        shard_id, number: the earlier job's answer that is used again; None if there is none.
        kept: whether another model gave that answer than the job asks.
        origin: its file, while an earlier job's answer stands in for it.
        twin_of: position of the picture with the same content that is sent in its place.
        file_type: media type of the file that the page is of; "" of a picture.
        page: number of the page in the file as the user has it, from 1; 0 of a picture.
        nth, pages: which of how many pages of the file that the job asks about; 0 of a picture.
        place, stored: which of how many pages of the object at ``uri``; 0 of a picture.
        cut: pages that alone are uploaded, see ``page_range.to_text``; "" for the whole file.
    """

    position: int
    name: str
    uri: str
    path: str
    spooled: bool
    content: str = ""
    shard_id: int | None = None
    number: int | None = None
    kept: bool = False
    origin: str = ""
    twin_of: int | None = None
    file_type: str = ""
    page: int = 0
    pages: int = 0
    nth: int = 0
    place: int = 0
    stored: int = 0
    cut: str = ""

    @property
    def file_positions(self) -> range:
        """Positions of all pages of its file; its own one of a picture."""
        first = self.position - max(self.nth, 1) + 1
        return range(first, first + max(self.pages, 1))


@dataclass(frozen=True, slots=True)
class NewOperation:
    """An operation to be planned, with its pictures' positions in request order.

    Attributes:
        file_type: media type of the one file of which it takes pages; "" for pictures.
    """

    attempt: int
    part: int
    prefix: str
    batch_size: int
    positions: Sequence[int]
    values: Mapping[str, Any] | None = None
    file_type: str = ""


def chunks(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Values in pieces that one statement takes."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def of_kind(paged: bool) -> sa.ColumnElement[bool]:
    """Operations on files of pages, or those on pictures: each kind has a quota of its own."""
    return operations.c.file_type != "" if paged else operations.c.file_type == ""


def in_processing(db: sa.Connection, backend: str, but: int = 0, *, paged: bool = False) -> int:
    """Pictures of a backend that are sent and not done: they count against the quota.

    Args:
        but: an operation that is not counted.
        paged: count pages of files instead.
    """
    left = sa.func.sum(operations.c.pictures - operations.c.pictures_done)
    query = (
        sa.select(left)
        .join_from(operations, jobs, operations.c.job_id == jobs.c.id)
        .where(jobs.c.backend == backend, operations.c.state.in_(_PROCESSING))
        .where(operations.c.id != but, of_kind(paged))
    )
    return max(0, int(db.execute(query).scalar() or 0))


def picture_values(job_id: str, row: PictureRow) -> dict[str, Any]:
    """A new picture as the table wants it."""
    return {
        **asdict(row),
        "job_id": job_id,
        "fault": "",
        "answer": schema.UNANSWERED if row.shard_id is None else schema.GOOD,
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
            "file_type": new.file_type,
            **to_seconds(new.values or {}),
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
    return _asked(operation_id, entries.c.position, pictures.c.uri)


def _asked(operation_id: int, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return (
        sa.select(*columns)
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
    """Addresses that an operation sends, in request order: those of its pictures, or of a cut."""
    asked = _asked(operation_id, pictures.c.uri, operations.c.cut)
    return [cut or uri for uri, cut in db.execute(asked)]


def read_places(db: sa.Connection, operation_id: int) -> list[tuple[str, int]]:
    """(address, page) of an operation's pictures as they are shown, in request order."""
    asked = _asked(operation_id, pictures.c.uri, pictures.c.page)
    return [(uri, page) for uri, page in db.execute(asked)]


def read_entries(db: sa.Connection, operation_id: int) -> list[sa.RowMapping]:
    """Rows of an operation's pictures, in request order."""
    return list(db.execute(_asked(operation_id, *pictures.c)).mappings())


def read_names(db: sa.Connection, job_id: str) -> dict[str, str]:
    """The user's own path of each of a job's pictures that came as files, by address."""
    asked = sa.select(pictures.c.uri, pictures.c.name).where(
        pictures.c.job_id == job_id, sa.or_(pictures.c.path != "", pictures.c.origin != "")
    )
    return {uri: name for uri, name in db.execute(asked) if uri}


def read_contents(db: sa.Connection, job_id: str) -> dict[tuple[str, int], str]:
    """What each of a job's pictures shows, by address and page, where that is known."""
    asked = sa.select(pictures.c.uri, pictures.c.page, pictures.c.content).where(
        pictures.c.job_id == job_id, pictures.c.uri != "", pictures.c.content != ""
    )
    return {(uri, page): content for uri, page, content in db.execute(asked)}


def renumber(db: sa.Connection, operation_id: int) -> None:
    """Leave out pictures without an address; shards are matched to pictures by number."""
    listed = db.execute(_entries(operation_id)).all()
    positions = [position for position, uri in listed if uri]
    if len(positions) == len(listed):
        return
    db.execute(sa.delete(entries).where(entries.c.operation_id == operation_id))
    numbered = enumerate(positions, start=1)
    insert(
        db,
        entries,
        ({"operation_id": operation_id, "number": n, "position": at} for n, at in numbered),
    )
    db.execute(
        sa.update(operations).where(operations.c.id == operation_id).values(pictures=len(positions))
    )


def put_twins_forward(db: sa.Connection, job_id: str, lost: Sequence[int]) -> None:
    """Where a picture is lost that others have the same content as, send one of those instead."""
    mine = pictures.c.job_id == job_id
    for position in lost:
        query = sa.select(pictures.c.position).where(
            mine, pictures.c.twin_of == position, pictures.c.fault == ""
        )
        twin = db.execute(query.order_by(pictures.c.position).limit(1)).scalar()
        if twin is None:
            continue
        planned = sa.select(operations.c.id).where(
            operations.c.job_id == job_id, operations.c.state == OperationState.PLANNED
        )
        db.execute(
            sa.update(entries)
            .where(entries.c.position == position, entries.c.operation_id.in_(planned))
            .values(position=twin)
        )
        here = pictures.c.position == twin
        others = sa.and_(mine, pictures.c.twin_of == position)
        db.execute(sa.update(pictures).where(others).values(twin_of=twin))
        db.execute(sa.update(pictures).where(mine, here).values(twin_of=None))


def let_go(db: sa.Connection, job_id: str, planned: Sequence[NewOperation]) -> None:
    """Pictures that are to be sent do not use an earlier job's answer any more.

    One that was a file of this machine is uploaded again: its earlier copy may be gone as well.
    """
    again = sorted({position for new in planned for position in new.positions})
    borrowed = sa.select(shards.c.id).where(shards.c.job_id != job_id)
    count = files = 0
    for some in chunks(again):
        mine = sa.and_(
            pictures.c.job_id == job_id,
            pictures.c.position.in_(some),
            pictures.c.shard_id.in_(borrowed),
        )
        from_file = sa.and_(mine, pictures.c.origin != "")
        here = {"path": pictures.c.origin, "uri": "", "origin": ""}
        uploads = sa.and_(from_file, pictures.c.nth <= 1)  # a file goes once, for all its pages
        files += int(db.execute(sa.select(sa.func.count()).where(uploads)).scalar_one())
        db.execute(sa.update(pictures).where(from_file).values(**here))
        nothing = {"answer": schema.UNANSWERED, "shard_id": None, "number": None, "kept": False}
        count += db.execute(sa.update(pictures).where(mine).values(**nothing)).rowcount
    if count:
        fewer = {"reused": jobs.c.reused - count, "uploads": jobs.c.uploads + files}
        db.execute(sa.update(jobs).where(jobs.c.id == job_id).values(**fewer))


def unspend(db: sa.Connection, operation_id: int) -> None:
    """An operation was surely not accepted: what was counted for it is taken back."""
    wanted = ("job_id", "attempt", "part", "pictures")
    query = sa.select(*(operations.c[name] for name in wanted))
    row = db.execute(query.where(operations.c.id == operation_id)).mappings().one()
    mine = [spending.c[name] == row[name] for name in wanted[:3]]
    left = {
        name: sa.case(
            (spending.c[name] > row["pictures"], spending.c[name] - row["pictures"]), else_=0
        )
        for name in ("units", "billable")
    }
    db.execute(sa.update(spending).where(*mine).values(**left))


def to_seconds(values: Mapping[str, Any]) -> dict[str, Any]:
    """Moments as seconds since 1970, the rest as it is."""
    return {k: v.timestamp() if isinstance(v, datetime) else v for k, v in values.items()}
