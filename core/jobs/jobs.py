"""What a visitor can do with jobs: create, send, watch, cancel, re-attach, retry.

Only ``send`` blocks for long: it belongs into a background thread. Everything may be called from
any thread, any number of times. ``core.jobs.runner`` is what the background does without a visitor.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.errors import ContactSheetError, RequestError
from core.jobs.batch.amounts import counted
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import Picture
from core.jobs.deletion import Deletion
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.ledger import LISTED, Admit
from core.jobs.ledger.records import Job, Operation
from core.jobs.ledger.rows import NewOperation, PictureRow
from core.jobs.ledger.search import ALL, Search
from core.jobs.reuse.reuse import Plan, Reuse, plan_values
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
from core.jobs.sending.send_job import PASSING, check_backend
from core.jobs.sending.unconfirmed import Unconfirmed
from core.jobs.sending.uploads.spool import check_draft_id
from core.jobs.sending.uploads.uploads import UploadProgress
from core.jobs.service.connection import with_file_features
from core.jobs.service.operation_status import check_operation_name
from core.jobs.shared_services import Services
from core.jobs.tries import Tries
from core.jobs.visitors.rights import Rights
from core.jobs.visitors.send_rights import SendRights
from core.jobs.visitors.visibility import Visibility
from core.logs import fields

log = logging.getLogger("core.jobs.operations")
MOST_TITLE = 100  # characters of a name
_sharing_log = logging.getLogger("core.jobs.job_book")  # named so in docs/deploy.md


class Jobs:
    """The jobs that one visitor sees, and what they may do with them.

    A job that the visitor may not see is answered for as one that does not exist; what is not
    theirs to change raises ``NotAllowed``. Safe to share between threads.

    Args:
        folders: of this machine whose files the visitor may send; None for all.
        uploads: where everybody's uploads are, a folder a draft; each may send their own.

    Attributes:
        accounts: units spent, the month's budget, and the queue.
        reuse: which pictures have been answered already.
        tries: for one picture or page, asked about at once.
        unconfirmed: for the user to decide about operations that may or may not have been accepted.
        deletion: of jobs with all their data, and undoing that.
        visibility: which addresses the visitor may read.
    """

    def __init__(
        self,
        services: Services,
        visitor: Visitor,
        folders: Sequence[Path] | None = None,
        uploads: Path | None = None,
    ) -> None:
        ledger, connect = services.ledger, services.connect
        self._ledger = ledger
        self._connect = connect
        self._clock = services.clock
        self._admission = services.admission
        self._poller = services.poller
        self._sender = services.sender
        self._visitor = visitor
        self._listed = sa.and_(LISTED, visitor.visible)
        self.base = services.base
        self._rights = rights = Rights(ledger, connect, visitor)
        self.visibility = Visibility(ledger, self.base, visitor)
        self._send_rights = SendRights(visitor, self.visibility, folders, uploads)
        self.accounts = Accounts(ledger, connect, self._admission, visitor, rights.sees)
        prices, used = self._admission.prices, lambda: self.accounts.month().billable
        self.reuse = Reuse(ledger, connect, prices, used, visitor.owner, rights.get)
        checks = (rights.check_operation, rights.known)
        self.tries = Tries(services.once, connect, self.reuse, ledger, visitor, self._send_rights)
        self.unconfirmed = Unconfirmed(ledger, connect, self._poller, self._clock, *checks)
        self.deletion = Deletion(ledger, connect, self._clock, visitor, rights)

    def in_processing(self, *, paged: bool = False) -> int:
        """Pictures, or pages of files, that count against their quota now, of all jobs."""
        return self._ledger.in_processing(self._connect().id, paged=paged)

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
        since: datetime | None = None,
        keep: bool = False,
    ) -> Job:
        """Write a job down with all its operations, once per draft; nothing is sent yet.

        Called again with the same draft, it returns the same job, whatever else is passed.

        Args:
            draft_id: made by the page when the draft begins, see ``check_draft_id``.
            base: another ``gs://bucket/folder/`` for the job's folder; its bucket must exist.
            resend, since, keep: which earlier answers are used again, see ``Reuse.plan``.

        Raises:
            RequestError: no pictures, the draft's id cannot be used, or nothing that is asked is
                answered for files of pages and there are some.
            BudgetExceeded: sending it would cross the month's budget.
            BucketError: ``base`` is not a usable address, or storage does not answer.
            EngineError, BackendError: no backend to send it to.
            NotAllowed: it is the demo, or a file may not be read.
            ObjectNotFound: a picture belongs to a job that is hidden.
        """
        self._send_rights.check(draft_id, pictures, base)
        check_draft_id(draft_id)
        if (job := self._of_draft(draft_id)) is not None:
            return job
        if not pictures:
            raise RequestError("There are no pictures to send", then="Choose some first.")
        job_id = new_job_id(now := self._clock())
        prefix = f"{check_base(base) if base else self.base}{job_id}/"
        connection = self._connect()
        request, backend = with_file_features(request, connection.capabilities), connection.id
        check_features(request, pictures)
        plan = self.reuse.plan(pictures, request, resend=resend, since=since, keep=keep)
        values = {
            **job_values(job_id, draft_id, now, prefix, backend),
            **self._visitor.owner.values,
            "title": title or counted(len(plan.rows) - plan.pages, plan.pages),
            "source": source,
        }
        return self._add(values, plan, request.sized(len(plan.to_send)))

    def _add(self, values: Mapping[str, Any], plan: Plan, request: BatchRequest) -> Job:
        """Write a job down with its operations, if its draft is not one yet; the draft's job."""
        backend, prefix = values["backend"], values["prefix"]
        planned, admit = self._planned(backend, request, prefix, 1, plan.sent_rows)
        values = {**values, **plan_values(plan), "request": request.to_json()}
        if self._ledger.add_job(values, plan.rows, planned, admit):
            sent = {"pictures": len(plan.to_send), "operations": len(planned)}
            extra = fields(job=values["id"], backend=backend, saved=plan.saved, **sent)
            log.info("submitted", extra=extra)
        job = self._of_draft(values["draft_id"])
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
        return planned, self._admission.planning(backend, request, len(pictures), pages)

    def send(self, job_id: str, progress: Callable[[UploadProgress], None] | None = None) -> Job:
        """Upload and submit what is left of a job; returns at once if that is going on already.

        What stops it is noted in the job (``fault``, ``retry_at``), not raised. Operations that
        the quota has no room for stay planned.

        Raises:
            RequestError: there is no such job.
        """
        self._sender.send(self._rights.mine(job_id), progress)
        return self.get(job_id)

    # -- watching --------------------------------------------------------------------------------

    def trouble(self, job_id: str) -> ContactSheetError | None:
        """Why one of a job's operations cannot be asked about; None if nothing is wrong."""
        return self._poller.trouble(job_id) if self._rights.sees(job_id) else None

    def refresh(self, operation_id: int) -> Operation:
        """Ask the service about one operation, and look for it if it is in doubt.

        Raises:
            BackendError, BucketError, EngineError: it could not be asked; nothing has changed.
            RequestError: there is no such operation, or it belongs to another backend.
        """
        job = self._rights.of_operation(operation_id)
        connection = self._connect()
        check_backend(job, connection)
        self._poller.refresh(connection, self._poller.operation(operation_id))
        return self._poller.operation(operation_id)

    # -- changing --------------------------------------------------------------------------------

    def cancel(self, job_id: str) -> Job:
        """Send nothing more of a job and ask the service to cancel what runs.

        A service that cannot cancel, or does not answer now, is no error: see
        ``Operation.cancel``. What is in doubt is cancelled as soon as it is found.
        """
        job = self._rights.mine(job_id)
        self._ledger.cancel(job.id, self._clock())
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
        """Let others see a job, or hide it from them again."""
        self._ledger.set_job(self._rights.mine(job_id).id, shared=shared)
        _sharing_log.info("shared" if shared else "made private", extra=fields(job=job_id))
        return self.get(job_id)

    def rename(self, job_id: str, title: str) -> None:
        """Call a job something else, for all who see it.

        Raises:
            RequestError: the title is empty or too long, or there is no such job.
            NotAllowed: it is not the visitor's own.
        """
        title = " ".join(title.split())
        if not title or len(title) > MOST_TITLE:
            raise RequestError(f"A name has 1 to {MOST_TITLE} characters", where=title[:80])
        self._ledger.set_job(self._rights.mine(job_id).id, title=title)

    def attach(self, name: str, prefix: str = "", *, title: str = "") -> Job:
        """Take up an operation by its name; one that is known already gives its own job.

        Args:
            name: in any form that the service takes; what counts is the service's own.
            prefix: where it writes; may be left out once it has succeeded.

        Raises:
            OperationNotFound: the service does not know it, or it belongs to a hidden job.
            RequestError: the prefix is needed and missing, or is no place for the visitor.
            BucketError: the prefix is not a usable address.
            BackendError, EngineError: the service could not be asked.
        """
        self._visitor.check_write()
        name = name.strip()
        check_operation_name(name)
        if (known := self._rights.known(name)) is not None:
            return known
        if prefix.strip():
            self._check_place(prefix)
        connection = self._connect()
        status = connection.status(name)
        # One operation has many names: with and without project or location.
        if (known := self._rights.known(status.name, typed=name)) is not None:
            return known
        self._check_place(prefix.lstrip() or status.output_prefix)
        values, operation = attached(status, prefix, self._clock(), connection.id, title)
        if self._ledger.add_job({**values, **self._visitor.owner.values}, (), [operation]):
            log.info("attached", extra=fields(job=values["id"], operation=status.name))
        job = self._ledger.job_by_draft(values["draft_id"])
        assert job is not None  # either this call or another one has just written it
        if not self._visitor.sees(job):  # somebody has taken it up meanwhile
            raise self._rights.unknown(name)
        self._poller.refresh(connection, job.operations[0])
        return self.get(job.id)

    def retry_failed(self, job: Job, failed: Iterable[str | tuple[str, int]]) -> Job:
        """Send some of a job's pictures once more, as its next attempt under its own prefix.

        Call ``send`` afterwards. A second call with the same ``job`` (a double click) changes
        nothing; pictures that a running retry already holds are left out.

        Args:
            failed: addresses of pictures, and (address, page) of pages of files.

        Raises:
            RequestError: one is not the job's, none is left, or it is of another backend.
            BudgetExceeded: sending them would cross the month's budget.
        """
        self._rights.mine(job.id)
        if job.request is None:
            what = "What was asked is not known, so that it cannot be retried"
            raise RequestError(what, where=job.title, then="Submit its pictures as a new job.")
        check_backend(job, self._connect())
        known = self._ledger.placed(job.id)
        wanted = dict.fromkeys((one, 0) if isinstance(one, str) else one for one in failed)
        if unknown := [uri for uri, page in wanted if (uri, page) not in known]:
            raise RequestError("This picture is not one of the job's", where=unknown[0][:200])
        now = self.get(job.id)
        retrying = [o for o in now.operations if o.attempt > 1 and not o.state.final]
        waiting = {place for operation in retrying for place in self._ledger.places(operation.id)}
        again = [known[place] for place in wanted if place not in waiting]
        if again:
            attempt = job.attempt + 1
            planned, admit = self._planned(job.backend, job.request, job.prefix, attempt, again)
            if self._ledger.add_attempt(job.id, job.attempt, planned, admit):
                sent = sum(len(operation.positions) for operation in planned)
                log.info("retried", extra=fields(job=job.id, attempt=attempt, pictures=sent))
        elif now.attempt == job.attempt:
            raise RequestError("There is nothing left to retry", where=job.title)
        return self.get(job.id)

    def forget(self, job_id: str) -> None:
        """Take a finished job off the list; its results stay in the bucket.

        Raises ``RequestError`` if it is not over yet.
        """
        if not self._rights.mine(job_id).final:
            raise RequestError("The job is not over", where=job_id, then="Cancel it first.")
        self._ledger.forget(job_id)
        log.info("forgotten", extra=fields(job=job_id))

    # -- looking up ------------------------------------------------------------------------------

    def list(self, limit: int = 100, offset: int = 0, which: Search = ALL) -> list[Job]:
        """Newest first."""
        return self._ledger.jobs(limit, offset, sa.and_(self._listed, which.where))

    def count(self, which: Search = ALL) -> int:
        """How many there are."""
        return self._ledger.count(sa.and_(self._listed, which.where))

    def get(self, job_id: str) -> Job:
        """One job.

        Raises:
            RequestError: there is none of that id, or it is hidden.
        """
        return self._rights.get(job_id)

    def by_draft(self, draft_id: str) -> Job | None:
        """The job that a draft has become, deleted perhaps; None if it was not sent yet."""
        job, who = self._ledger.job_by_draft(draft_id), self._visitor
        return job if job is not None and (who.sees(job) or who.may_delete(job)) else None

    def uris(self, operation_id: int) -> Sequence[str]:
        """What an operation sends, in request order: number N of its shards is item N - 1."""
        self._rights.of_operation(operation_id)
        return self._ledger.uris(operation_id)

    def places(self, operation_id: int) -> Sequence[tuple[str, int]]:
        """(address, page) of an operation's pictures as they are shown, in request order."""
        self._rights.of_operation(operation_id)
        return self._ledger.places(operation_id)

    def twins(self, job_id: str) -> Mapping[tuple[str, int], tuple[str, int]]:
        """(address, page) of a job's pictures -> of the same one that is sent in their place."""
        if not self.get(job_id).twins:
            return {}
        placed = self._ledger.placed(job_id)
        sent = {row.position: place for place, row in placed.items()}
        return {p: sent[row.twin_of] for p, row in placed.items() if row.twin_of in sent}

    def names(self, job_id: str) -> Mapping[str, str]:
        """What the user calls each picture (a path below the folder that was sent), by address."""
        return self._ledger.names(self.get(job_id).id)

    def contents(self, job_id: str) -> Mapping[tuple[str, int], str]:
        """What each picture shows, by address and page: equal texts for equal bytes."""
        return self._ledger.contents(self.get(job_id).id)

    def lost(self, job_id: str) -> Sequence[tuple[str, str]]:
        """Pictures left out because their file could not be read: (name, why)."""
        return self._ledger.lost(self.get(job_id).id)

    def _check_place(self, prefix: str) -> None:
        if prefix and not self.visibility.lists(prefix):
            raise RequestError("This folder cannot be used", where=prefix[:200])

    def _of_draft(self, draft_id: str) -> Job | None:
        """The job of a draft that is to be sent: another's draft cannot be."""
        job = self._ledger.job_by_draft(draft_id)
        if job is not None and not self._visitor.sees(job):
            raise RequestError("This is not a draft's id", where=repr(draft_id)[:80])
        return job
