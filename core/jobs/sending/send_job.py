"""Sending a job: its uploads, then its operations, as often as it takes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from core.buckets import GcsUri
from core.errors import (
    BackendUnavailable,
    BucketUnavailable,
    BudgetExceeded,
    ContactSheetError,
    EngineNotRunning,
    LedgerError,
    PictureError,
    QuotaExceeded,
    RequestError,
)
from core.jobs.billing.quota_queue import NoRoom
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job, Operation, OperationState
from core.jobs.sending.backend_identity import elsewhere
from core.jobs.sending.polling import Poller
from core.jobs.sending.submission.submit_once import Submitter
from core.jobs.sending.uploads import cut_files, uploads
from core.jobs.sending.uploads.uploads import UploadProgress
from core.jobs.service.connection import CONNECT_TIMEOUT_S, Connection
from core.logs import fields

log = logging.getLogger("core.jobs.sending")

TRY_AGAIN = timedelta(seconds=15)  # after a fault that passes by itself
QUOTA_PAUSE = timedelta(seconds=60)  # quotas are per minute
# A budget may be raised in any of the dashboards, and starts again every month.
PAUSES: dict[type[ContactSheetError], timedelta] = {
    QuotaExceeded: QUOTA_PAUSE,
    BudgetExceeded: QUOTA_PAUSE,
}
PASSING = (
    BackendUnavailable,
    BucketUnavailable,
    EngineNotRunning,
    LedgerError,  # locked by somebody, or no room on its disk
    QuotaExceeded,
    BudgetExceeded,
)


class Sender:
    """Sends jobs, each in one thread at a time. Safe to share between threads."""

    def __init__(
        self,
        ledger: Ledger,
        connect: Callable[[], Connection],
        submitter: Submitter,
        poller: Poller,
        own_bucket: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._connect = connect
        self._submitter = submitter
        self._poller = poller
        self._own_bucket = own_bucket
        self._clock = clock
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._waiting: set[str] = set()  # jobs that wait for room

    def send(self, job: Job, progress: Callable[[UploadProgress], None] | None) -> None:
        """Upload and submit what is left; what stops it is noted in the job, not raised."""
        with self._lock:
            if job.id in self._busy:
                return
            self._busy.add(job.id)
        try:
            self._send(job, progress)
        except ContactSheetError as error:
            pause = _pause_after(error)
            again = self._clock() + pause if isinstance(error, PASSING) else None
            self._ledger.set_job(job.id, fault=str(error), retry_at=again)
            if str(error) != job.fault:  # logged once, not at every try
                kind, until = type(error).__name__, again.isoformat() if again else "never"
                extra = fields(job=job.id, fault_kind=kind, again=until)
                log.warning("sending stops: %s", error, extra=extra)
        finally:
            with self._lock:
                self._busy.discard(job.id)

    def pending(self, backend: str) -> Sequence[str]:
        """Ids of jobs with something to send now."""
        now = self._clock()
        with self._lock:
            busy = set(self._busy)
        return [
            job.id
            for job in reversed(self._ledger.sendable_jobs(backend))  # first come, first served
            if job.id not in busy and _has_work(job) and (not job.fault or _rested(job, now))
        ]

    def _send(self, job: Job, progress: Callable[[UploadProgress], None] | None) -> None:
        if not _has_work(job):
            return
        connection = self._connect()
        check_backend(job, connection)
        self._ledger.set_job(job.id, fault="", retry_at=None)
        self._check_buckets(connection, job)
        uploads.upload(
            connection.buckets,
            self._ledger,
            job.id,
            job.prefix,
            stopped=lambda: not self._goes_on(job.id),
            progress=progress,
            longest=job.request.longest if job.request is not None else 0,
        )
        now = self._now(job.id)
        if (put := now.uploaded - job.uploaded) or now.lost > job.lost:
            extra = fields(job=job.id, pictures=put, left_out=now.lost - job.lost)
            log.info("uploaded", extra=extra)
        gone_on = False
        full: set[bool] = set()  # kinds that the quota has no room for: pictures, pages of files
        for operation in _planned(now):
            if operation.paged in full:
                continue
            try:
                if not self._cut(connection, job, operation):
                    continue
                self._submitter.submit(connection, job, self._poller.operation(operation.id))
            except NoRoom:
                self._wait(operation)
                full.add(operation.paged)
                continue  # ``pending`` names the job again; by then there may be room
            self._waiting.discard(job.id)
            if job.fault and not gone_on:
                log.info("sending goes on", extra=fields(job=job.id))
                gone_on = True
            # The user may have cancelled while the request was on the wire.
            sent = self._poller.operation(operation.id)
            self._poller.cancel_if_asked(connection, sent)

    def _cut(self, connection: Connection, job: Job, operation: Operation) -> bool:
        """Make what is sent of a file; False if that cannot be, and the operation is over."""
        try:
            cut_files.prepare(connection.buckets, self._ledger, job, operation)
        except PictureError as error:
            self._ledger.move(
                operation.id,
                [OperationState.PLANNED],
                state=OperationState.FAILED,
                error=str(error),
                ended_at=self._clock(),
            )
            log.error("cannot be cut: %s", error, extra=fields(**operation.ids))
            return False
        return True

    def _wait(self, operation: Operation) -> None:
        if operation.job_id not in self._waiting:  # asked for again and again
            self._waiting.add(operation.job_id)
            extra = fields(**operation.ids, pictures=operation.pictures)
            log.info("waits for room in the quota", extra=extra)

    def _check_buckets(self, connection: Connection, job: Job) -> None:
        connection.prepare_bucket(self._own_bucket)
        if (results := GcsUri.parse(job.prefix).bucket) != self._own_bucket:
            connection.buckets.hurried(CONNECT_TIMEOUT_S).check_bucket(results)

    def _goes_on(self, job_id: str) -> bool:
        job = self._ledger.job(job_id)
        return job is not None and not job.cancelled

    def _now(self, job_id: str) -> Job:
        job = self._ledger.job(job_id)
        if job is None:
            raise RequestError("There is no such job", where=job_id)
        return job


def check_backend(job: Job, connection: Connection) -> None:
    """Refuse to mix backends: an operation's name means nothing to another one.

    Raises:
        RequestError: the job was made for another backend.
    """
    if why := elsewhere(job.backend, connection.id):
        what, _, then = why.partition(". ")
        raise RequestError(what, where=job.id, then=then)


def _pause_after(error: ContactSheetError) -> timedelta:
    asked = error.pause_s if isinstance(error, QuotaExceeded) else None
    if asked is None:
        return PAUSES.get(type(error), TRY_AGAIN)
    return min(max(timedelta(seconds=asked), timedelta(seconds=1)), QUOTA_PAUSE)


def _rested(job: Job, now: datetime) -> bool:
    """Whether its pause is over; one longer than any we make means that the clock was set back."""
    return job.retry_at is not None and not now < job.retry_at <= now + QUOTA_PAUSE


def _has_work(job: Job) -> bool:
    # Copies of reused pictures are uploaded to have an address, though nothing is to be sent.
    uploading = job.uploaded + job.lost < job.uploads and not job.cancelled
    return bool(_planned(job)) or uploading


def _planned(job: Job) -> list[Operation]:
    return [o for o in job.operations if o.state is OperationState.PLANNED]
