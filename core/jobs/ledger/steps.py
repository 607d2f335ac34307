"""How an operation's state moves: only by compare-and-set, each step one transaction.

That is what makes sure that of several senders exactly one gets to submit an operation, and that
one who lost it to another changes nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.jobs.ledger import rows
from core.jobs.ledger.database import LedgerDatabase
from core.jobs.ledger.records import OperationState
from core.jobs.ledger.schema import operations

AdmitPictures = Callable[[sa.Connection, int], None]
Count = Callable[[sa.Connection], None]


class OperationSteps(LedgerDatabase):
    """The part of ``Ledger`` that moves operations."""

    def claim(
        self,
        operation_id: int,
        sender: str,
        now: datetime,
        admit: AdmitPictures | None = None,
        mark: str = "",
    ) -> list[str] | None:
        """Take a planned operation for sending; None if it is not planned (any more).

        Its pictures are settled in the same step: those that were lost are left out.

        Args:
            sender: names this one try; later steps hold only while the operation is still its.
            admit: called within the transaction with how many are left; what it raises undoes it.
            mark: that the sender leaves in the bucket, see ``send_marks``.
        """
        with self.writing() as db:
            self.lock(db)
            claimed = db.execute(
                sa.update(operations)
                .where(operations.c.id == operation_id)
                .where(operations.c.state == OperationState.PLANNED, operations.c.cancel == "")
                .values(
                    state=OperationState.SENDING,
                    sender=sender,
                    sending_at=now.timestamp(),
                    marks=operations.c.marks + f" {mark}" if mark else operations.c.marks,
                    error="",
                )
            ).rowcount
            if not claimed:
                return None
            rows.renumber(db, operation_id)
            uris = rows.read_uris(db, operation_id)
            if admit and uris:
                admit(db, len(uris))
            return uris

    def move(
        self,
        operation_id: int,
        sources: Sequence[OperationState],
        held_by: str | None = None,
        **values: Any,
    ) -> bool:
        """Change an operation if it is in one of the given states; False if it was not.

        Args:
            held_by: the sender whose try it has to be still; None for any.
        """
        with self.writing() as db:
            where = sa.and_(
                operations.c.id == operation_id,
                operations.c.state.in_([s.value for s in sources]),
                _held_by(held_by),
            )
            changed = db.execute(
                sa.update(operations).where(where).values(**rows.to_seconds(values))
            )
            return bool(changed.rowcount)

    def is_sending(self, operation_id: int, sender: str) -> bool:
        """Whether an operation is being sent, and by this sender's try."""
        query = sa.select(operations.c.state, operations.c.sender)
        with self.reading() as db:
            row = db.execute(query.where(operations.c.id == operation_id)).first()
        return row is not None and tuple(row) == (OperationState.SENDING, sender)

    def note_also(self, operation_id: int, line: str, count: Count) -> bool:
        """Keep what else may have been accepted for an operation; False if it is forgotten.

        Args:
            count: called within the transaction, if it is not; counts the units.
        """
        more = sa.update(operations).where(operations.c.id == operation_id)
        with self.writing() as db:
            there = db.execute(more.values(also=operations.c.also + f"{line}\n")).rowcount
            if there:
                count(db)
            return bool(there)

    def plan_again(
        self, operation_id: int, error: str, now: datetime, held_by: str | None = None
    ) -> bool:
        """An operation that was surely not accepted: planned, or cancelled if that was asked.

        Args:
            held_by: as for ``move``.

        Returns:
            Whether it was in doubt, and still that sender's.
        """
        asked = operations.c.cancel != ""
        doubtful = operations.c.state.in_((OperationState.SENDING, OperationState.UNCONFIRMED))
        back = (
            sa.update(operations)
            .where(operations.c.id == operation_id, doubtful, _held_by(held_by))
            .values(
                state=sa.case((asked, OperationState.CANCELLED), else_=OperationState.PLANNED),
                ended_at=sa.case((asked, now.timestamp()), else_=None),
                error=error,
            )
        )
        with self.writing() as db:
            moved = bool(db.execute(back).rowcount)
            if moved:
                rows.unspend(db, operation_id)
            return moved

    def refuse(
        self, operation_id: int, error: str, now: datetime, held_by: str | None = None
    ) -> None:
        """An operation that the service refused for good: it cost nothing."""
        over = {"state": OperationState.FAILED, "error": error, "ended_at": now.timestamp()}
        mine = sa.and_(
            operations.c.id == operation_id,
            operations.c.state == OperationState.SENDING,
            _held_by(held_by),
        )
        with self.writing() as db:
            if db.execute(sa.update(operations).where(mine).values(**over)).rowcount:
                rows.unspend(db, operation_id)

    def take_back(self, operation_id: int, error: str) -> None:
        """An operation that is over, and surely was not accepted: it cost nothing."""
        mine = operations.c.id == operation_id
        with self.writing() as db:
            db.execute(sa.update(operations).where(mine).values(error=error))
            rows.unspend(db, operation_id)


def _held_by(sender: str | None) -> sa.ColumnElement[bool]:
    return sa.true() if sender is None else operations.c.sender == sender
