"""Sending a job: its uploads, then its operations, as often as it takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from core.buckets import GcsUri
from core.errors import (
    BackendUnavailable,
    BucketUnavailable,
    ContactSheetError,
    EngineNotRunning,
    QuotaExceeded,
    RequestError,
)
from core.jobs import uploads
from core.jobs.connection import Connection
from core.jobs.ledger import Ledger
from core.jobs.records import Job, Operation, OperationState
from core.jobs.submission import Submitter
from core.jobs.uploads import UploadProgress
from core.jobs.watching import Watcher

TRY_AGAIN = timedelta(seconds=15)  # after a fault that passes by itself
QUOTA_PAUSE = timedelta(seconds=60)  # quotas are per minute
PASSING = (BackendUnavailable, BucketUnavailable, EngineNotRunning, QuotaExceeded)


class Sender:
    """Sends jobs, each in one thread at a time. Safe to share between threads."""

    def __init__(
        self,
        ledger: Ledger,
        connect: Callable[[], Connection],
        submitter: Submitter,
        watcher: Watcher,
        own_bucket: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._connect = connect
        self._submitter = submitter
        self._watcher = watcher
        self._own_bucket = own_bucket
        self._clock = clock
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    def send(self, job: Job, progress: Callable[[UploadProgress], None] | None) -> None:
        """Upload and submit what is left; what stops it is noted in the job, not raised."""
        with self._lock:
            if job.id in self._busy:
                return
            self._busy.add(job.id)
        try:
            self._send(job, progress)
        except ContactSheetError as error:
            pause = QUOTA_PAUSE if isinstance(error, QuotaExceeded) else TRY_AGAIN
            again = self._clock() + pause if isinstance(error, PASSING) else None
            self._ledger.set_job(job.id, fault=str(error), retry_at=again)
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
            for job in self._ledger.open_jobs(backend)
            if job.id not in busy
            and _planned(job)
            and (not job.fault or (job.retry_at is not None and job.retry_at <= now))
        ]

    def _send(self, job: Job, progress: Callable[[UploadProgress], None] | None) -> None:
        if not _planned(job):
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
        )
        for operation in _planned(self._now(job.id)):
            if not self._submitter.has_room(connection, operation):
                return  # ``pending`` names the job again; by then there may be room
            self._submitter.submit(connection, job, operation)
            # The user may have cancelled while the request was on the wire.
            sent = self._watcher.operation(operation.id)
            self._watcher.cancel_if_asked(connection, sent)

    def _check_buckets(self, connection: Connection, job: Job) -> None:
        connection.prepare_bucket(self._own_bucket)
        if (results := GcsUri.parse(job.prefix).bucket) != self._own_bucket:
            connection.buckets.check_bucket(results)

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
    if job.backend != connection.id:
        raise RequestError(
            f"The job belongs to the backend {job.backend!r}",
            where=job.id,
            then=f"This dashboard is connected to {connection.id!r}; start it with the other one.",
        )


def _planned(job: Job) -> list[Operation]:
    return [o for o in job.operations if o.state is OperationState.PLANNED]
