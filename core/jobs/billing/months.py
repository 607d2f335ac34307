"""The months that Google bills by.

They begin at midnight of US Pacific Time, "UTC-8", as the Cloud Billing Budgets API says of its
calendar periods (cloud.google.com/ruby/docs/reference/google-cloud-billing-budgets-v1/latest/
Google-Cloud-Billing-Budgets-V1-CalendarPeriod, read 2026-11). Taken by the letter: in summer the
month may begin an hour earlier.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

PACIFIC = timezone(timedelta(hours=-8))


def month_of(moment: datetime) -> str:
    """The month that something of this moment is billed in.

    >>> month_of(datetime(2026, 12, 1, 7, 59, tzinfo=UTC))
    '2026-11'
    """
    return f"{moment.astimezone(PACIFIC):%Y-%m}"


def month_end(moment: datetime) -> datetime:
    """When the month of this moment ends, and with it what is counted against its budget."""
    here = moment.astimezone(PACIFIC)
    following = (here.replace(day=1) + timedelta(days=32)).replace(day=1)
    return following.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def month_name(month: str) -> str:
    """For people.

    >>> month_name("2026-11")
    'November 2026'
    """
    return f"{datetime.strptime(month, '%Y-%m').replace(tzinfo=PACIFIC):%B %Y}"
