"""Units that were sent, by job and by month of the bill, and what they cost.

They are counted where an operation is taken for sending, in the same transaction, and taken back
(``ledger_rows.unspend``) only when it is certain that the service did not accept it. So a unit that
may be on the bill is always counted: also of an operation that failed or was cancelled later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.jobs.billing.months import month_of
from core.jobs.billing.prices import PriceTable
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.rows import chunks
from core.jobs.ledger.schema import spending

Billable = Mapping[str, Mapping[str, int]]  # backend -> feature -> units that are charged for


@dataclass(frozen=True, slots=True)
class Spent:
    """What one backend was sent in a month.

    Attributes:
        month: "2026-11".
        units: by feature.
        billable: those that are not paid for by another feature of the same request.
        usd: their cost by the price list; the backend may charge nothing, see ``charged``.
    """

    month: str
    units: Mapping[str, int]
    billable: Mapping[str, int]
    usd: float
    charged: bool
    free_units: int

    @property
    def total(self) -> int:
        """Units of all features."""
        return sum(self.units.values())

    def free_left(self, feature: str) -> int:
        """Units of a feature that still cost nothing this month, as far as this ledger knows."""
        return max(0, self.free_units - self.billable.get(feature, 0))


class Spending:
    """What the ledger knows of units. Safe to share between threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def month(self, backend: str, now: datetime, prices: PriceTable) -> Spent:
        """One backend's units in the month of ``now``."""
        month = month_of(now)
        query = (
            sa.select(
                spending.c.feature, sa.func.sum(spending.c.units), sa.func.sum(spending.c.billable)
            )
            .where(spending.c.month == month, spending.c.backend == backend)
            .group_by(spending.c.feature)
        )
        with self._ledger.reading() as db:
            rows = [(feature, int(n), int(paid)) for feature, n, paid in db.execute(query)]
        billable = {feature: paid for feature, _, paid in rows}
        return Spent(
            month,
            {feature: units for feature, units, _ in rows},
            billable,
            cost({backend: billable}, prices),
            prices.charged,
            prices.free_units,
        )

    def jobs(self, job_ids: Sequence[str]) -> dict[str, int]:
        """Units that jobs have sent, of all features; jobs without any are left out."""
        units_of: dict[str, int] = {}
        with self._ledger.reading() as db:
            for some in chunks(job_ids):
                query = (
                    sa.select(spending.c.job_id, sa.func.sum(spending.c.units))
                    .where(spending.c.job_id.in_(some))
                    .group_by(spending.c.job_id)
                )
                units_of.update({job: int(units) for job, units in db.execute(query) if units})
        return units_of


def cost(billable: Billable, prices: PriceTable) -> float:
    """USD of a month's units; free units and tiers count for each backend by itself."""
    return sum(
        prices.feature_usd(feature, units)
        for features in billable.values()
        for feature, units in features.items()
        if feature in prices.tiers  # else a record that somebody has damaged
    )


def charged_in(db: sa.Connection, month: str) -> dict[str, dict[str, int]]:
    """Billable units of a month of all backends that charge, within a transaction."""
    query = (
        sa.select(spending.c.backend, spending.c.feature, sa.func.sum(spending.c.billable))
        .where(spending.c.month == month, spending.c.charged.is_(True))
        .group_by(spending.c.backend, spending.c.feature)
    )
    charged: dict[str, dict[str, int]] = {}
    for backend, feature, units in db.execute(query):
        charged.setdefault(backend, {})[feature] = int(units)
    return charged


def add(
    db: sa.Connection,
    key: Mapping[str, Any],
    features: Sequence[str],
    pictures: int,
    *,
    backend: str,
    month: str,
    prices: PriceTable,
) -> None:
    """Count one operation's units, within the transaction that takes it for sending.

    Args:
        key: its job_id, attempt and part. Sent a second time, it is counted a second time.
    """
    paid = prices.billable(features, pictures)
    for feature in features:
        mine = _mine(key, feature)
        known = db.execute(sa.select(spending.c.units, spending.c.billable).where(mine)).first()
        values = {
            "backend": backend,
            "month": month,
            "charged": prices.charged,
            "units": pictures + (_number(known.units) if known else 0),
            "billable": paid[feature] + (_number(known.billable) if known else 0),
        }
        if known:
            db.execute(sa.update(spending).where(mine).values(**values))
        else:
            db.execute(sa.insert(spending).values(**key, feature=feature, **values))


def _number(value: object) -> int:
    """A damaged count starts again from 0: the operation it belongs to must not stop for it."""
    return value if isinstance(value, int) else 0


def _mine(key: Mapping[str, Any], feature: str) -> sa.ColumnElement[bool]:
    wanted = {**key, "feature": feature}
    return sa.and_(*(spending.c[name] == value for name, value in wanted.items()))
