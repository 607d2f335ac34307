"""Operations that stand still, or nearly: on Operations, since nobody looks at a list all day.

An operation that was lost at the service runs for ever (googleapis/google-cloud-python#6218).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from core.jobs.ledger.records import Operation, OperationState

SILENCE = timedelta(minutes=30)  # without any shard
SLOWER = 3.0  # times as long for a picture as the median of its like
LEAST_AGE = timedelta(minutes=5)  # younger ones have hardly begun
LEAST_LIKE = 3  # operations that a median is made of


def stuck(operation: Operation, others: Sequence[Operation], now: datetime) -> str:
    """Why an operation seems to be stuck, as a sentence; "" if it does not.

    Args:
        others: of the same features and backend, it among them or not; its like are those of the
            same kind that have written shards.
        now: aware.
    """
    if operation.state is not OperationState.RUNNING or operation.sent_at is None:
        return ""
    last = operation.progress_at or operation.sent_at
    if (silent := now - last) >= SILENCE:
        return f"No shard for {_minutes(silent)}: it may be stuck."
    pace, usual = seconds_a_picture(operation, now), _median(operation, others, now)
    if now - operation.sent_at < LEAST_AGE or pace is None or usual is None:
        return ""
    if pace <= SLOWER * usual:
        return ""
    return (
        f"{pace:,.1f} s a picture, where {usual:,.1f} s is usual for operations like it: "
        "it may be stuck."
    )


def seconds_a_picture(operation: Operation, now: datetime) -> float | None:
    """How long each of its pictures has taken so far; None before the first is seen."""
    if operation.sent_at is None or not operation.pictures_done:
        return None
    end = operation.ended_at if operation.state.final else now
    if end is None or end <= operation.sent_at:
        return None
    return (end - operation.sent_at).total_seconds() / operation.pictures_done


def _median(operation: Operation, others: Sequence[Operation], now: datetime) -> float | None:
    like = [
        pace
        for other in others
        if other.id != operation.id and other.paged == operation.paged
        if (pace := seconds_a_picture(other, now)) is not None
    ]
    return median(like) if len(like) >= LEAST_LIKE else None


def _minutes(time: timedelta) -> str:
    minutes = round(time.total_seconds() / 60)
    return f"{minutes:,} minutes" if minutes < 120 else f"{minutes // 60:,} hours"
