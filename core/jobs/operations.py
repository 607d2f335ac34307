"""What the dashboard can do with jobs: create, send, watch, cancel, re-attach, retry.

Nothing here blocks for long except ``send``, which belongs into a background thread. Everything
may be called from any thread, any number of times; after a restart ``pending`` tells what goes on.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from core.buckets import GcsUri, check_object_name
from core.errors import (
    BackendUnavailable,
    BucketUnavailable,
    ContactSheetError,
    EngineNotRunning,
    NotOffered,
    OperationNotFound,
    QuotaExceeded,
    RequestError,
)
from core.jobs import uploads
from core.jobs.batch_request import BatchRequest, attempt_prefix, split
from core.jobs.connection import Connection, OperationStatus, check_operation_name
from core.jobs.images import ImageRef, LocalPicture, Picture
from core.jobs.ledger import Ledger, NewOperation, PictureRow
from core.jobs.records import Job, Operation, OperationState
from core.jobs.submission import Submitter
from core.jobs.uploads import UploadProgress

TRY_AGAIN = timedelta(seconds=15)  # after a fault that passes by itself
QUOTA_PAUSE = timedelta(seconds=60)  # quotas are per minute
_PASSING = (BackendUnavailable, BucketUnavailable, EngineNotRunning, QuotaExceeded)
_DRAFT = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_CANCELLED_CODE = 1  # google.rpc.Code.CANCELLED


class Jobs:
    """All jobs of this dashboard.

    Args:
        ledger: where they are kept.
        connect: gives the connection to use now; may raise ``BackendError`` or ``EngineError``.
        base: ``gs://bucket/folder/`` below which every job gets a folder of its own, with its
            uploads and, unless the user chooses another place, its results.
        clock: the current time, aware.
    """

    def __init__(
        self,
        ledger: Ledger,
        connect: Callable[[], Connection],
        *,
        base: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.ledger = ledger
        self.base = check_base(base)
        self._connect = connect
        self._clock = clock
        self._submitter = Submitter(ledger, clock)
        self._lock = threading.Lock()
        self._sending: set[str] = set()

    # -- looking ---------------------------------------------------------------------------------

    def list(self, limit: int = 100, offset: int = 0) -> list[Job]:
        """Newest first."""
        return self.ledger.jobs(limit, offset)

    def get(self, job_id: str) -> Job:
        """One job.

        Raises:
            RequestError: there is none of that id.
        """
        job = self.ledger.job(job_id)
        if job is None:
            raise RequestError("There is no such job", where=repr(job_id)[:80])
        return job

    def by_draft(self, draft_id: str) -> Job | None:
        """The job that a draft has become; None if it was not sent yet."""
        return self.ledger.job_by_draft(draft_id)

    def uris(self, operation_id: int) -> Sequence[str]:
        """An operation's pictures in request order: number N of its shards is item N - 1."""
        return self.ledger.uris(operation_id)

    def lost(self, job_id: str) -> Sequence[tuple[str, str]]:
        """Pictures left out because their file could not be read: (name, why)."""
        return self.ledger.lost(job_id)

    def in_processing(self) -> int:
        """Pictures that count against the quota now."""
        return self.ledger.in_processing(self._connect().id)

    # -- sending ---------------------------------------------------------------------------------

    def create(
        self,
        draft_id: str,
        pictures: Sequence[Picture],
        request: BatchRequest,
        *,
        title: str = "",
        source: str = "",
        base: str = "",
    ) -> Job:
        """Write a job down with all its operations, once per draft; nothing is sent yet.

        Called again with the same draft, it returns the same job, whatever else is passed.

        Args:
            draft_id: made by the page when the draft begins; letters, digits, ``-``, ``_``.
            base: another ``gs://bucket/folder/`` for the results.

        Raises:
            RequestError: no pictures, or the draft's id cannot be used.
            BucketError: ``base`` is not a usable address.
            EngineError, BackendError: no backend to send it to.
        """
        if not _DRAFT.match(draft_id):
            raise RequestError("This is not a draft's id", where=repr(draft_id)[:80])
        if (job := self.by_draft(draft_id)) is not None:
            return job
        if not pictures:
            raise RequestError("There are no pictures to send", then="Choose some first.")
        now = self._clock()
        job_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        prefix = f"{check_base(base) if base else self.base}{job_id}/"
        rows = list(_rows(pictures))
        values = {
            **_job_values(job_id, draft_id, now, prefix, self._connect().id),
            "title": title or f"{len(rows):,} pictures",
            "request": request.to_json(),
            "source": source,
            "pictures": len(rows),
            "uploads": sum(1 for row in rows if row.path),
        }
        planned = _planned(request, prefix, 1, range(1, len(rows) + 1))
        self.ledger.add_job(values, rows, planned)
        job = self.by_draft(draft_id)
        assert job is not None  # either this call or another one has just written it
        return job

    def send(self, job_id: str, progress: Callable[[UploadProgress], None] | None = None) -> Job:
        """Upload and submit what is left of a job; returns at once if that is going on already.

        What stops it is noted in the job (``fault``, ``retry_at``), not raised. Operations that
        the quota has no room for stay planned.
        """
        with self._lock:
            if job_id in self._sending:
                return self.get(job_id)
            self._sending.add(job_id)
        try:
            self._send(self.get(job_id), progress)
        except ContactSheetError as error:
            self._note_fault(job_id, error)
        finally:
            with self._lock:
                self._sending.discard(job_id)
        return self.get(job_id)

    def pending(self) -> Sequence[str]:
        """Ids of jobs that ``send`` should be called for now: after a restart, a pause, or quota.

        Raises:
            EngineError, BackendError: no backend to send them to.
        """
        now = self._clock()
        with self._lock:
            busy = set(self._sending)
        return [
            job.id
            for job in self.ledger.open_jobs(self._connect().id)
            if job.id not in busy
            and any(o.state is OperationState.PLANNED for o in job.operations)
            and (not job.fault or (job.retry_at is not None and job.retry_at <= now))
        ]

    def _send(self, job: Job, progress: Callable[[UploadProgress], None] | None) -> None:
        if job.request is None or not _planned_of(job):
            return
        connection = self._connect()
        _check_backend(job, connection)
        self.ledger.set_job(job.id, fault="", retry_at=None)
        own = GcsUri.parse(self.base).bucket
        connection.prepare_bucket(own)
        if (results := GcsUri.parse(job.prefix).bucket) != own:
            connection.buckets.check_bucket(results)
        uploads.upload(
            connection.buckets,
            self.ledger,
            job.id,
            job.prefix,
            stopped=lambda: self.get(job.id).cancelled,
            progress=progress,
        )
        for operation in _planned_of(self.get(job.id)):
            if not self._submitter.has_room(connection, operation):
                return  # ``pending`` names the job again; by then there may be room
            self._submitter.submit(connection, job, operation)
            self._cancel_late(connection, operation.id)

    def _note_fault(self, job_id: str, error: ContactSheetError) -> None:
        pause = QUOTA_PAUSE if isinstance(error, QuotaExceeded) else TRY_AGAIN
        again = self._clock() + pause if isinstance(error, _PASSING) else None
        self.ledger.set_job(job_id, fault=str(error), retry_at=again)

    # -- watching --------------------------------------------------------------------------------

    def poll(self) -> Sequence[ContactSheetError]:
        """Ask the service about everything that is not over; returns what went wrong, once each.

        Never raises for the backend's faults: they pass, and the next poll asks again.
        """
        problems: dict[str, ContactSheetError] = {}
        try:
            connection = self._connect()
            for job in self.ledger.open_jobs(connection.id):
                for operation in job.operations:
                    self._poll(connection, operation)
        except ContactSheetError as error:
            problems.setdefault(str(error), error)
        return list(problems.values())

    def _poll(self, connection: Connection, operation: Operation) -> None:
        if not operation.state.final and operation.state is not OperationState.PLANNED:
            self._refresh(connection, operation)

    def refresh(self, operation_id: int) -> Operation:
        """Ask the service about one operation, and look for it if it is in doubt.

        Raises:
            BackendError, BucketError, EngineError: it could not be asked; nothing has changed.
        """
        operation = self._operation(operation_id)
        connection = self._connect()
        _check_backend(self.get(operation.job_id), connection)
        self._refresh(connection, operation)
        return self._operation(operation_id)

    def _refresh(self, connection: Connection, operation: Operation) -> None:
        if operation.state in (OperationState.SENDING, OperationState.UNCONFIRMED):
            self._submitter.reconcile(connection, operation)
            operation = self._operation(operation.id)
        if operation.state is not OperationState.RUNNING or not operation.name:
            return
        if operation.cancel == "asked":
            self._cancel_one(connection, operation)
        try:
            status = connection.status(operation.name)
        except OperationNotFound as error:
            self._end(operation, OperationState.FAILED, error=str(error))
            return
        if status.output_prefix not in ("", operation.prefix):
            # It was the only candidate after a crash, and now says that it wrote elsewhere.
            self.ledger.move(
                operation.id,
                (OperationState.RUNNING,),
                state=OperationState.UNCONFIRMED,
                name="",
                error=f"It is not {operation.name}, as was thought.",
            )
        elif status.done:
            self._end(operation, _outcome(status), error=status.error, service_state=status.state)
        elif status.state != operation.service_state:
            running = (OperationState.RUNNING,)
            self.ledger.move(operation.id, running, service_state=status.state)

    def _end(self, operation: Operation, state: OperationState, **values: str) -> None:
        running = (OperationState.RUNNING,)
        self.ledger.move(operation.id, running, state=state, ended_at=self._clock(), **values)

    def record_progress(self, operation_id: int, shards: int, pictures: int, errors: int) -> None:
        """Note what was counted in an operation's shards; counts never go back.

        An operation without a known name (found by its shards alone) is over with its last shard.
        """
        operation = self._operation(operation_id)
        if shards <= operation.shards_done and pictures <= operation.pictures_done:
            return
        self.ledger.move(
            operation_id,
            tuple(OperationState),
            shards_done=max(shards, operation.shards_done),
            pictures_done=max(pictures, operation.pictures_done),
            errors=max(errors, operation.errors),
            progress_at=self._clock(),
        )
        if not operation.name and 0 < operation.shards <= shards:
            self._end(operation, OperationState.SUCCEEDED)

    # -- changing --------------------------------------------------------------------------------

    def cancel(self, job_id: str) -> Job:
        """Send nothing more of a job and ask the service to cancel what runs.

        A service that cannot cancel, or does not answer now, is no error: see
        ``Operation.cancel``. What is in doubt is cancelled as soon as it is found.
        """
        job = self.get(job_id)
        self.ledger.cancel(job.id, self._clock())
        try:
            connection = self._connect()
            _check_backend(job, connection)
            for operation in self.get(job_id).operations:
                if operation.cancel == "asked":
                    self._cancel_one(connection, operation)
        except _PASSING:
            pass  # still "asked": every poll tries again
        return self.get(job_id)

    def _cancel_one(self, connection: Connection, operation: Operation) -> None:
        if operation.state is not OperationState.RUNNING or not operation.name:
            return
        outcome = "sent"
        try:
            connection.cancel(operation.name)
        except NotOffered:
            outcome = "refused"
        self.ledger.move(operation.id, (OperationState.RUNNING,), cancel=outcome)

    def _cancel_late(self, connection: Connection, operation_id: int) -> None:
        """The user may have cancelled while the request was on the wire."""
        operation = self._operation(operation_id)
        if operation.cancel == "asked":
            self._cancel_one(connection, operation)

    def attach(self, name: str, prefix: str = "", *, title: str = "") -> Job:
        """Take up an operation by its name; one that is known already gives its own job.

        Args:
            prefix: where it writes; may be left out once it has succeeded.

        Raises:
            OperationNotFound: the service does not know it.
            RequestError: the prefix is needed and missing.
            BucketError: the prefix is not a usable address.
            BackendError, EngineError: the service could not be asked.
        """
        name = name.strip()
        check_operation_name(name)
        if (job := self.ledger.job_by_name(name)) is not None:
            return job
        connection = self._connect()
        status = connection.status(name)
        prefix = prefix.strip() or status.output_prefix
        if not prefix:
            raise RequestError(
                "While it runs, an operation does not say where it writes",
                where=name,
                then="Give the gs:// prefix that it was sent with.",
            )
        GcsUri.parse(prefix)
        now = self._clock()
        job_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        values = {
            **_job_values(job_id, f"attached:{name}", now, prefix, connection.id),
            "title": title or name.rsplit("/", 1)[-1],
            "source": "re-attached by name",
        }
        known = {"state": "RUNNING", "name": name, "sent_at": status.created or now}
        self.ledger.add_job(values, (), [NewOperation(1, 1, prefix, 0, (), known)])
        job = self.by_draft(f"attached:{name}")
        assert job is not None  # either this call or another one has just written it
        self._refresh(connection, job.operations[0])
        return self.get(job.id)

    def retry_failed(self, job: Job, uris: Iterable[str]) -> Job:
        """Send some of a job's pictures once more, as its next attempt under its own prefix.

        Call ``send`` afterwards. A second call with the same ``job`` (a double click) changes
        nothing; pictures that a running retry already holds are left out.

        Raises:
            RequestError: a picture is not the job's, or none is left to be retried.
        """
        if job.request is None:
            raise RequestError(
                "A re-attached operation cannot be retried",
                where=job.title,
                then="Submit its pictures as a new job.",
            )
        known = self.ledger.positions(job.id)
        wanted = dict.fromkeys(uris)
        if strangers := [uri for uri in wanted if uri not in known]:
            raise RequestError("This picture is not one of the job's", where=strangers[0][:200])
        held = {
            uri
            for operation in self.get(job.id).operations
            if operation.attempt > 1 and not operation.state.final
            for uri in self.ledger.uris(operation.id)
        }
        positions = sorted(known[uri] for uri in wanted if uri not in held)
        now = self.get(job.id)
        if positions:
            attempt = job.attempt + 1
            planned = _planned(job.request, job.prefix, attempt, positions)
            self.ledger.add_attempt(job.id, job.attempt, planned)
        elif now.attempt == job.attempt:
            raise RequestError("There is nothing left to retry", where=job.title)
        return self.get(job.id)

    def confirm(self, operation_id: int, name: str) -> Operation:
        """The user says which operation an unconfirmed one is.

        Raises:
            OperationNotFound: the service does not know it.
            RequestError: it belongs to another job, or the operation is not in doubt.
        """
        name = name.strip()
        check_operation_name(name)
        if self.ledger.job_by_name(name) is not None:
            raise RequestError("This operation belongs to a job already", where=name)
        self._connect().status(name)
        self._decide(operation_id, state=OperationState.RUNNING, name=name)
        return self.refresh(operation_id)

    def send_again(self, operation_id: int) -> Operation:
        """The user accepts that an unconfirmed operation may run twice; call ``send`` next."""
        return self._decide(operation_id, state=OperationState.PLANNED)

    def give_up(self, operation_id: int) -> Operation:
        """The user drops an unconfirmed operation."""
        now = self._clock()
        return self._decide(operation_id, state=OperationState.CANCELLED, ended_at=now)

    def _decide(self, operation_id: int, **values: object) -> Operation:
        doubtful = (OperationState.UNCONFIRMED,)
        if not self.ledger.move(operation_id, doubtful, error="", **values):
            raise RequestError(
                "This operation is no longer in doubt", then="Look at its state again."
            )
        return self._operation(operation_id)

    def forget(self, job_id: str) -> None:
        """Take a finished job off the list; its results stay in the bucket.

        Raises:
            RequestError: it is not over yet.
        """
        if not self.get(job_id).final:
            raise RequestError("The job is not over", where=job_id, then="Cancel it first.")
        self.ledger.forget(job_id)

    def _operation(self, operation_id: int) -> Operation:
        operation = self.ledger.operation(operation_id)
        if operation is None:
            raise RequestError("There is no such operation", where=str(operation_id))
        return operation


