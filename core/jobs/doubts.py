"""Operations that may or may not have been accepted, where only the user can say what they are."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from core.errors import RequestError
from core.jobs.connection import Connection
from core.jobs.ledger import Ledger
from core.jobs.operation_status import check_operation_name
from core.jobs.records import Operation, OperationState
from core.jobs.watching import Watcher
from core.logs import fields

log = logging.getLogger("core.jobs.doubts")


class Doubts:
    """What the user may decide about an unconfirmed operation. Safe to share between threads."""

    def __init__(
        self,
        ledger: Ledger,
        connect: Callable[[], Connection],
        watcher: Watcher,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._connect = connect
        self._watcher = watcher
        self._clock = clock

    def confirm(self, operation_id: int, name: str) -> Operation:
        """The user says which operation an unconfirmed one is.

        Raises:
            OperationNotFound: the service does not know it.
            RequestError: it belongs to another job, or the operation is not in doubt.
        """
        name = name.strip()
        check_operation_name(name)
        if self._ledger.job_by_name(name) is not None:
            raise RequestError("This operation belongs to a job already", where=name)
        connection = self._connect()
        connection.status(name)
        self._decide(operation_id, state=OperationState.RUNNING, name=name)
        self._watcher.refresh(connection, self._watcher.operation(operation_id))
        return self._watcher.operation(operation_id)

    def send_again(self, operation_id: int) -> Operation:
        """The user accepts that an unconfirmed operation may run twice; call ``send`` next."""
        return self._decide(operation_id, state=OperationState.PLANNED, cancel="")

    def give_up(self, operation_id: int) -> Operation:
        """The user drops an unconfirmed operation."""
        now = self._clock()
        return self._decide(operation_id, state=OperationState.CANCELLED, ended_at=now)

    def _decide(self, operation_id: int, **values: object) -> Operation:
        doubtful = (OperationState.UNCONFIRMED,)
        if not self._ledger.move(operation_id, doubtful, error="", **values):
            raise RequestError(
                "This operation is no longer in doubt", then="Look at its state again."
            )
        decided = self._watcher.operation(operation_id)
        log.info("the user decided: %s", decided.state, extra=fields(**decided.ids))
        return decided
