"""Jobs as one visitor may see and change them: what pages get instead of ``Jobs``.

Every public method of ``Jobs`` is written here, the background's own ones as refusals; a test holds
that. A job that the visitor may not see is answered for as one that does not exist.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from core.errors import ContactSheetError, OperationNotFound, RequestError
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import Picture
from core.jobs.jobs import Jobs
from core.jobs.ledger.access import EVERYBODY, Owner, Visitor
from core.jobs.ledger.records import Job, Operation
from core.jobs.sending.planning import check_base
from core.jobs.sending.uploads import UploadProgress
from core.jobs.service.operation_status import OperationStatus, check_operation_name
from core.jobs.visitors.visibility import Visibility
from core.jobs.visitors.visitor_parts import (
    VisitorAccounts,
    VisitorReuse,
    VisitorUnconfirmed,
    not_for_visitors,
)


class VisitorJobs(Jobs):
    """Safe to share between threads.

    Args:
        inner: everybody's jobs.
        folders: of this machine whose files the visitor may send; None for all.
        uploads: where everybody's uploads are, a folder a draft; each may send their own.
    """

    def __init__(
        self,
        inner: Jobs,
        visitor: Visitor,
        visibility: Visibility,
        folders: Sequence[Path] | None,
        uploads: Path | None = None,
    ) -> None:
        # Not Jobs.__init__: what is not written here has nothing to work with.
        self._inner = inner
        self._visitor = visitor
        self._visibility = visibility
        self._folders = folders
        self._uploads = uploads
        self.base = inner.base
        self.accounts = VisitorAccounts(inner.accounts, visitor, self.get)
        self.reuse = VisitorReuse(inner.reuse, visitor, self.get)
        self.doubts = VisitorUnconfirmed(inner.doubts, self._may_change_operation, self._known)

    # -- looking ---------------------------------------------------------------------------------

    def list(self, limit: int = 100, offset: int = 0) -> list[Job]:
        """Those that the visitor sees, newest first."""
        return self._inner.ledger.jobs(limit, offset, self._visitor.visible)

    def count(self) -> int:
        """How many the visitor sees."""
        return self._inner.ledger.count(self._visitor.visible)

    def get(self, job_id: str) -> Job:
        """One job; ``RequestError`` alike if there is none and if it is hidden."""
        job = self._inner.get(job_id)
        if not self._visitor.sees(job):
            raise RequestError("There is no such job", where=repr(job_id)[:80])
        return job

    def by_draft(self, draft_id: str) -> Job | None:
        """The job that the visitor's draft has become."""
        job = self._inner.by_draft(draft_id)
        return job if job is not None and self._visitor.sees(job) else None

    def uris(self, operation_id: int) -> Sequence[str]:
        """As ``Jobs.uris``."""
        self._operation(operation_id)
        return self._inner.uris(operation_id)

    def names(self, job_id: str) -> Mapping[str, str]:
        """What the user calls each picture; ``RequestError`` if the job is hidden."""
        return self._inner.names(self.get(job_id).id)

    def contents(self, job_id: str) -> Mapping[tuple[str, int], str]:
        """As ``Jobs.contents``; ``RequestError`` if the job is hidden."""
        return self._inner.contents(self.get(job_id).id)

    def lost(self, job_id: str) -> Sequence[tuple[str, str]]:
        """As ``Jobs.lost``."""
        return self._inner.lost(self.get(job_id).id)

    def in_processing(self, *, paged: bool = False) -> int:
        """Of all jobs: the quota is everybody's."""
        return self._inner.in_processing(paged=paged)

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
        """As ``Jobs.create``; the job is the visitor's, whatever ``owner`` says.

        Raises:
            NotAllowed: it is the demo, or a file may not be read.
            ObjectNotFound: a picture belongs to a job that is hidden.
            BucketDenied: ``base`` is no place for the visitor's results.
        """
        self._visitor.check_write()
        self._visibility.check_pictures(
            pictures, self._folders, self._uploads, self._spool(draft_id)
        )
        if base and self._visibility.hides(check_base(base)):
            raise RequestError("Results cannot go to this folder", where=base[:200])
        job = self._inner.create(
            draft_id,
            pictures,
            request,
            title=title,
            source=source,
            base=base,
            resend=resend,
            owner=self._visitor.owner,
        )
        if not self._visitor.sees(job):
            raise RequestError("This is not a draft's id", where=repr(draft_id)[:80])
        return job

    def send(self, job_id: str, progress: Callable[[UploadProgress], None] | None = None) -> Job:
        """As ``Jobs.send``; ``NotAllowed`` if it is not theirs."""
        return self._inner.send(self._mine(job_id).id, progress)

    def pending(self) -> Sequence[str]:
        """The background's own."""
        raise not_for_visitors()

    # -- watching --------------------------------------------------------------------------------

    def poll(self) -> Sequence[ContactSheetError]:
        """The background's own."""
        raise not_for_visitors()

    def trouble(self, job_id: str) -> ContactSheetError | None:
        """As ``Jobs.trouble``."""
        return self._inner.trouble(self.get(job_id).id)

    def refresh(self, operation_id: int) -> Operation:
        """As ``Jobs.refresh``."""
        self._operation(operation_id)
        return self._inner.refresh(operation_id)

    def record_progress(
        self, operation_id: int, shards: int, pictures: int, errors: int, *, recounted: bool = False
    ) -> None:
        """The background's own."""
        raise not_for_visitors()

    # -- changing --------------------------------------------------------------------------------

    def cancel(self, job_id: str) -> Job:
        """As ``Jobs.cancel``; ``NotAllowed`` if it is not theirs."""
        return self._inner.cancel(self._mine(job_id).id)

    def share(self, job_id: str, shared: bool) -> Job:
        """Let others see a job, or hide it from them again; ``NotAllowed`` if it is not theirs."""
        return self._inner.share(self._mine(job_id).id, shared)

    def attach(
        self, name: str, prefix: str = "", *, title: str = "", owner: Owner = EVERYBODY
    ) -> Job:
        """As ``Jobs.attach``; the job is the visitor's.

        Raises:
            OperationNotFound: also if it belongs to a job that is hidden.
            NotAllowed: it is the demo.
            BucketDenied: the prefix takes in other people's jobs.
        """
        self._visitor.check_write()
        name = name.strip()
        check_operation_name(name)
        if (known := self._known(name)) is not None:
            return known
        if prefix.strip():
            self._check_place(prefix)
        status = self._inner._connect().status(name)
        if (known := self._known(status.name, typed=name)) is not None:
            return known
        self._check_place(prefix.lstrip() or status.output_prefix)
        job = self._inner.take_up(status, prefix, title=title, owner=self._visitor.owner)
        if not self._visitor.sees(job):  # somebody has taken it up meanwhile
            raise self._unknown(name)
        return job

    def take_up(
        self, status: OperationStatus, prefix: str, *, title: str = "", owner: Owner = EVERYBODY
    ) -> Job:
        """The background's own."""
        raise not_for_visitors()

    def _check_place(self, prefix: str) -> None:
        if prefix and not self._visibility.lists(prefix):
            raise RequestError("This folder cannot be used", where=prefix[:200])

    def retry_failed(self, job: Job, uris: Iterable[str]) -> Job:
        """As ``Jobs.retry_failed``; ``NotAllowed`` if it is not theirs."""
        self._mine(job.id)
        return self._inner.retry_failed(job, uris)

    def sweep_uploads(self, home: Path, older_than: timedelta = timedelta(days=7)) -> int:
        """The background's own."""
        raise not_for_visitors()

    def forget(self, job_id: str) -> None:
        """As ``Jobs.forget``; ``NotAllowed`` if it is not theirs."""
        self._inner.forget(self._mine(job_id).id)

    def _spool(self, draft_id: str) -> Path | None:
        """The folder of the visitor's own draft."""
        own = draft_id.startswith(f"{self._visitor.scope}-") and "/" not in draft_id
        return self._uploads / draft_id if self._uploads is not None and own else None

    def _mine(self, job_id: str) -> Job:
        job = self.get(job_id)
        self._visitor.check_change(job)
        return job

    def _operation(self, operation_id: int) -> Job:
        operation = self._inner.ledger.operation(operation_id)
        if operation is None:
            raise RequestError("There is no such operation", where=str(operation_id))
        return self.get(operation.job_id)

    def _may_change_operation(self, operation_id: int) -> None:
        self._visitor.check_change(self._operation(operation_id))

    def _known(self, name: str, typed: str = "") -> Job | None:
        """The job of an operation's name; a hidden one's is answered for as unknown.

        Args:
            typed: what the visitor called it; by default the same.
        """
        job = self._inner.ledger.job_by_name(name)
        if job is not None and not self._visitor.sees(job):
            raise self._unknown(typed or name)
        return job

    def _unknown(self, name: str) -> OperationNotFound:
        """What the service says of a name that it does not know, in its own words."""
        head, _, last = name.rpartition("/")
        other = f"{head}/{hashlib.sha256(name.encode()).hexdigest()[: len(last)]}"
        try:
            self._inner._connect().status(other)
        except OperationNotFound as error:
            said = (text.replace(other, name) for text in (error.what, error.where, error.then))
            what, where, then = said
            return OperationNotFound(what, where=where, then=then)
        return OperationNotFound("The service does not know it", where=name)
