"""What may be sent, and what has been: the month's budget, units, and the queue for room.

``planning`` and ``sending`` give what the ledger calls within its transactions, so that several
dashboards on one ledger can together neither cross the budget nor the quota.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from core.jobs.batch.features import GOOGLE_QUOTA, Quota
from core.jobs.batch.request import BatchRequest
from core.jobs.billing import budget, spending
from core.jobs.billing import quota_queue as queue
from core.jobs.billing.budget import Budget
from core.jobs.billing.months import month_of
from core.jobs.billing.prices import PriceTable
from core.jobs.billing.quota_queue import Waiting
from core.jobs.billing.spending import Spending, Spent
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.ledger import Admit, Ledger
from core.jobs.ledger.records import Operation
from core.jobs.ledger.steps import AdmitPictures, Count
from core.jobs.service.connection import Connection
from core.logs import fields

log = logging.getLogger("core.jobs.accounts")


class Admission:
    """Lets jobs and operations in, within the ledger's transactions. Safe to share between threads.

    Args:
        prices: gives the price list to use now; may raise what reading it raises.
        operator: the operator's monthly budget in USD; None is no limit.
        quota: what the service allows the project.
    """

    def __init__(
        self,
        prices: Callable[[], PriceTable],
        operator: float | None,
        clock: Callable[[], datetime],
        quota: Quota = GOOGLE_QUOTA,
    ) -> None:
        self.prices = prices
        self.operator = operator
        self.clock = clock
        self.quota = quota

    def planning(self, backend: str, request: BatchRequest, pictures: int, pages: int = 0) -> Admit:
        """To be called where a job, or a further attempt, is written down.

        It raises ``BudgetExceeded`` if this and all that waits would cross the budget.
        """
        check = self._check(backend, request)
        return lambda db: check(db, pictures=pictures, pages=pages, with_planned=True)

    def sending(self, backend: str, request: BatchRequest, operation: Operation) -> AdmitPictures:
        """To be called where an operation is taken for sending; counts its units.

        It raises ``NoRoom`` if it has to wait and ``BudgetExceeded`` if it may not be sent.
        """
        now, check = self.clock(), self._check(backend, request)

        def admit(db: sa.Connection, pictures: int) -> None:
            paged = operation.paged
            allowed = self.quota.pictures
            queue.take_room(db, backend, operation.id, pictures, now, allowed, paged=paged)
            check(db, **_counts(pictures, paged=paged), with_planned=False)
            self.counting(backend, request, operation, pictures)(db)

        return admit

    def trying(self, backend: str, request: BatchRequest, job_id: str, *, paged: bool) -> Admit:
        """To be called where one picture or page that is asked at once is written down.

        It counts its units, and raises ``BudgetExceeded`` if they would cross the budget.
        """
        prices, month, check = self.prices(), month_of(self.clock()), self._check(backend, request)
        key = {"job_id": job_id, "attempt": 1, "part": 1}
        features = request.asked_of(paged=paged)

        def admit(db: sa.Connection) -> None:
            check(db, **_counts(1, paged=paged), with_planned=True)
            spending.add(db, key, features, 1, backend=backend, month=month, prices=prices)

        return admit

    def _check(self, backend: str, request: BatchRequest) -> Callable[..., None]:
        """``budget.check`` with the prices and the time of this moment."""
        return partial(
            budget.check,
            operator=self.operator,
            prices=self.prices(),
            now=self.clock(),
            backend=backend,
            request=request,
        )

    def counting(
        self, backend: str, request: BatchRequest, operation: Operation, pictures: int
    ) -> Count:
        """To be called within the transaction that learns that an operation may be charged."""
        prices, month = self.prices(), month_of(self.clock())
        key = {name: getattr(operation, name) for name in ("job_id", "attempt", "part")}
        features = request.asked_of(paged=operation.paged)

        def count(db: sa.Connection) -> None:
            spending.add(db, key, features, pictures, backend=backend, month=month, prices=prices)

        return count


def _counts(number: int, *, paged: bool) -> dict[str, int]:
    return {"pages" if paged else "pictures": number}


class Accounts:
    """The month's money, which is everybody's to see, and a visitor's jobs' own numbers.

    Safe to share between threads.

    Args:
        sees: whether the visitor sees a job, by its id.
    """

    def __init__(
        self,
        ledger: Ledger,
        connect: Callable[[], Connection],
        admission: Admission,
        visitor: Visitor,
        sees: Callable[[str], bool],
    ) -> None:
        self._ledger = ledger
        self._connect = connect
        self._admission = admission
        self._visitor = visitor
        self._sees = sees
        self._spending = Spending(ledger)
        self.quota = admission.quota

    def month(self) -> Spent:
        """What the connection's backend was sent in this month of the bill.

        Raises:
            EngineError, BackendError, SettingsError: no backend, or no prices.
        """
        return self._spending.month(
            self._connect().id, self._admission.clock(), self._admission.prices()
        )

    def units(self, job_ids: Sequence[str]) -> dict[str, int]:
        """Units that jobs have sent, of all features; jobs without any, or hidden, are left out."""
        return self._spending.jobs([job_id for job_id in job_ids if self._sees(job_id)])

    def budget(self) -> Budget:
        """The month's limits."""
        return budget.read(self._ledger, self._admission.operator)

    def set_budget(self, usd: float | None) -> None:
        """Set the dashboard's own monthly limit; None takes it away.

        Jobs that the old one has stopped try again by themselves within a minute.

        Raises:
            RequestError: it is no sum of money.
            NotAllowed: in the demo.
        """
        self._visitor.check_write()
        budget.choose(self._ledger, usd)
        log.info("the budget was set", extra=fields(usd="none" if usd is None else usd))

    def queue(self) -> list[Waiting]:
        """Operations that wait for room, the next one first; without those of hidden jobs."""
        now, allowed = self._admission.clock(), self.quota.pictures
        waiting = queue.waiting(self._ledger, self._connect().id, now, allowed)
        return [one for one in waiting if self._sees(one.job_id)]
