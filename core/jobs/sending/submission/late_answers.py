"""An answer of the service to a try that somebody else has taken over meanwhile.

Then one batch may run twice, which nobody can take back: it is said by name on the job, counted in
the month's units, and what can be cancelled is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from core.errors import BackendError, NotOffered
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Operation, OperationState
from core.jobs.sending.admission import Admission
from core.jobs.service.connection import Connection
from core.logs import fields

log = logging.getLogger("core.jobs.sending.late_answers")


class LateAnswers:
    """Safe to share between threads."""

    def __init__(self, ledger: Ledger, admission: Admission, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._admission = admission
        self._clock = clock

    def note(
        self,
        connection: Connection,
        request: BatchRequest,
        operation: Operation,
        name: str,
        pictures: int,
    ) -> None:
        """Keep what the service has taken, or may have taken, for an operation.

        Args:
            name: the service's name for it; "" if there was no clear answer.
            pictures: how many were in the request.
        """
        count = self._admission.counting(connection.id, request, operation, pictures)
        moment = self._clock()
        extra = fields(**{**operation.ids, "operation": name})
        running: dict[str, Any] = {
            "state": OperationState.RUNNING,
            "name": name,
            "error": "",
            "sent_at": moment,
        }
        if name and self._ledger.move(operation.id, (OperationState.PLANNED,), **running):
            with self._ledger.writing() as db:
                count(db)  # planning it again had taken them back
            log.info("accepted late", extra=extra)
            return
        line = (
            name or f"an operation without a known name, sent until {moment:%Y-%m-%d %H:%M:%S} UTC"
        )
        now = self._ledger.operation(operation.id)
        if name and now is not None and (now.name or now.state.final):
            line += _cancelled(connection, name)
        if self._ledger.note_also(operation.id, line, count):
            log.error("was sent twice, and may be charged twice: %s", line, extra=extra)
        else:
            log.error("belongs to no job any more, and may be charged: %s", line, extra=extra)


def _cancelled(connection: Connection, name: str) -> str:
    """Ask for the end of what runs beside another one; what came of it, to stand behind a name."""
    try:
        connection.cancel(name)
    except NotOffered:
        return " (the service does not cancel)"
    except BackendError as error:
        return f" (cancelling it failed: {error.what})"
    return " (the service was asked to cancel it)"
