"""Exactly once: how an operation gets from planned to running, whatever breaks on the way.

PLANNED -claim-> SENDING -answer-> RUNNING. Only the one sender whose claim succeeded submits, and
the claim is on disk before anything is on the wire. A clear refusal goes back to PLANNED or to
FAILED. No clear answer, or a sender that died, means that the batch may or may not run: it is
looked for (``reconcile``), and sent again only on proof that it was never accepted. Without proof
either way it stays UNCONFIRMED, for the user to decide.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from core.errors import (
    BackendError,
    NotOffered,
    QuotaExceeded,
    RequestRefused,
    SubmissionUncertain,
)
from core.jobs.accounts import Accounts
from core.jobs.connection import SUBMIT_TIMEOUT_S, Connection
from core.jobs.features import REQUESTS_PER_MINUTE
from core.jobs.ledger import Ledger
from core.jobs.operation_status import OperationStatus
from core.jobs.pace import Pace
from core.jobs.records import Job, Operation, OperationState
from core.logs import fields

log = logging.getLogger("core.jobs.submission")

SETTLE = timedelta(seconds=5)  # a request on the wire has arrived by then, or never will
GIVEN_UP = timedelta(seconds=2 * SUBMIT_TIMEOUT_S)  # no sender waits longer than half of this
CLOCK_SKEW = timedelta(seconds=60)  # between this machine's clock and the service's

LOOK_TIMEOUT_S = 5.0  # a storage that is away is asked again later, not waited for

_DOUBTFUL = (OperationState.SENDING, OperationState.UNCONFIRMED)
_HOST = f"{socket.gethostname()}:{os.getpid()}"
_PROCESS = f"{_HOST}:{uuid.uuid4().hex[:12]}"


class Submitter:
    """Sends planned operations and finds lost ones. Safe to share between threads."""

    def __init__(
        self, ledger: Ledger, accounts: Accounts, pace: Pace, clock: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._pace = pace
        self._clock = clock
        # One at a time in a process: after a crash at most one operation is in doubt, and while
        # one is looked for, no other can be between its answer and the ledger.
        self._one = threading.Lock()
        self._absent: dict[int, datetime] = {}  # when an operation in doubt was first not listed

    def submit(self, connection: Connection, job: Job, operation: Operation) -> None:
        """Send one planned operation; does nothing if another sender has taken it.

        Raises:
            NoRoom: it has to wait until others are done.
            BudgetExceeded: it may not be sent; it stays planned.
            BackendError: it was not accepted, and is planned again unless the request itself was
                refused (then it is FAILED and nothing is raised).
        """
        if job.request is None:
            return
        with self._one:
            if not self._pace.may_send():
                raise QuotaExceeded(
                    f"{REQUESTS_PER_MINUTE:,} requests were made within a minute",
                    then="It goes on by itself in the next one.",
                )
            connection.check_ready()  # while nothing is marked as sent
            if operation.sending_at is not None and self._was_accepted(connection, operation):
                return
            admit = self._accounts.sending(connection.id, job.request, operation)
            uris = self._ledger.claim(operation.id, _PROCESS, self._clock(), admit)
            if uris is not None:
                self._send(connection, job, operation, uris)

    def _was_accepted(self, connection: Connection, operation: Operation) -> bool:
        """Whether an earlier try got through after all, although its answer was a refusal.

        A full queue on the way, or an answer that was too large, looks like a used up quota.
        """
        try:
            listed, exact = connection.operations(operation.prefix)
        except NotOffered:
            return False
        found = self._candidates(listed, operation) if exact else []
        return len(found) == 1 and self._accepted(
            operation, found[0].name, (OperationState.PLANNED,)
        )

    def _send(
        self, connection: Connection, job: Job, operation: Operation, uris: list[str]
    ) -> None:
        if job.request is None or not uris:
            self._fail(operation, "None of its pictures could be uploaded.")
            return
        if not operation.error:  # what lasts is told once, not at every try
            log.info("is sent", extra=fields(**operation.ids, pictures=len(uris)))
        try:
            name = connection.submit(job.request.to_proto(uris, operation.prefix))
        except SubmissionUncertain as error:
            self._unconfirmed(operation, str(error))
        except RequestRefused as error:
            self._fail(operation, str(error))
        except BackendError as error:
            # Every other kind says: not accepted.
            self._ledger.plan_again(operation.id, str(error), self._clock())
            if str(error) != operation.error:
                log.warning("was not accepted: %s", error, extra=fields(**operation.ids))
            raise
        except Exception as error:
            self._unconfirmed(operation, f"Sending it broke off: {error!r}")
            raise
        else:
            self._accepted(operation, name)

    def reconcile(self, connection: Connection, operation: Operation) -> None:
        """Find out what became of an operation whose sender had no answer, or died.

        Raises:
            BackendError, BucketError: it cannot be found out now; nothing has changed.
        """
        with self._one:
            now = self._ledger.operation(operation.id)
            if now is None or now.state not in _DOUBTFUL:
                return
            if now.state is OperationState.SENDING and self._sender_lives(now):
                return
            self._look_for(connection, now)

    def _look_for(self, connection: Connection, operation: Operation) -> None:
        try:
            listed, exact = connection.operations(operation.prefix)
        except NotOffered:
            self._by_shards(connection, operation)
            return
        found = self._candidates(listed, operation)
        since = (operation.sending_at or self._clock()) - CLOCK_SKEW
        likely = [s for s in found if exact or s.created is None or s.created >= since]
        if len(likely) == 1:
            self._accepted(operation, likely[0].name)
        elif found:
            # Clocks may differ by more than we think: an old one is no proof of anything.
            names = ", ".join(status.name for status in found[:5])
            self._unconfirmed(operation, f"It may be one of these operations: {names}.")
        elif self._settled(operation):
            # The list is complete, so it was never accepted.
            self._ledger.plan_again(operation.id, "", self._clock())
            log.info("never arrived; it is sent again", extra=fields(**operation.ids))

    def _candidates(
        self, listed: list[OperationStatus], operation: Operation
    ) -> list[OperationStatus]:
        known = self._ledger.known_names()
        unknown = [
            status
            for status in listed
            if status.name not in known and status.output_prefix in ("", operation.prefix)
        ]
        # One that has ended tells where it wrote; that is proof.
        return [s for s in unknown if s.output_prefix == operation.prefix] or unknown

    def _by_shards(self, connection: Connection, operation: Operation) -> None:
        """Where operations cannot be listed, a shard under its own prefix is proof."""
        buckets = connection.buckets.hurried(LOOK_TIMEOUT_S)
        first = next(iter(buckets.list_objects(operation.prefix)), None)
        if first is not None:
            self._accepted(operation, "")
        elif operation.state is OperationState.SENDING:
            self._unconfirmed(
                operation,
                "It was being sent when this dashboard stopped; whether the service accepted it "
                "is not known. Results will be noticed. Send it again only if you accept that it "
                "may be charged twice.",
            )

    def _sender_lives(self, operation: Operation) -> bool:
        """Whether somebody may still be submitting it, or recording the answer."""
        if operation.sender == _PROCESS:
            return False  # the lock is ours: nothing of this process is on the wire
        host, _, rest = operation.sender.partition(":")
        pid = rest.partition(":")[0]
        if host == _HOST.partition(":")[0] and pid.isdecimal() and not _process_exists(int(pid)):
            return False
        # Another machine, or a number that a new process has taken over: wait its time out.
        return abs(self._age(operation)) < GIVEN_UP

    def _settled(self, operation: Operation) -> bool:
        """Whether it can no longer be on the wire: a while after the service was first without it.

        Counted from there and not from the sending, since a network that stood still delivers the
        request and our question together. A clock that was set back counts anew.
        """
        now = self._clock()
        since = self._absent.setdefault(operation.id, now)
        if now < since:
            self._absent[operation.id] = now
        elif now - since >= SETTLE:
            del self._absent[operation.id]
            return True
        return False

    def _age(self, operation: Operation) -> timedelta:
        return self._clock() - (operation.sending_at or self._clock())

    def _accepted(
        self, operation: Operation, name: str, sources: Sequence[OperationState] = _DOUBTFUL
    ) -> bool:
        moved = self._ledger.move(
            operation.id,
            sources,
            state=OperationState.RUNNING,
            name=name,
            error="",
            sent_at=operation.sending_at or self._clock(),
        )
        if moved:
            log.info("accepted", extra=fields(**{**operation.ids, "operation": name}))
        return moved

    def _unconfirmed(self, operation: Operation, error: str) -> None:
        known = operation.state is OperationState.UNCONFIRMED and operation.error == error
        if not known:
            log.warning("unconfirmed: %s", error, extra=fields(**operation.ids))
        self._ledger.move(operation.id, _DOUBTFUL, state=OperationState.UNCONFIRMED, error=error)

    def _fail(self, operation: Operation, error: str) -> None:
        self._ledger.refuse(operation.id, error, self._clock())
        log.error("refused: %s", error, extra=fields(**operation.ids))


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
