"""When a waiting batch starts, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.jobs.billing.quota_queue import Waiting
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job, OperationState
from core.ui.operations.turns import NEXT, turns
from tests.kit.services.ledger import NOW, add


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path}/jobs.db")


def planned(ledger: Ledger, name: str) -> Job:
    add(ledger, name, name, pictures=20)
    job = ledger.job(name)
    assert job is not None
    return replace(job, title=name)


def running(job: Job, done: int) -> Job:
    """As many done in ten seconds."""
    operation = replace(
        job.operations[0], state=OperationState.RUNNING, sent_at=NOW, pictures_done=done,
        progress_at=NOW + timedelta(seconds=10),
    )  # fmt: skip
    return replace(job, operations=(operation,))


def waits(job: Job, position: int, ahead: int, processing: int, allowed: int) -> Waiting:
    return Waiting(1, job.id, job.title, 20, position, ahead, processing, allowed)


def test_it_starts_when_the_one_before_it_is_done(ledger: Ledger) -> None:
    first, second = running(planned(ledger, "Spring"), 10), planned(ledger, "Sample")
    said = turns([waits(second, 1, 0, 10, 20)], [first, second])
    assert said == {"Sample": "Starts when Spring is done, in about 10 s"}


def test_it_may_start_before_that_one_is_over(ledger: Ledger) -> None:
    first, second = running(planned(ledger, "Spring"), 10), planned(ledger, "Sample")
    said = turns([waits(second, 1, 0, 10, 25)], [first, second])
    assert said == {"Sample": "Starts when 5 more pictures of Spring are done, in about 5 s"}


def test_several_are_ahead_and_no_rate_is_known(ledger: Ledger) -> None:
    first, second = running(planned(ledger, "Spring"), 0), planned(ledger, "Sample")
    third = planned(ledger, "Third")
    queue = [waits(second, 1, 0, 20, 20), waits(third, 2, 20, 20, 20)]
    said = turns(queue, [first, second, third])
    assert said["Sample"] == "Starts when Spring is done"
    assert said["Third"] == "Starts when 40 more pictures of 2 batches are done"


def test_there_is_room_and_batches_of_others_have_no_name(ledger: Ledger) -> None:
    mine = planned(ledger, "Mine")
    assert turns([waits(mine, 1, 0, 0, 20)], [mine]) == {"Mine": NEXT}
    said = turns([waits(mine, 1, 0, 20, 20)], [mine])["Mine"]
    assert said == "Starts when 20 more pictures that are ahead of it are done"


def test_a_batch_under_way_says_nothing_of_its_other_parts(ledger: Ledger) -> None:
    job = running(planned(ledger, "Spring"), 10)
    assert turns([waits(job, 1, 0, 10, 20)], [job]) == {}
