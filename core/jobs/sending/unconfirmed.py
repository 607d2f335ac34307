"""Operations that may or may not have been accepted, where only the user can say what they are."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from core.errors import RequestError
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Operation, OperationState
from core.jobs.sending.polling import Poller
from core.jobs.sending.send_job import check_backend
from core.jobs.sending.submission import send_marks
from core.jobs.service.connection import Connection
from core.jobs.service.operation_status import check_operation_name
from core.logs import fields

log = logging.getLogger("core.jobs.doubts")

_UNCONFIRMED = (OperationState.UNCONFIRMED,)
_RUNNING = (OperationState.RUNNING,)


class Unconfirmed:
    """What the user may decide about an unconfirmed operation. Safe to share between threads.

    Args:
        check: raises unless the visitor may change the operation's job.
        check_name: raises if a name is that of an operation that is hidden from the visitor; also
            gets what the visitor typed.
    """

    def __init__(
        self,
        ledger: Ledger,
        connect: Callable[[], Connection],
        poller: Poller,
        clock: Callable[[], datetime],
        check: Callable[[int], object],
        check_name: Callable[[str, str], object],
    ) -> None:
        self._ledger = ledger
        self._connect = connect
        self._poller = poller
        self._clock = clock
        self._check = check
        self._check_name = check_name

    def confirm(self, operation_id: int, name: str) -> Operation:
        """The user says which operation an unconfirmed one is.

        Args:
            name: in any form that the service takes; it is kept in the service's own.

        Raises:
            OperationNotFound: the service does not know it.
            RequestError: it belongs to another job, or the operation is not in doubt.
            NotAllowed: the job is not the visitor's to change.
        """
        self._check(operation_id)
        name = name.strip()
        check_operation_name(name)
        self._check_free(name, name)
        connection = self._connect()
        canonical = connection.status(name).name or name
        self._check_free(canonical, name)
        self._decide(operation_id, state=OperationState.RUNNING, name=canonical)
        self._poller.refresh(connection, self._poller.operation(operation_id))
        return self._poller.operation(operation_id)

    def send_again(self, operation_id: int) -> Operation:
        """The user accepts that an unconfirmed operation may run twice; call ``send`` next.

        It is looked for once more, since what is found need not be sent.

        Returns:
            It as it was found, or planned: whether the first try runs unseen is not known.

        Raises:
            RequestError: it is not in doubt, or results lie under its prefix.
            BackendError, BucketError, EngineError: it cannot be looked for; nothing has changed.
        """
        self._check(operation_id)
        operation = self._poller.operation(operation_id)
        if operation.state is not OperationState.UNCONFIRMED:
            raise _not_in_doubt()
        connection = self._connect()
        if (job := self._ledger.job(operation.job_id)) is not None:
            check_backend(job, connection)
        self._poller.refresh(connection, operation)
        operation = self._poller.operation(operation_id)
        if operation.state is not OperationState.UNCONFIRMED:
            return operation
        uris = self._ledger.uris(operation_id)
        found_marks = send_marks.find(connection.buckets, operation.prefix, operation.marks, uris)
        if found_marks.results:
            raise RequestError(
                "Results lie under its prefix already",
                where=operation.prefix,
                then="Give it up, and retry what is missing: that writes elsewhere.",
            )
        marks = " ".join((operation.marks, *found_marks.unknown))
        return self._decide(operation_id, state=OperationState.PLANNED, cancel="", marks=marks)

    def give_up(self, operation_id: int) -> Operation:
        """The user drops an operation that is unconfirmed, or known by its results alone."""
        self._check(operation_id)
        over: dict[str, Any] = {"state": OperationState.CANCELLED, "ended_at": self._clock()}
        operation = self._poller.operation(operation_id)
        if operation.nameless and self._ledger.move(operation_id, _RUNNING, error="", **over):
            return self._poller.operation(operation_id)
        return self._decide(operation_id, **over)

    def _check_free(self, name: str, typed: str) -> None:
        self._check_name(name, typed)
        if self._ledger.job_by_name(name) is not None:
            raise RequestError("This operation belongs to a job already", where=name)

    def _decide(self, operation_id: int, **values: Any) -> Operation:
        if not self._ledger.move(operation_id, _UNCONFIRMED, error="", **values):
            raise _not_in_doubt()
        decided = self._poller.operation(operation_id)
        log.info("the user decided: %s", decided.state, extra=fields(**decided.ids))
        return decided


def _not_in_doubt() -> RequestError:
    return RequestError("This operation is no longer in doubt", then="Look at its state again.")
