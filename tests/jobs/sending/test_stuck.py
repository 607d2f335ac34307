"""An operation that nobody notices: silent for long, or much slower than its like."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.jobs.ledger.records import Operation, OperationState
from core.jobs.sending.stuck import seconds_a_picture, stuck

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def operation(
    id: int, minutes: float, done: int, silent: float = 0.1, paged: bool = False
) -> Operation:
    """One that runs since so many minutes, and wrote its last shard so many ago."""
    sent = NOW - timedelta(minutes=minutes)
    return Operation(
        id=id, job_id="j", attempt=1, part=id, prefix="gs://b/p/", pictures=500, batch_size=20,
        state=OperationState.RUNNING, name="operations/1", sender="", service_state="", error="",
        cancel="", sending_at=sent, sent_at=sent, ended_at=None, shards_done=done // 20,
        pictures_done=done, errors=0,
        progress_at=NOW - timedelta(minutes=silent) if done else None,
        file_type="application/pdf" if paged else "",
    )  # fmt: skip


LIKE = [operation(n, 10, 400 + n) for n in (2, 3, 4)]  # some 1.5 s a picture


def test_no_shard_for_half_an_hour() -> None:
    assert "No shard for 30 minutes" in stuck(operation(1, 300, 20, silent=30), [], NOW)
    assert "No shard for 45 minutes" in stuck(operation(1, 45, 0), [], NOW)  # since it was sent
    assert "No shard for 3 hours" in stuck(operation(1, 200, 0), [], NOW)
    assert stuck(operation(1, 300, 20, silent=29), [], NOW) == ""
    assert stuck(operation(1, 29, 0), LIKE, NOW) == ""  # it may wait for its turn


def test_three_times_as_slow_as_the_median_of_its_like() -> None:
    said = stuck(operation(1, 10, 100), LIKE, NOW)
    assert "6.0 s a picture, where 1.5 s is usual" in said
    assert stuck(operation(1, 10, 140), LIKE, NOW) == ""
    assert stuck(operation(1, 4, 20), LIKE, NOW) == ""  # it has hardly begun
    assert stuck(operation(1, 10, 100), LIKE[:2], NOW) == ""  # two make no median
    assert stuck(operation(1, 10, 100, paged=True), LIKE, NOW) == ""  # pages are another kind


def test_what_is_over_is_never_stuck_and_counts_to_its_end() -> None:
    over = replace(
        operation(1, 600, 20), state=OperationState.SUCCEEDED, ended_at=NOW - timedelta(hours=9)
    )
    assert stuck(over, LIKE, NOW) == ""
    assert seconds_a_picture(over, NOW) == 3600 / 20
    assert seconds_a_picture(operation(1, 10, 0), NOW) is None
