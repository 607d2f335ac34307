"""What became of operations that were sent: their state at the service, and cancelling them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.errors import (
    BackendDenied,
    BackendUnavailable,
    BucketUnavailable,
    ContactSheetError,
    EngineNotRunning,
    NotOffered,
    OperationNotFound,
    RequestError,
    RequestRefused,
)
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Operation, OperationState
from core.jobs.sending.submission.submit_once import Submitter
from core.jobs.service.backoff import Backoff
from core.jobs.service.connection import Connection
from core.jobs.service.operation_status import OperationStatus
from core.jobs.service.rate_limit import RateLimit
from core.logs import fields

log = logging.getLogger("core.jobs.watching")

# One answer that an operation is not known may come from a server that is behind, or from a service
# that is being restarted. Believing it offers to pay for its pictures once more.
NOT_FOUND_ANSWERS = 4
NOT_FOUND_FOR = timedelta(minutes=5)
OWED_FOR = timedelta(minutes=10)  # a listing may be behind the service's word by minutes
SOON = timedelta(minutes=1)
LONGEST_POLL = timedelta(seconds=15)  # one slow service must not keep the sender waiting

_CANCELLED_CODE = 1  # google.rpc.Code.CANCELLED
_RUNNING = (OperationState.RUNNING,)
_IN_DOUBT = (OperationState.SENDING, OperationState.UNCONFIRMED)


class Poller:
    """Keeps the ledger's operations in step with the service. Safe to share between threads."""

    def __init__(
        self,
        ledger: Ledger,
        submitter: Submitter,
        rate_limit: RateLimit,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._rate_limit = rate_limit
        self._asked: dict[int, int] = {}  # operation -> round in which it was asked about last
        self._round = 0
        self._submitter = submitter
        self._clock = clock
        self._pauses = Backoff(lambda: clock().timestamp())
        self._troubles: dict[int, tuple[str, ContactSheetError]] = {}  # operation -> its job, why

    def trouble(self, job_id: str) -> ContactSheetError | None:
        """Why one of a job's operations cannot be asked about; None if nothing is wrong."""
        troubles = (error for job, error in list(self._troubles.values()) if job == job_id)
        return next(troubles, None)

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
        """Ask about every operation that is not over and due; what is wrong with the service.

        An operation that cannot be asked about alone (``trouble``), is not found or is in doubt is
        asked about with growing pauses. If the quota of requests or the time of one round does not
        last for all, the others come first in the next one.
        """
        began = self._clock()
        silent = False  # storage, which those in doubt are looked for in
        for operation in self._in_turn(connection.id):
            in_doubt = operation.state is OperationState.UNCONFIRMED
            if not self._pauses.due(_key(operation)) or (in_doubt and silent):
                continue
            if self._clock() - began > LONGEST_POLL or not self._rate_limit.may_ask():
                break
            self._asked[operation.id] = self._round
            try:
                self.refresh(connection, operation)
            except (BackendUnavailable, EngineNotRunning) as error:
                return [error]  # the others would only wait for the same silence
            except ContactSheetError as error:
                silent = silent or isinstance(error, BucketUnavailable)
                self._troubles[operation.id] = (operation.job_id, error)
                self._pauses.grow(_key(operation))
                continue
            self._troubles.pop(operation.id, None)
            now = self._ledger.operation(operation.id)
            if now is not None and (now.not_found or self._stays_in_doubt(now)):
                self._pauses.grow(_key(now))
            else:
                self._pauses.end(_key(operation))
        return []

    def _stays_in_doubt(self, operation: Operation) -> bool:
        """Whether to look for it less often: what is found at all is mostly found in a minute."""
        since = operation.sending_at or self._clock()
        return operation.state is OperationState.UNCONFIRMED and self._clock() - since > SOON

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
        self._troubles = {
            key: trouble for key, trouble in self._troubles.items() if key in self._asked
        }
        self._pauses.keep(map(_key, running))
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
        denied: BackendDenied | None = None
        try:
            self.cancel_if_asked(connection, operation)
        except BackendDenied as error:
            denied = error  # its state may be known all the same
        try:
            status = connection.status(operation.name)
        except OperationNotFound:
            self._not_found(connection, operation)
            return
        if operation.not_found:
            log.info("is found again", extra=fields(**operation.ids))
            values: dict[str, Any] = {"not_found": 0, "not_found_at": None, "error": ""}
            self._ledger.move(operation.id, _RUNNING, **values)
        self._apply(operation, status)
        if denied is not None and not status.done:
            raise denied

    def _not_found(self, connection: Connection, operation: Operation) -> None:
        """The service does not know it: believed after several such answers over minutes.

        Where the service lists its operations and this one is missing, the answers alone are
        enough: an engine whose journal was set aside will never know it again.
        """
        now, answers = self._clock(), operation.not_found + 1
        since = min(operation.not_found_at or now, now)  # if a clock was set back
        times = "once" if answers == 1 else f"{answers} times"
        said = f"The service has said {times} since {since:%H:%M} UTC that it does not know it."
        patient = now - since >= NOT_FOUND_FOR
        if answers >= NOT_FOUND_ANSWERS and (patient or _not_listed(connection, operation)):
            over = OperationState.CANCELLED if operation.cancel else OperationState.FAILED
            error = f"{said} Results that it wrote before are kept, and looked for before a retry."
            self._end(operation, over, error=error, not_found=answers, not_found_at=since)
            return
        error = f"{said} That may be wrong, so it is still looked for and nothing is sent again."
        if answers == 1:
            log.warning("is not found at the service", extra=fields(**operation.ids))
        self._ledger.move(
            operation.id, _RUNNING, not_found=answers, not_found_at=since, error=error
        )

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
        except (NotOffered, RequestRefused):
            outcome = "refused"
        except OperationNotFound:
            return  # asking for its state, next, tells the same
        self._ledger.move(operation.id, _RUNNING, cancel=outcome)
        log.info("the service was asked to cancel: %s", outcome, extra=fields(**operation.ids))

    def record_progress(
        self, operation_id: int, shards: int, pictures: int, errors: int, *, recounted: bool = False
    ) -> None:
        """Note what was counted in an operation's shards; see ``Runner.record_progress``."""
        operation = self.operation(operation_id)
        known = (operation.shards_done, operation.pictures_done, operation.errors)
        # Fewer errors are believed only of shards that are all there.
        fewer = recounted and pictures >= operation.pictures_done and errors < operation.errors
        more = any(n > old for n, old in zip((shards, pictures, errors), known, strict=True))
        if more or fewer:
            self._ledger.move(
                operation_id,
                tuple(OperationState),
                shards_done=max(shards, operation.shards_done),
                pictures_done=max(pictures, operation.pictures_done),
                errors=errors if fewer else max(errors, operation.errors),
                progress_at=self._clock(),
            )
            operation = self.operation(operation_id)
        self._settle(operation)

    def _settle(self, operation: Operation) -> None:
        """What follows from its counts: nothing is owed any more, or it is over after all."""
        now, until = self._clock(), operation.owed_until
        if operation.complete or 0 < operation.shards <= operation.shards_done:
            # Where nobody can be asked, or knows it, the last shard is its end.
            alone = not operation.name or operation.not_found or operation.id in self._troubles
            if alone and operation.state in (OperationState.RUNNING, OperationState.FAILED):
                self._end(operation, OperationState.SUCCEEDED, (operation.state,), error="")
        if until is None:
            return
        if operation.complete or not now < until <= now + OWED_FOR:
            self._ledger.move(operation.id, tuple(OperationState), owed_until=None)
            if operation.arriving:
                extra = fields(**operation.ids, pictures=operation.arriving)
                log.warning("is done, and some of its results never showed", extra=extra)

    def _end(
        self,
        operation: Operation,
        state: OperationState,
        sources: Sequence[OperationState] = _RUNNING,
        **values: Any,
    ) -> None:
        now = self._clock()
        owed = None if operation.complete else now + OWED_FOR
        over = {"state": state, "ended_at": now, "owed_until": owed, **values}
        if not self._ledger.move(operation.id, sources, **over):
            return  # another dashboard on this ledger saw it first
        lasted = (now - operation.sent_at).total_seconds() if operation.sent_at else 0.0
        level = logging.ERROR if state is OperationState.FAILED else logging.INFO
        extra = fields(**operation.ids, state=state.value, seconds=round(lasted, 1))
        log.log(level, "ended%s", f": {said}" if (said := values.get("error")) else "", extra=extra)


def _key(operation: Operation) -> tuple[int, OperationState]:
    return operation.id, operation.state


def _not_listed(connection: Connection, operation: Operation) -> bool:
    """Whether the service has a complete list for the operation's prefix, without it.

    Raises:
        BackendError: it could not be asked.
    """
    try:
        listed, exact = connection.operations(operation.prefix)
    except NotOffered:
        return False
    return exact and operation.name not in {status.name for status in listed}


def _outcome(status: OperationStatus) -> OperationState:
    if status.state == "CANCELLED" or status.error_code == _CANCELLED_CODE:
        return OperationState.CANCELLED
    return OperationState.FAILED if status.error_code else OperationState.SUCCEEDED
