"""What the dashboard can do with jobs: create, send, watch, cancel, re-attach, retry.

Nothing here blocks for long except ``send``, which belongs into a background thread. Everything
may be called from any thread, any number of times; after a restart ``pending`` tells what goes on.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.buckets import GcsUri
from core.errors import BackendError, BucketError, ContactSheetError, EngineError, RequestError
from core.jobs.batch.amounts import counted
from core.jobs.batch.features import GOOGLE_QUOTA, Quota
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import Picture
from core.jobs.billing.prices import PriceTable
from core.jobs.ledger.access import EVERYBODY, Owner
from core.jobs.ledger.ledger import Admit, Ledger
from core.jobs.ledger.records import Job, Operation
from core.jobs.ledger.rows import NewOperation, PictureRow
from core.jobs.reuse.reuse import Reuse, plan_values
from core.jobs.sending import uploads
from core.jobs.sending.admission import Accounts
from core.jobs.sending.planning import (
    attached,
    check_base,
    check_features,
    files_to_send,
    job_values,
    new_job_id,
    new_operations,
)
from core.jobs.sending.polling import Poller
from core.jobs.sending.send_job import PASSING, Sender, check_backend
from core.jobs.sending.submit_once import Submitter
from core.jobs.sending.unconfirmed import Unconfirmed
from core.jobs.sending.uploads import UploadProgress
from core.jobs.service.connection import Connection, with_file_features
from core.jobs.service.operation_status import OperationStatus, check_operation_name
from core.jobs.service.rate_limit import RateLimit
from core.logs import fields

log = logging.getLogger("core.jobs.operations")
_sharing_log = logging.getLogger("core.jobs.job_book")  # named so in docs/deploy.md

_DRAFT = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


class Jobs:
    """All jobs of this dashboard.

    Args:
        ledger: where they are kept.
        connect: gives the connection to use now; may raise ``BackendError`` or ``EngineError``.
        base: ``gs://bucket/folder/`` below which every job gets a folder of its own, with its
            uploads and results, unless the user chooses another place.
        clock: the current time, aware.
        prices: gives the price list; by default the connection's own.
        budget_usd: the operator's monthly limit; None is no limit.
        quota: what the service allows the project.

    Attributes:
        accounts: units spent, the month's budget, and the queue.
        reuse: which pictures have been answered already.
        doubts: for the user to decide about operations that may or may not have been accepted.
    """

    def __init__(
        self,
        ledger: Ledger,
        connect: Callable[[], Connection],
        *,
        base: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        prices: Callable[[], PriceTable] | None = None,
        budget_usd: float | None = None,
        quota: Quota = GOOGLE_QUOTA,
    ) -> None:
        self.ledger = ledger
        self.base = check_base(base)
        self._connect = connect
        self._clock = clock
        priced = prices or (lambda: connect().prices)
        self.accounts = Accounts(ledger, connect, priced, budget_usd, clock, quota)
        self.reuse = Reuse(ledger, connect, priced, lambda: self.accounts.month().billable, clock)
        rate_limit = RateLimit(clock, quota.requests)
        self._submitter = Submitter(ledger, self.accounts, rate_limit, clock)
        self._poller = Poller(ledger, self._submitter, rate_limit, clock)
        self.doubts = Unconfirmed(ledger, connect, self._poller, clock)
        own_bucket = GcsUri.parse(self.base).bucket
        self._sender = Sender(ledger, connect, self._submitter, self._poller, own_bucket, clock)

    def in_processing(self, *, paged: bool = False) -> int:
        """Pictures, or pages of files, that count against their quota now."""
        return self.ledger.in_processing(self._connect().id, paged=paged)

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
        resend: bool = False,
        owner: Owner = EVERYBODY,
    ) -> Job:
        """Write a job down with all its operations, once per draft; nothing is sent yet.

        Called again with the same draft, it returns the same job, whatever else is passed.

        Args:
            draft_id: made by the page when the draft begins; letters, digits, ``-``, ``_``.
            base: another ``gs://bucket/folder/`` for the job's folder; its bucket must exist.
            resend: send pictures again that earlier jobs have answered, see ``reuse``.

        Raises:
            RequestError: no pictures, the draft's id cannot be used, or nothing that is asked is
                answered for files of pages and there are some.
            BudgetExceeded: sending it would cross the month's budget.
            BucketError: ``base`` is not a usable address, or storage does not answer.
            EngineError, BackendError: no backend to send it to.
        """
        if not _DRAFT.match(draft_id):
            raise RequestError("This is not a draft's id", where=repr(draft_id)[:80])
        if (job := self.by_draft(draft_id)) is not None:
            return job
        if not pictures:
            raise RequestError("There are no pictures to send", then="Choose some first.")
        now = self._clock()
        job_id = new_job_id(now)
        prefix = f"{check_base(base) if base else self.base}{job_id}/"
        connection = self._connect()
        request, backend = with_file_features(request, connection.capabilities), connection.id
        check_features(request, pictures)
        plan = self.reuse.plan(pictures, request, resend=resend, owner=owner)
        values = {
            **job_values(job_id, draft_id, now, prefix, backend),
            **plan_values(plan),
            **owner.values,
            "title": title or counted(len(plan.rows) - plan.pages, plan.pages),
            "request": request.to_json(),
            "source": source,
        }
        planned, admit = self._planned(backend, request, prefix, 1, plan.sent_rows)
        if self.ledger.add_job(values, plan.rows, planned, admit):
            sent = {"pictures": len(plan.to_send), "operations": len(planned)}
            extra = fields(job=job_id, backend=backend, saved=plan.saved, **sent)
            log.info("submitted", extra=extra)
        job = self.by_draft(draft_id)
        assert job is not None  # either this call or another one has just written it
        return job

    def _planned(
        self,
        backend: str,
        request: BatchRequest,
        prefix: str,
        attempt: int,
        rows: Sequence[PictureRow],
    ) -> tuple[list[NewOperation], Admit]:
        """An attempt's operations, and what has to allow them."""
        pictures, files = sorted(row.position for row in rows if not row.page), files_to_send(rows)
        pages = sum(len(positions) for positions, _ in files)
        planned = new_operations(request, prefix, attempt, pictures, files)
        return planned, self.accounts.planning(backend, request, len(pictures), pages)

    def send(self, job_id: str, progress: Callable[[UploadProgress], None] | None = None) -> Job:
        """Upload and submit what is left of a job; returns at once if that is going on already.

        What stops it is noted in the job (``fault``, ``retry_at``), not raised. Operations that
        the quota has no room for stay planned.

        Raises:
            RequestError: there is no such job.
        """
        self._sender.send(self.get(job_id), progress)
        return self.get(job_id)

    def pending(self) -> Sequence[str]:
        """Ids of jobs that ``send`` should be called for now: after a restart, a pause, or quota.

        Raises:
            EngineError, BackendError: no backend to send them to.
        """
        return self._sender.pending(self._connect().id)

    # -- watching --------------------------------------------------------------------------------

    def poll(self) -> Sequence[ContactSheetError]:
        """Ask the service about everything that is not over and due; returns what is wrong with it.

        Never raises for the backend's faults: they pass, and the next poll asks again. What is
        wrong with one operation alone is its job's ``trouble``.
        """
        try:
            return self._poller.poll(self._connect())
        except (BackendError, EngineError, BucketError) as error:
            return [error]

    def trouble(self, job_id: str) -> ContactSheetError | None:
        """Why one of a job's operations cannot be asked about; None if nothing is wrong."""
        return self._poller.trouble(job_id)

    def refresh(self, operation_id: int) -> Operation:
        """Ask the service about one operation, and look for it if it is in doubt.

        Raises:
            BackendError, BucketError, EngineError: it could not be asked; nothing has changed.
            RequestError: there is no such operation, or it belongs to another backend.
        """
        operation = self._poller.operation(operation_id)
        connection = self._connect()
        check_backend(self.get(operation.job_id), connection)
        self._poller.refresh(connection, operation)
        return self._poller.operation(operation_id)

    def record_progress(
        self, operation_id: int, shards: int, pictures: int, errors: int, *, recounted: bool = False
    ) -> None:
        """Note what was counted in an operation's shards; counts never go back.

        An operation without a known name (found by its shards alone), or that the service does not
        know, is over with its last shard.

        Args:
            recounted: its shards have changed since, so that there may be fewer errors, too.
        """
        self._poller.record_progress(operation_id, shards, pictures, errors, recounted=recounted)

    # -- changing --------------------------------------------------------------------------------

    def cancel(self, job_id: str) -> Job:
        """Send nothing more of a job and ask the service to cancel what runs.

        A service that cannot cancel, or does not answer now, is no error: see
        ``Operation.cancel``. What is in doubt is cancelled as soon as it is found.
        """
        job = self.get(job_id)
        self.ledger.cancel(job.id, self._clock())
        log.info("cancelling was asked for", extra=fields(job=job.id))
        try:
            connection = self._connect()
            check_backend(job, connection)
            for operation in self.get(job_id).operations:
                self._poller.cancel_if_asked(connection, operation)
        except PASSING:
            pass  # still "asked": every poll tries again
        return self.get(job_id)

    def share(self, job_id: str, shared: bool) -> Job:
        """Let others see a job, or hide it from them again.

        Raises:
            RequestError: there is none of that id.
        """
        self.ledger.set_job(self.get(job_id).id, shared=shared)
        _sharing_log.info("shared" if shared else "made private", extra=fields(job=job_id))
        return self.get(job_id)

    def attach(
        self, name: str, prefix: str = "", *, title: str = "", owner: Owner = EVERYBODY
    ) -> Job:
        """Take up an operation by its name; one that is known already gives its own job.

        Args:
            name: in any form that the service takes; what counts is the service's own.
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
        return self.take_up(self._connect().status(name), prefix, title=title, owner=owner)

    def take_up(
        self, status: OperationStatus, prefix: str, *, title: str = "", owner: Owner = EVERYBODY
    ) -> Job:
        """As ``attach``, of an operation that the service was just asked about."""
        # One operation has many names: with and without project or location.
        if (job := self.ledger.job_by_name(status.name)) is not None:
            return job
        connection = self._connect()
        values, operation = attached(status, prefix, self._clock(), connection.id, title)
        if self.ledger.add_job({**values, **owner.values}, (), [operation]):
            log.info("attached", extra=fields(job=values["id"], operation=status.name))
        job = self.by_draft(values["draft_id"])
        assert job is not None  # either this call or another one has just written it
        self._poller.refresh(connection, job.operations[0])
        return self.get(job.id)

    def retry_failed(self, job: Job, uris: Iterable[str]) -> Job:
        """Send some of a job's pictures once more, as its next attempt under its own prefix.

        Call ``send`` afterwards. A second call with the same ``job`` (a double click) changes
        nothing; pictures that a running retry already holds are left out.

        Raises:
            RequestError: a picture is not the job's, none is left to be retried, or it belongs to
                another backend.
            BudgetExceeded: sending them would cross the month's budget.
        """
        if job.request is None:
            raise RequestError(
                "What was asked is not known, so that it cannot be retried",
                where=job.title,
                then="Submit its pictures as a new job.",
            )
        check_backend(job, self._connect())
        known = self.ledger.placed(job.id)
        wanted = dict.fromkeys(uris)
        if unknown := [uri for uri in wanted if uri not in known]:
            raise RequestError("This picture is not one of the job's", where=unknown[0][:200])
        now = self.get(job.id)
        retrying = [o for o in now.operations if o.attempt > 1 and not o.state.final]
        held = {uri for operation in retrying for uri in self.ledger.uris(operation.id)}
        again = [known[uri] for uri in wanted if uri not in held]
        if again:
            attempt = job.attempt + 1
            planned, admit = self._planned(job.backend, job.request, job.prefix, attempt, again)
            if self.ledger.add_attempt(job.id, job.attempt, planned, admit):
                sent = sum(len(operation.positions) for operation in planned)
                extra = fields(job=job.id, attempt=attempt, pictures=sent)
                log.info("retried", extra=extra)
        elif now.attempt == job.attempt:
            raise RequestError("There is nothing left to retry", where=job.title)
        return self.get(job.id)

    def sweep_uploads(self, home: Path, older_than: timedelta = timedelta(days=7)) -> int:
        """Delete browser uploads of drafts that were never sent; returns how many drafts."""
        keep = self.ledger.unsent_drafts()
        return uploads.sweep(home, older_than.total_seconds(), keep)

    def forget(self, job_id: str) -> None:
        """Take a finished job off the list; its results stay in the bucket.

        Raises:
            RequestError: it is not over yet.
        """
        if not self.get(job_id).final:
            raise RequestError("The job is not over", where=job_id, then="Cancel it first.")
        self.ledger.forget(job_id)
        log.info("forgotten", extra=fields(job=job_id))

    # -- looking up ------------------------------------------------------------------------------

    def list(self, limit: int = 100, offset: int = 0) -> list[Job]:
        """Newest first."""
        return self.ledger.jobs(limit, offset)

    def count(self) -> int:
        """How many there are."""
        return self.ledger.count()

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

    def names(self, job_id: str) -> Mapping[str, str]:
        """What the user calls each picture (a path below the folder that was sent), by address."""
        return self.ledger.names(job_id)

    def contents(self, job_id: str) -> Mapping[tuple[str, int], str]:
        """What each picture shows, by address and page: equal texts for equal bytes."""
        return self.ledger.contents(job_id)

    def lost(self, job_id: str) -> Sequence[tuple[str, str]]:
        """Pictures left out because their file could not be read: (name, why)."""
        return self.ledger.lost(job_id)
