"""What people say of pictures while they look: keep, flag, reject, and a note.

An append-only record in the ledger: nothing that was said is changed or lost. A mark belongs to a
picture within a batch (a job, or a prefix of shards): to its content where that is known, else to
its address, so that it outlives a new annotation. All who may see the batch see its marks; who may
see it is not known here: ``core.app.batches.batch_marks`` asks first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from core.errors import RequestError
from core.jobs.ledger.access import ALONE, Visitor
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.schema import marks

MARK, NOTE = "mark", "note"  # kinds
MARKS = ("keep", "flag", "reject")
MOST_NOTE = 500  # characters
MOST_AT_ONCE = 100_000  # pictures of one action
_CHUNK = 5_000  # rows a statement


@dataclass(frozen=True, slots=True)
class MarkEvent:
    """Something that was said of a picture.

    Attributes:
        picture: what names it for good.
        kind: ``MARK`` or ``NOTE``.
        value: "" where it was taken away; else of ``MARKS``, or a note, which may be hostile text.
        name: who said it, for people; "" for the one user of a dashboard without sign-in.
    """

    picture: str
    kind: str
    value: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking back did: pictures as they were before, and those that others changed since."""

    restored: tuple[str, ...]
    changed_since: int


class Marks:
    """The marks of all batches, for one visitor.

    Every method raises ``LedgerError`` if the database cannot do it, and those that change
    something ``NotAllowed`` in the demo.
    """

    def __init__(
        self,
        ledger: Ledger,
        visitor: Visitor = ALONE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger, self._visitor, self._clock = ledger, visitor, clock

    def seen_by(self, visitor: Visitor) -> Marks:
        """The same for another visitor."""
        return Marks(self._ledger, visitor, self._clock)

    @property
    def writable(self) -> bool:
        """Whether the visitor may mark."""
        return not self._visitor.read_only

    def since(self, batch: str, version: int = 0) -> tuple[int, list[MarkEvent]]:
        """What was said after a version, oldest first, and the version that this gives."""
        columns = (marks.c.id, marks.c.picture, marks.c.kind, marks.c.value)
        asked = (
            sa.select(*columns, marks.c.owner_name, marks.c.at)
            .where(marks.c.batch == batch, marks.c.id > version)
            .order_by(marks.c.id)
        )
        with self._ledger.reading() as db:
            rows = db.execute(asked).all()
        said = [
            MarkEvent(
                row.picture,
                row.kind,
                row.value,
                row.owner_name,
                datetime.fromtimestamp(row.at, UTC),
            )
            for row in rows
        ]
        return (rows[-1].id if rows else version), said

    def mark(self, batch: str, which: Sequence[str], mark: str) -> None:
        """Mark pictures; "" takes their marks away.

        Raises:
            RequestError: there is no such mark, or too many pictures.
        """
        if mark not in ("", *MARKS):
            raise RequestError("There is no such mark", where=mark[:40], then=", ".join(MARKS))
        self._add(batch, MARK, dict.fromkeys(which, mark))

    def note(self, batch: str, picture: str, text: str) -> None:
        """Write a note to a picture; "" takes it away.

        Raises:
            RequestError: it is too long.
        """
        text = " ".join(text.split())
        if len(text) > MOST_NOTE:
            raise RequestError(f"A note has at most {MOST_NOTE} characters", then="Shorten it.")
        self._add(batch, NOTE, {picture: text})

    def take_back(self, batch: str) -> Taken:
        """Undo the visitor's last action that still stands; nothing happens without one.

        Of its pictures, those that somebody said something else of since stay as they are.
        """
        self._visitor.check_write()
        with self._ledger.writing() as db:
            self._ledger.lock(db)
            action = self._last_action(db, batch)
            if action is None:
                return Taken((), 0)
            mine = sa.select(marks.c.id, marks.c.picture, marks.c.kind).where(
                marks.c.batch == batch, marks.c.action == action
            )
            own = {(picture, kind): id for id, picture, kind in db.execute(mine)}
            first = min(own.values())
            others = sa.select(marks.c.picture, marks.c.kind, marks.c.id).where(
                marks.c.batch == batch, marks.c.id > first, marks.c.owner != self._visitor.subject
            )
            since = {(picture, kind): id for picture, kind, id in db.execute(others)}
            before = _rows(db, batch, first)
            restored = {
                key: before.get(key, "") for key, id in own.items() if since.get(key, 0) < id
            }
            self._insert(db, batch, restored, takes_back=action)
            if not restored:  # so that the next time an earlier one is taken back
                self._insert(db, "", {("", "undo"): ""}, takes_back=action)
        return Taken(tuple(dict.fromkeys(p for p, _ in restored)), len(own) - len(restored))

    def _last_action(self, db: sa.Connection, batch: str) -> str | None:
        back = sa.select(marks.c.takes_back).where(marks.c.takes_back != "")
        asked = (
            sa.select(marks.c.action)
            .where(
                marks.c.batch == batch,
                marks.c.owner == self._visitor.subject,
                marks.c.takes_back == "",
                marks.c.action.not_in(back),
            )
            .order_by(marks.c.id.desc())
            .limit(1)
        )
        action: str | None = db.execute(asked).scalar_one_or_none()
        return action

    def _add(self, batch: str, kind: str, values: Mapping[str, str]) -> None:
        self._visitor.check_write()
        if len(values) > MOST_AT_ONCE:
            raise RequestError(
                f"{len(values):,} pictures are too many to mark at once",
                then=f"Narrow them to {MOST_AT_ONCE:,}.",
            )
        with self._ledger.writing() as db:
            self._ledger.lock(db)  # ids are in the order in which others see the rows
            self._insert(db, batch, {(picture, kind): v for picture, v in values.items()})

    def _insert(
        self,
        db: sa.Connection,
        batch: str,
        values: Mapping[tuple[str, str], str],
        takes_back: str = "",
    ) -> None:
        common: dict[str, Any] = {
            "batch": batch,
            "action": uuid4().hex,
            "takes_back": takes_back,
            "owner": self._visitor.subject,
            "owner_name": self._visitor.name,
            "at": self._clock().timestamp(),
        }
        rows = [
            {"picture": picture, "kind": kind, "value": value, **common}
            for (picture, kind), value in values.items()
        ]
        for start in range(0, len(rows), _CHUNK):
            db.execute(sa.insert(marks), rows[start : start + _CHUNK])


def _rows(db: sa.Connection, batch: str, before: int) -> dict[tuple[str, str], str]:
    """What counted before a row, by picture and kind."""
    last = (
        sa.select(sa.func.max(marks.c.id).label("id"))
        .where(marks.c.batch == batch, marks.c.id < before)
        .group_by(marks.c.picture, marks.c.kind)
        .subquery()
    )
    columns = (marks.c.picture, marks.c.kind, marks.c.value)
    rows = db.execute(sa.select(*columns).join(last, marks.c.id == last.c.id))
    return {(picture, kind): value for picture, kind, value in rows}
