"""What ``VisitorJobs`` gives beside jobs: money, reuse, and operations in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from core.errors import NotAllowed, RequestError
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import Picture
from core.jobs.billing.budget import Budget
from core.jobs.billing.quota_queue import Waiting
from core.jobs.billing.spending import Spent
from core.jobs.ledger.access import EVERYBODY, Owner, Visitor
from core.jobs.ledger.ledger import Admit
from core.jobs.ledger.records import Job, Operation
from core.jobs.ledger.steps import AdmitPictures, Count
from core.jobs.reuse.answers import Borrowed, SeenShard
from core.jobs.reuse.reuse import Plan, Reuse
from core.jobs.sending.admission import Accounts
from core.jobs.sending.unconfirmed import Unconfirmed

GetJob = Callable[[str], Job]


def not_for_visitors() -> NotAllowed:
    """What the background's own methods are answered with."""
    return NotAllowed("Only the dashboard itself does this")


class VisitorAccounts(Accounts):
    """The month's money is everybody's to see; a job's own numbers only where the job is."""

    def __init__(self, inner: Accounts, visitor: Visitor, get: GetJob) -> None:
        self._inner = inner
        self._visitor = visitor
        self._get = get
        self.prices = inner.prices
        self.quota = inner.quota

    def month(self) -> Spent:
        """As ``Accounts.month``."""
        return self._inner.month()

    def units(self, job_ids: Sequence[str]) -> dict[str, int]:
        """As ``Accounts.units``, without jobs that are hidden."""
        return self._inner.units([id for id in job_ids if _sees(self._get, id)])

    def budget(self) -> Budget:
        """As ``Accounts.budget``."""
        return self._inner.budget()

    def set_budget(self, usd: float | None) -> None:
        """As ``Accounts.set_budget``; ``NotAllowed`` in the demo."""
        self._visitor.check_write()
        self._inner.set_budget(usd)

    def queue(self) -> list[Waiting]:
        """As ``Accounts.queue``, without operations of jobs that are hidden."""
        return [one for one in self._inner.queue() if _sees(self._get, one.job_id)]

    def planning(self, backend: str, request: BatchRequest, pictures: int, pages: int = 0) -> Admit:
        """The background's own."""
        raise not_for_visitors()

    def sending(self, backend: str, request: BatchRequest, operation: Operation) -> AdmitPictures:
        """The background's own."""
        raise not_for_visitors()

    def counting(
        self, backend: str, request: BatchRequest, operation: Operation, pictures: int
    ) -> Count:
        """The background's own."""
        raise not_for_visitors()


class VisitorReuse(Reuse):
    """A visitor's batch uses no answers of other people's jobs."""

    def __init__(self, inner: Reuse, visitor: Visitor, get: GetJob) -> None:
        self._inner = inner
        self._visitor = visitor
        self._get = get

    def plan(
        self,
        pictures: Sequence[Picture],
        request: BatchRequest,
        *,
        resend: bool = False,
        owner: Owner = EVERYBODY,
    ) -> Plan:
        """As ``Reuse.plan`` for the visitor, whatever ``owner`` says."""
        return self._inner.plan(pictures, request, resend=resend, owner=self._visitor.owner)

    def record(self, operation_id: int, seen: Iterable[SeenShard]) -> None:
        """The background's own."""
        raise not_for_visitors()

    def counted(self, job_id: str) -> dict[tuple[int, int], set[tuple[str, int]]]:
        """The background's own."""
        raise not_for_visitors()

    def borrowed(self, job_id: str) -> list[Borrowed]:
        """As ``Reuse.borrowed``; ``RequestError`` if the job is hidden."""
        return self._inner.borrowed(self._get(job_id).id)

    def sources(self, job_id: str) -> dict[str, int]:
        """As ``Reuse.sources``; ``RequestError`` if the job is hidden."""
        return self._inner.sources(self._get(job_id).id)

    def gone(self, job_id: str) -> list[str]:
        """As ``Reuse.gone``; ``RequestError`` if the job is hidden."""
        return self._inner.gone(self._get(job_id).id)


class VisitorUnconfirmed(Unconfirmed):
    """Only the owner decides.

    Args:
        check: raises unless the visitor may change the operation's job.
        check_name: raises if a name is that of an operation that is hidden; also gets what the
            visitor called it.
    """

    def __init__(
        self,
        inner: Unconfirmed,
        check: Callable[[int], None],
        check_name: Callable[[str, str], object],
    ) -> None:
        self._inner = inner
        self._check = check
        self._check_name = check_name

    def confirm(self, operation_id: int, name: str) -> Operation:
        """As ``Unconfirmed.confirm``."""
        return self.confirm_checked(operation_id, name, str)

    def confirm_checked(
        self, operation_id: int, name: str, check: Callable[[str], object]
    ) -> Operation:
        """As ``Unconfirmed.confirm_checked``, whatever ``check`` says; a hidden one is unknown."""
        self._check(operation_id)
        typed = name.strip()
        return self._inner.confirm_checked(operation_id, name, lambda n: self._check_name(n, typed))

    def send_again(self, operation_id: int) -> Operation:
        """As ``Unconfirmed.send_again``."""
        self._check(operation_id)
        return self._inner.send_again(operation_id)

    def give_up(self, operation_id: int) -> Operation:
        """As ``Unconfirmed.give_up``."""
        self._check(operation_id)
        return self._inner.give_up(operation_id)


def _sees(get: GetJob, job_id: str) -> bool:
    try:
        get(job_id)
    except RequestError:
        return False
    return True
