"""Jobs for the background: everybody's, sent, polled and counted as time goes by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.buckets import GcsUri
from core.errors import BackendError, BucketError, ContactSheetError, EngineError, RequestError
from core.jobs import deletion
from core.jobs.batch.features import GOOGLE_QUOTA, Quota
from core.jobs.billing.prices import PriceTable
from core.jobs.jobs import Jobs
from core.jobs.ledger.access import ALONE, Visitor
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job
from core.jobs.reuse.answers import Answers, SeenShard
from core.jobs.sending.admission import Admission
from core.jobs.sending.planning import check_base
from core.jobs.sending.polling import Poller
from core.jobs.sending.send_job import Sender
from core.jobs.sending.submission.claims import PROCESS
from core.jobs.sending.submission.submit_once import Submitter
from core.jobs.sending.try_once import TryOnce
from core.jobs.sending.uploads import spool
from core.jobs.service.answer_key import still_answers
from core.jobs.service.connection import Connection
from core.jobs.service.rate_limit import RateLimit
from core.jobs.shared_services import Services


class Runner(Jobs):
    """All jobs of this dashboard, without a visitor: what pages can do, and what makes jobs go on.

    Pages get ``Jobs`` of a visitor, see ``seen_by``.

    Args:
        ledger: where they are kept.
        connect: gives the connection to use now; may raise ``BackendError`` or ``EngineError``.
        base: ``gs://bucket/folder/``, see ``Services``.
        clock: the current time, aware.
        prices: gives the price list; by default the connection's own.
        budget_usd: the operator's monthly limit; None is no limit.
        quota: what the service allows the project.
        process: the sender's name in the ledger: whose tries are its own, and which ended with it.
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
        process: str = PROCESS,
    ) -> None:
        base = check_base(base)
        admission = Admission(prices or (lambda: connect().prices), budget_usd, clock, quota)
        rate_limit = RateLimit(clock, quota.requests)
        submitter = Submitter(ledger, admission, rate_limit, clock, process)
        poller = Poller(ledger, submitter, rate_limit, clock)
        own_bucket = GcsUri.parse(base).bucket
        sender = Sender(ledger, connect, submitter, poller, own_bucket, clock)
        once = TryOnce(ledger, admission, rate_limit, base, clock)
        self.ledger = ledger
        self._services = Services(ledger, connect, base, clock, admission, poller, sender, once)
        self._answers = Answers(ledger)
        super().__init__(self._services, ALONE)

    def seen_by(
        self,
        visitor: Visitor,
        folders: Sequence[Path] | None = None,
        uploads: Path | None = None,
    ) -> Jobs:
        """The same jobs, as one visitor may see and change them."""
        return Jobs(self._services, visitor, folders, uploads)

    def pending(self) -> Sequence[str]:
        """Ids of jobs that ``send`` should be called for now: after a restart, a pause, or quota.

        Raises:
            EngineError, BackendError: no backend to send them to.
        """
        return self._sender.pending(self._connect().id)

    def poll(self) -> Sequence[ContactSheetError]:
        """Ask the service about everything that is not over and due; returns what is wrong with it.

        Never raises for the backend's faults: they pass, and the next poll asks again. What is
        wrong with one operation alone is its job's ``trouble``.
        """
        try:
            return self._poller.poll(self._connect())
        except (BackendError, EngineError, BucketError) as error:
            return [error]

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

    def record_answers(self, operation_id: int, seen: Iterable[SeenShard]) -> None:
        """Note what shards of an operation answer, before its progress is noted.

        In that order a crash can only make it be noted once more, and never be forgotten.
        """
        operation = self.ledger.operation(operation_id)
        if operation is not None:
            self._check_work(operation.job_id)
            self._answers.record(operation, seen, self._clock())

    def _check_work(self, job_id: str) -> None:
        """A gallery that was filled while a job ran keeps its answers from being used again."""
        job = self.ledger.job(job_id)
        if job is None or job.request is None or not job.work:
            return
        connection = self._connect()
        if not still_answers(job.work, job.request, connection.id, connection.capabilities):
            self._answers.withdraw(job_id)

    def counted_shards(self, job_id: str) -> dict[tuple[int, int], set[tuple[str, int]]]:
        """A job's shards as they were counted, see ``Answers.counted``."""
        return self._answers.counted(job_id)

    def to_remove(self) -> Sequence[str]:
        """Ids of deleted jobs whose data are to be removed now.

        Raises:
            EngineError, BackendError: no backend whose they are.
        """
        backend = self._connect().id
        return [job.id for job in deletion.due(self.ledger, backend, self._services.clock())]

    def remove(
        self, job_id: str, home: Path, clear: Callable[[Job, Iterable[tuple[str, int]]], None]
    ) -> None:
        """Remove all data of a deleted job, as far as no other job needs them.

        Args:
            home: the dashboard's own folder, where uploads wait.
            clear: removes what was made of its results and of pictures (address and page).

        Raises:
            BucketError, EngineError, BackendError: not all can be removed now; ask again.
        """
        job = deletion.begin(self.ledger, job_id, self._services.clock())
        if job is None:
            return
        clear(job, deletion.own_pictures(self.ledger, job_id))
        with suppress(RequestError):  # what was taken up by its name has no draft
            spool.Spool(home, job.draft_id).discard()
        deletion.remove(self.ledger, self._connect().buckets, job)

    def sweep_uploads(self, home: Path, older_than: timedelta = timedelta(days=7)) -> int:
        """Delete browser uploads of drafts that were never sent; returns how many drafts."""
        keep = self.ledger.unsent_drafts()
        return spool.sweep(home, older_than.total_seconds(), keep)
