"""The ledger: states move once, and a database that fails says so."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from core.errors import LedgerError
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import JobState, OperationState
from core.jobs.ledger.schema import VERSION, meta
from tests.kit.services.jobs_rig import REQUEST
from tests.kit.services.ledger import NOW, add

pytestmark = pytest.mark.both_ledgers


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    ledger = Ledger(ledger_url)
    yield ledger
    ledger.close()


def test_empty(ledger: Ledger) -> None:
    assert ledger.jobs() == []
    assert ledger.job("x") is None and ledger.operation(1) is None
    assert (ledger.count(), ledger.in_processing("local"), ledger.known_names()) == (0, 0, set())
    assert ledger.open_jobs("local") == [] and ledger.unsent_drafts() == set()


def test_whole_job_or_nothing(ledger: Ledger) -> None:
    assert add(ledger)
    assert not add(ledger, "other", "d")  # the draft was sent before
    with pytest.raises(LedgerError):
        add(ledger, "j", "another draft")  # the same job id would mix two jobs up
    assert [job.id for job in ledger.jobs()] == ["j"]
    job = ledger.job("j")
    assert job is not None and job.request == REQUEST
    assert (job.state, job.created_at) == (JobState.UPLOADING, NOW)
    assert [row.name for row in ledger.to_upload("j")] == ["1.jpg", "2.jpg", "3.jpg"]
    assert ledger.to_upload("other") == []


def test_only_one_claims(ledger: Ledger, ledger_url: str) -> None:
    add(ledger)
    ledger.mark_uploaded("j", [(n, f"gs://b/{n}") for n in (1, 2, 3)])
    job = ledger.job("j")
    assert job is not None
    operation = job.operations[0].id
    others = [Ledger(ledger_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda other: other.claim(operation, "me", NOW), others * 5))
    for other in others:
        other.close()
    assert [claim for claim in claims if claim is not None] == [
        ["gs://b/1", "gs://b/2", "gs://b/3"]
    ]


def test_move_compares_before_it_sets(ledger: Ledger) -> None:
    add(ledger)
    operation = 1
    running = (OperationState.RUNNING,)
    assert not ledger.move(operation, running, name="n")
    assert ledger.move(operation, (OperationState.PLANNED,), state=OperationState.RUNNING)
    assert ledger.move(operation, running, name="n", ended_at=NOW)
    stored = ledger.operation(operation)
    assert stored is not None and (stored.name, stored.ended_at) == ("n", NOW)
    assert ledger.known_names() == {"n"}


def test_lost_pictures_are_renumbered_when_claimed(ledger: Ledger) -> None:
    add(ledger, pictures=4)
    ledger.mark_uploaded("j", [(1, "gs://b/1"), (4, "gs://b/4")])
    ledger.mark_lost("j", [(2, "gone"), (3, "gone")])
    assert ledger.claim(1, "me", NOW) == ["gs://b/1", "gs://b/4"]
    assert ledger.uris(1) == ["gs://b/1", "gs://b/4"]
    job = ledger.job("j")
    assert job is not None
    assert (job.uploaded, job.lost, job.operations[0].pictures) == (2, 2, 2)


def test_marking_twice_counts_once(ledger: Ledger) -> None:
    add(ledger)
    for _ in range(2):
        ledger.mark_uploaded("j", [(1, "gs://b/1")])
    job = ledger.job("j")
    assert job is not None and job.uploaded == 1


def test_cancelled_operation_is_not_claimed(ledger: Ledger) -> None:
    add(ledger)
    assert ledger.claim(1, "me", NOW) is not None
    ledger.cancel("j", NOW)
    ledger.plan_again(1, "refused", NOW)
    stored = ledger.operation(1)
    assert stored is not None and stored.state is OperationState.CANCELLED
    assert ledger.claim(1, "me", NOW) is None


def test_writers_wait_for_each_other(ledger: Ledger, ledger_url: str) -> None:
    others = [Ledger(ledger_url) for _ in range(4)]

    def write(number: int) -> bool:
        return add(others[number % 4], f"j{number}", f"d{number}", 50)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(write, range(40)))
    for other in others:
        other.close()
    assert ledger.count() == 40


def test_many_jobs_are_read_with_their_operations(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.ledger.rows.AT_ONCE", 5)
    for number in range(12):
        add(ledger, f"j{number:04d}", f"d{number}", 1)
    jobs = ledger.jobs(limit=100)
    assert len(jobs) == 12
    assert [[o.job_id for o in job.operations] for job in jobs] == [[job.id] for job in jobs]


def test_later_version_is_refused(ledger: Ledger, ledger_url: str) -> None:
    ledger.close()
    engine = sa.create_engine(ledger_url)
    with engine.begin() as db:
        db.execute(sa.update(meta).values(version=VERSION + 1))
    engine.dispose()
    with pytest.raises(LedgerError, match=f"version {VERSION + 1}"):
        Ledger(ledger_url)
