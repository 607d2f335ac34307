"""The month's budget: what sending may cost at most, for all who share the ledger.

The operator's own limit comes from the environment; in the dashboard a lower one can be set, which
is kept in the ledger. Only what a backend charges counts: the embedded engine costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.errors import BudgetExceeded, RequestError
from core.jobs.batch.amounts import counted
from core.jobs.batch.request import BatchRequest
from core.jobs.billing import spending
from core.jobs.billing.months import month_end, month_name, month_of
from core.jobs.billing.prices import PriceTable
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import OperationState
from core.jobs.ledger.schema import jobs, operations, settings

_NAME = "budget_usd"
_CENT = 0.005  # sums of prices are not exact


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent in a month, in USD; None is no limit.

    Attributes:
        chosen: as set in the dashboard.
        operator: as set by the environment.
        unreadable: what stands in the ledger in place of a chosen sum, which nobody can read; ""
            normally. Then nothing that costs money is sent.
    """

    chosen: float | None
    operator: float | None
    unreadable: str = ""

    @property
    def usd(self) -> float | None:
        """The lower of both."""
        return min((n for n in (self.chosen, self.operator) if n is not None), default=None)


def read(ledger: Ledger, operator: float | None) -> Budget:
    """The budget as it stands."""
    with ledger.reading() as db:
        return _read(db, operator)


def choose(ledger: Ledger, usd: float | None) -> None:
    """Set the dashboard's own limit; None takes it away.

    Raises:
        RequestError: it is no sum of money.
    """
    if usd is not None and not (math.isfinite(usd) and usd >= 0):
        raise RequestError("This is not a budget", where=str(usd), then="Use 0 or more USD.")
    with ledger.writing() as db:
        ledger.lock(db)
        db.execute(sa.delete(settings).where(settings.c.name == _NAME))
        if usd is not None:
            db.execute(sa.insert(settings).values(name=_NAME, value=repr(float(usd))))


def check(
    db: sa.Connection,
    *,
    operator: float | None,
    prices: PriceTable,
    now: datetime,
    backend: str,
    request: BatchRequest,
    pictures: int = 0,
    pages: int = 0,
    with_planned: bool,
) -> None:
    """Refuse what would cross the budget, within the transaction that plans or sends it.

    Args:
        pictures, pages: that would be sent on top of what is.
        with_planned: count operations that wait to be sent as well; those of other backends on the
            same ledger are counted when they are sent.

    Raises:
        BudgetExceeded: saying by how much, and what can be done.
    """
    if not prices.charged or not pictures + pages:
        return
    budget = _read(db, operator)
    limit = budget.usd
    if budget.unreadable:
        raise BudgetExceeded(
            "The budget in the ledger cannot be read",
            where=budget.unreadable,
            then="Set it again on the Operations page; until then nothing that costs is sent.",
        )
    if limit is None:
        return
    month = month_of(now)
    sent = spending.charged_in(db, month)
    mine = sent.setdefault(backend, {})
    if with_planned:
        _add_planned(db, mine, backend, prices)
    before = spending.cost(sent, prices)
    _add(mine, prices.billable(request.features, pictures))
    _add(mine, prices.billable(request.file_features, pages))
    after = spending.cost(sent, prices)
    if after > limit + _CENT and after > before:
        raise _crossed(limit, before, after, counted(pictures, pages), now)


def _crossed(
    limit: float, before: float, after: float, amount: str, now: datetime
) -> BudgetExceeded:
    until = f"{month_end(now):%d %B, %H:%M} UTC"
    return BudgetExceeded(
        f"This would cross the budget of ${limit:,.2f} for {month_name(month_of(now))} by "
        f"${after - limit:,.2f}",
        where=f"${before:,.2f} sent or waiting, ${after - before:,.2f} for {amount}",
        then="Send fewer pictures or features, raise the budget on the Operations page, or "
        f"wait until it is reset on {until}.",
    )


def _add(units: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        units[name] = units.get(name, 0) + count


def _add_planned(
    db: sa.Connection, units: dict[str, int], backend: str, prices: PriceTable
) -> None:
    query = (
        sa.select(jobs.c.request, operations.c.file_type, sa.func.sum(operations.c.pictures))
        .join_from(operations, jobs, jobs.c.id == operations.c.job_id)
        .where(jobs.c.backend == backend, operations.c.state == OperationState.PLANNED)
        .group_by(jobs.c.id, jobs.c.request, operations.c.file_type)
    )
    for asked, file_type, pictures in db.execute(query):
        _add(units, prices.billable(_features(asked, bool(file_type)), int(pictures)))


def _features(asked: str, paged: bool) -> tuple[str, ...]:
    try:
        request = BatchRequest.from_json(asked) if asked else None
        return request.asked_of(paged=paged) if request is not None else ()
    except Exception:  # a job whose record cannot be read is never sent
        return ()


def _read(db: sa.Connection, operator: float | None) -> Budget:
    value = db.execute(sa.select(settings.c.value).where(settings.c.name == _NAME)).scalar()
    if value is None:
        return Budget(None, operator)
    try:
        usd = float(value)
    except (ValueError, TypeError):
        usd = math.nan
    if not (math.isfinite(usd) and usd >= 0):
        return Budget(None, operator, repr(value)[:80])
    return Budget(usd, operator)
