"""Exactly once: how an operation gets from planned to running, whatever breaks on the way.

PLANNED -claim-> SENDING -answer-> RUNNING. Only the one sender whose claim succeeded submits, and
the claim is on disk before anything is on the wire. A clear refusal goes back to PLANNED or to
FAILED. No clear answer, or a sender that died, means that the batch may or may not run: it is
looked for (``reconcile``), and sent again only on proof that it was never accepted. Without proof
either way it stays UNCONFIRMED, for the user to decide.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from core.errors import (
    ContactSheetError,
    NotOffered,
    QuotaExceeded,
    RequestRefused,
    SubmissionUncertain,
)
from core.jobs.batch.billing_labels import of_job
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job, Operation, OperationState
from core.jobs.sending.admission import Admission
from core.jobs.sending.submission import send_marks
from core.jobs.sending.submission.claims import GIVEN_UP, Claim, ClaimLost, has_ended, is_of
from core.jobs.sending.submission.late_answers import LateAnswers
from core.jobs.service.connection import Connection
from core.jobs.service.operation_status import OperationStatus
from core.jobs.service.rate_limit import RateLimit
from core.logs import fields

if TYPE_CHECKING:
    from google.cloud import vision

log = logging.getLogger("core.jobs.submission")

SETTLE = timedelta(seconds=5)  # a request on the wire has arrived by then, or never will
CLOCK_SKEW = timedelta(seconds=60)  # between this machine's clock and the service's

LOOK_TIMEOUT_S = 5.0  # a storage that is away is asked again later, not waited for

_DOUBTFUL = (OperationState.SENDING, OperationState.UNCONFIRMED)


class Submitter:
    """Sends planned operations and finds lost ones. Safe to share between threads.

    Args:
        process: this one's name, as ``claims.PROCESS``.
    """

    def __init__(
        self,
        ledger: Ledger,
        admission: Admission,
        rate_limit: RateLimit,
        clock: Callable[[], datetime],
        process: str,
    ) -> None:
        self._ledger = ledger
        self._admission = admission
        self._rate_limit = rate_limit
        self._clock = clock
        self._process = process
        self._late = LateAnswers(ledger, admission, clock)
        # One at a time in a process: after a crash at most one operation is in doubt, and while
        # one is looked for, no other can be between its answer and the ledger.
        self._one = threading.Lock()
        self._absent: dict[int, datetime] = {}  # when an operation in doubt was first not listed

    def submit(self, connection: Connection, job: Job, operation: Operation) -> None:
        """Send one planned operation; does nothing if another sender has taken it.

        Raises:
            NoRoom: it has to wait until others are done.
            BudgetExceeded: it may not be sent; it stays planned.
            BackendError, BucketError: it was not accepted, and is planned again unless the request
                itself was refused (then it is FAILED and nothing is raised).
        """
        if job.request is None:
            return
        with self._one:
            if not self._rate_limit.may_send():
                raise QuotaExceeded(
                    f"{self._rate_limit.limit:,} requests were made within a minute",
                    then="It goes on by itself in the next one.",
                )
            connection.check_ready()  # while nothing is marked as sent
            admit = self._admission.sending(connection.id, job.request, operation)
            claim = Claim(operation.id, self._clock(), self._process)
            uris = self._ledger.claim(operation.id, claim.sender, claim.at, admit, claim.token)
            if uris is None:
                return
            # As claimed: the ledger's own marks are those from before this try.
            claimed = replace(operation, sender=claim.sender, sending_at=claim.at)
            if not uris:
                self._fail(claimed, _not_uploaded(operation))
            elif self._prefix_is_free(connection, claimed, uris, claim):
                self._send(connection, job, claimed, uris, claim)

    def _prefix_is_free(
        self, connection: Connection, operation: Operation, uris: list[str], claim: Claim
    ) -> bool:
        """Whether nothing was sent there yet, as far as can be found out; then it is marked.

        An earlier try may have got through although its answer was a refusal (a full queue on the
        way, or an answer that was too large, looks like a used up quota). And the ledger may have
        been restored from a copy that does not know of it.
        """
        try:
            free = self._look(connection, operation, uris)
            if free:
                send_marks.leave(connection.buckets, operation.prefix, claim.token, uris, claim.at)
        except ContactSheetError as error:
            self._plan_again(operation, str(error))
            raise
        return free

    def _look(self, connection: Connection, operation: Operation, uris: list[str]) -> bool:
        try:
            listed, exact = connection.operations(operation.prefix)
        except NotOffered:
            unseen, listed, exact = True, [], False
        else:
            unseen = bool(self._candidates(listed, operation))  # may be running, and not say where
        buckets = connection.buckets.hurried(LOOK_TIMEOUT_S)
        there = [s.name for s in listed if exact or s.output_prefix == operation.prefix]
        marks = send_marks.find(buckets, operation.prefix, operation.marks, uris)
        if marks.other_pictures and (there or marks.results or unseen):
            self._unconfirmed(operation, send_marks.OTHERS)
        elif len(there) == 1 and there[0] not in self._ledger.known_names():
            self._accepted(operation, there[0])
        elif there:
            names = ", ".join(there[:5])
            self._unconfirmed(operation, f"These operations write under its prefix: {names}.")
        elif exact and 0 < marks.results < operation.shards:
            self._ended(operation, marks.results)
        elif marks.results:
            self._accepted(operation, "", error=send_marks.ANSWERED)
        elif marks.sent_at is not None and unseen:
            self._unconfirmed(operation, send_marks.SENT_BEFORE.format(marks.sent_at))
        else:
            return True
        return False

    def _send(
        self,
        connection: Connection,
        job: Job,
        operation: Operation,
        uris: list[str],
        claim: Claim,
    ) -> None:
        assert job.request is not None
        if not operation.error:  # what lasts is reported once, not at every try
            log.info("is sent", extra=fields(**operation.ids, pictures=len(uris)))
        name = ""
        try:
            request = _request(job, job.request, operation, uris)
            name = connection.submit(request, lambda: claim.check(self._ledger, self._clock))
        except SubmissionUncertain as error:
            still_ours = self._unconfirmed(operation, str(error))
        except Exception as error:
            self._not_sent(operation, error)
            return
        else:
            still_ours = self._accepted(operation, name)
        if not still_ours:
            self._late.note(connection, job.request, operation, name, len(uris))

    def _not_sent(self, operation: Operation, error: Exception) -> None:
        """Every error of ours but ``SubmissionUncertain`` says: not accepted."""
        if isinstance(error, ClaimLost):
            log.warning("is not sent: %s", error, extra=fields(**operation.ids))
            self._plan_again(operation, f"Not sent: {error}. It is tried again.")
            return
        if isinstance(error, RequestRefused):
            self._fail(operation, str(error))
            return
        if not isinstance(error, ContactSheetError):
            self._unconfirmed(operation, f"Sending it broke off: {error!r}")
            raise error
        self._plan_again(operation, str(error))
        if str(error) != operation.error:
            log.warning("was not accepted: %s", error, extra=fields(**operation.ids))
        raise error

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
            if now.error != send_marks.OTHERS:  # whatever is found there may be of other pictures
                self._look_for(connection, now)

    def _look_for(self, connection: Connection, operation: Operation) -> None:
        try:
            listed, exact = connection.operations(operation.prefix)
        except NotOffered:
            self._by_shards(connection, operation)
            return
        candidates = self._candidates(listed, operation)
        since = (operation.sending_at or self._clock()) - CLOCK_SKEW
        likely = [s for s in candidates if exact or s.created is None or s.created >= since]
        if len(likely) == 1:
            self._accepted(operation, likely[0].name)
        elif candidates:
            # Clocks may differ by more than we think: an old one is no proof of anything.
            names = ", ".join(status.name for status in candidates[:5])
            self._unconfirmed(operation, f"It may be one of these operations: {names}.")
        elif exact and listed:
            return  # they are other jobs', and write under its prefix: for the user to decide
        elif self._settled(operation) and self._plan_again(operation, ""):
            # The list is complete, so it was never accepted; sending it looks at its prefix.
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
        if is_of(operation.sender, self._process):
            return False  # the lock is ours: nothing of this process is on the wire
        if has_ended(operation.sender):
            return False
        # Another machine, or a number that a new process has taken over: wait its time out.
        return abs(self._age(operation)) < GIVEN_UP

    def _settled(self, operation: Operation) -> bool:
        """Whether it can no longer be on the wire: a while after the service was first without it.

        Counted from there and not from the sending, since a network that stood still delivers the
        request and our question together. A clock that was set back starts a new count.
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

    def _accepted(self, operation: Operation, name: str, *, error: str = "") -> bool:
        moved = self._ledger.move(
            operation.id,
            _DOUBTFUL,
            operation.sender,
            state=OperationState.RUNNING,
            name=name,
            error=error,
            sent_at=operation.sending_at or self._clock(),
        )
        if moved:
            log.info("accepted", extra=fields(**{**operation.ids, "operation": name}))
        return moved

    def _unconfirmed(self, operation: Operation, error: str) -> bool:
        known = operation.state is OperationState.UNCONFIRMED and operation.error == error
        doubt: dict[str, Any] = {"state": OperationState.UNCONFIRMED, "error": error}
        moved = self._ledger.move(operation.id, _DOUBTFUL, operation.sender, **doubt)
        if moved and not known:
            log.warning("unconfirmed: %s", error, extra=fields(**operation.ids))
        return moved

    def _ended(self, operation: Operation, results: int) -> None:
        """The service's list is complete and without it: nobody writes there any more."""
        error = (
            f"It was sent before and has written {results:,} of {operation.shards:,} shards; the "
            "service does not know it any more. Retry what is missing."
        )
        over: dict[str, Any] = {
            "state": OperationState.FAILED,
            "error": error,
            "ended_at": self._clock(),
        }
        if self._ledger.move(operation.id, _DOUBTFUL, operation.sender, **over):
            log.error("ended: %s", error, extra=fields(**operation.ids))

    def _plan_again(self, operation: Operation, error: str) -> bool:
        return self._ledger.plan_again(operation.id, error, self._clock(), operation.sender)

    def _fail(self, operation: Operation, error: str) -> None:
        self._ledger.refuse(operation.id, error, self._clock(), operation.sender)
        log.error("refused: %s", error, extra=fields(**operation.ids))


def _request(
    job: Job, request: BatchRequest, operation: Operation, uris: list[str]
) -> vision.AsyncBatchAnnotateImagesRequest | vision.AsyncBatchAnnotateFilesRequest:
    """For pictures, or for the file whose pages all have its address."""
    labels = of_job(request.labels, job.id, job.owner_name)
    if operation.paged:
        return request.to_file_proto(uris[0], operation.file_type, operation.prefix, labels)
    return request.to_proto(uris, operation.prefix, labels)


def _not_uploaded(operation: Operation) -> str:
    if operation.paged:
        return "Its file could not be uploaded."
    return "None of its pictures could be uploaded."
