"""What became of operations that were sent: their state at the service, and cancelling them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from core.errors import (
    BackendUnavailable,
    ContactSheetError,
    EngineNotRunning,
    NotOffered,
    OperationNotFound,
    RequestError,
)
from core.jobs.connection import Connection
from core.jobs.ledger import Ledger
from core.jobs.operation_status import OperationStatus
from core.jobs.pace import Pace
from core.jobs.records import Operation, OperationState
from core.jobs.submission import Submitter
from core.logs import fields

log = logging.getLogger("core.jobs.watching")

_CANCELLED_CODE = 1  # google.rpc.Code.CANCELLED
_RUNNING = (OperationState.RUNNING,)
_IN_DOUBT = (OperationState.SENDING, OperationState.UNCONFIRMED)


class Watcher:
    """Keeps the ledger's operations in step with the service. Safe to share between threads."""

    def __init__(
        self, ledger: Ledger, submitter: Submitter, pace: Pace, clock: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._pace = pace
        self._asked: dict[int, int] = {}  # operation -> round in which it was asked about last
        self._round = 0
        self._submitter = submitter
        self._clock = clock

    def operation(self, operation_id: int) -> Operation:
        """One operation as it stands in the ledger.

        Raises:
            RequestError: there is none.
        """
        operation = self._ledger.operation(operation_id)
        if operation is None:
            raise RequestError("There is no such operation", where=str(operation_id))
        return operation

    def poll(self, connection: Connection) -> Sequence[ContactSheetError]:
        """Ask about every operation that is not over; what went wrong, each thing once.

        If the quota of requests does not last for all, the others come first in the next round.
        """
        problems: dict[str, ContactSheetError] = {}
        for operation in self._in_turn(connection.id):
            if not self._pace.may_ask():
                break
            self._asked[operation.id] = self._round
            try:
                self.refresh(connection, operation)
            except (BackendUnavailable, EngineNotRunning) as error:
                return [error]  # the others would only wait for the same silence
            except ContactSheetError as error:
                problems[str(error)] = error
        return list(problems.values())

    def _in_turn(self, backend: str) -> list[Operation]:
        """Operations to ask about, those that have waited longest first."""
        running = [
            operation
            for job in self._ledger.open_jobs(backend)
            for operation in job.operations
            if not operation.state.final and operation.state is not OperationState.PLANNED
        ]
        self._round += 1
        self._asked = {o.id: self._asked.get(o.id, 0) for o in running}
        return sorted(running, key=lambda operation: self._asked[operation.id])

    def refresh(self, connection: Connection, operation: Operation) -> None:
        """Ask about one operation; one in doubt is looked for first.

        Raises:
            BackendError, BucketError: it could not be asked; nothing has changed.
        """
        if operation.state in _IN_DOUBT:
            self._submitter.reconcile(connection, operation)
            operation = self.operation(operation.id)
        if operation.state is not OperationState.RUNNING or not operation.name:
            return
        self.cancel_if_asked(connection, operation)
        try:
            status = connection.status(operation.name)
        except OperationNotFound as error:
            self._end(operation, OperationState.FAILED, error=str(error))
            return
        self._apply(operation, status)

    def _apply(self, operation: Operation, status: OperationStatus) -> None:
        if status.output_prefix not in ("", operation.prefix):
            # It was the only candidate after a crash, and now says that it wrote elsewhere.
            log.warning("is another job's, as it turns out", extra=fields(**operation.ids))
            self._ledger.move(
                operation.id,
                _RUNNING,
                state=OperationState.UNCONFIRMED,
                name="",
                service_state="",
                error=f"It is not {operation.name}, as was thought.",
            )
        elif status.done:
            self._end(operation, _outcome(status), error=status.error, service_state=status.state)
        elif status.state != operation.service_state:
            self._ledger.move(operation.id, _RUNNING, service_state=status.state)

    def cancel_if_asked(self, connection: Connection, operation: Operation) -> None:
        """Pass the user's wish on, once the operation has a name to cancel it by.

        Raises:
            BackendError: the service could not be asked; it is asked again later.
        """
        running = operation.state is OperationState.RUNNING and operation.name
        if operation.cancel != "asked" or not running:
            return
        outcome = "sent"
        try:
            connection.cancel(operation.name)
        except NotOffered:
            outcome = "refused"
        except OperationNotFound:
            return  # asking for its state, next, tells the same
        self._ledger.move(operation.id, _RUNNING, cancel=outcome)
        log.info("the service was asked to cancel: %s", outcome, extra=fields(**operation.ids))

    def record_progress(
        self, operation_id: int, shards: int, pictures: int, errors: int, *, anew: bool = False
    ) -> None:
        """Note what was counted in an operation's shards; see ``Jobs.record_progress``."""
        operation = self.operation(operation_id)
        known = (operation.shards_done, operation.pictures_done, operation.errors)
        # Fewer errors are believed only of shards that are all there.
        fewer = anew and pictures >= operation.pictures_done and errors < operation.errors
        more = any(n > old for n, old in zip((shards, pictures, errors), known, strict=True))
        if not (more or fewer):
            return
        self._ledger.move(
            operation_id,
            tuple(OperationState),
            shards_done=max(shards, operation.shards_done),
            pictures_done=max(pictures, operation.pictures_done),
            errors=errors if fewer else max(errors, operation.errors),
            progress_at=self._clock(),
        )
        if not operation.name and 0 < operation.shards <= shards:
            # Found by its shards alone, so nobody can be asked: the last shard is its end.
            self._end(operation, OperationState.SUCCEEDED)

    def _end(self, operation: Operation, state: OperationState, **values: str) -> None:
        now = self._clock()
        if not self._ledger.move(operation.id, _RUNNING, state=state, ended_at=now, **values):
            return  # another dashboard on this ledger saw it first
        lasted = (now - operation.sent_at).total_seconds() if operation.sent_at else 0.0
        level = logging.ERROR if state is OperationState.FAILED else logging.INFO
        told = fields(**operation.ids, state=state.value, seconds=round(lasted, 1))
        log.log(level, "ended%s", f": {said}" if (said := values.get("error")) else "", extra=told)


def _outcome(status: OperationStatus) -> OperationState:
    if status.state == "CANCELLED" or status.error_code == _CANCELLED_CODE:
        return OperationState.CANCELLED
    return OperationState.FAILED if status.error_code else OperationState.SUCCEEDED