def check_base(base: str) -> str:
    """A ``gs://bucket/folder/`` for results, ending in ``/``.

    Raises:
        BadObjectName: not an address, or a folder that must not be written to.
    """
    uri = GcsUri.parse(base)
    folder = uri.name.strip("/")
    if folder:
        check_object_name(folder, for_writing=True)
    return f"gs://{uri.bucket}/{folder}/" if folder else f"gs://{uri.bucket}/"


def _rows(pictures: Sequence[Picture]) -> Iterable[PictureRow]:
    """Numbered from 1; a picture that comes twice is taken once."""
    once: dict[str, Picture] = {}
    for picture in pictures:
        key = picture.uri if isinstance(picture, ImageRef) else str(picture.path)
        once.setdefault(key, picture)
    for position, picture in enumerate(once.values(), start=1):
        if isinstance(picture, LocalPicture):
            path = str(picture.path.absolute())
            yield PictureRow(position, picture.name, "", path, picture.spooled)
        else:
            yield PictureRow(position, picture.name, picture.uri, "", False)


def _job_values(
    job_id: str, draft_id: str, now: datetime, prefix: str, backend: str
) -> dict[str, object]:
    return {
        "id": job_id,
        "draft_id": draft_id,
        "created_at": now.timestamp(),
        "prefix": prefix,
        "backend": backend,
        "request": "",
        "attempt": 1,
        "pictures": 0,
        "uploads": 0,
        "uploaded": 0,
        "lost": 0,
        "cancelled": False,
        "fault": "",
    }


def _planned(
    request: BatchRequest, prefix: str, attempt: int, positions: Sequence[int]
) -> list[NewOperation]:
    return [
        NewOperation(attempt, part, attempt_prefix(prefix, attempt, part), request.batch_size, some)
        for part, some in enumerate(split(positions), start=1)
    ]


def _planned_of(job: Job) -> list[Operation]:
    return [o for o in job.operations if o.state is OperationState.PLANNED]


def _check_backend(job: Job, connection: Connection) -> None:
    if job.backend != connection.id:
        raise RequestError(
            f"The job belongs to the backend {job.backend!r}",
            where=job.id,
            then=f"This dashboard is connected to {connection.id!r}; start it with the other one.",
        )


def _outcome(status: OperationStatus) -> OperationState:
    if status.state == "CANCELLED" or status.error_code == _CANCELLED_CODE:
        return OperationState.CANCELLED
    return OperationState.FAILED if status.error_code else OperationState.SUCCEEDED
