"""Units by job and month, a budget that is not crossed, a fair queue, a pace that is kept."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from core.errors import BudgetExceeded, RequestError
from core.jobs.batch.features import PICTURES_IN_PROCESSING, REQUESTS_PER_MINUTE, Quota
from core.jobs.batch.request import BatchRequest
from core.jobs.billing.months import month_end, month_of
from core.jobs.billing.prices import PRICES
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import JobState, OperationState
from core.jobs.runner import Runner
from core.jobs.sending.preflight.preflight import estimate, look
from core.jobs.service.rate_limit import RESERVED_FOR_SENDING, RateLimit
from tests.kit.services.jobs_rig import Clock, Rig

pytestmark = pytest.mark.both_ledgers

LABELS = BatchRequest(("LABEL_DETECTION",))  # 1.50 USD per 1,000 after 1,000 free ones
OBJECTS = BatchRequest(("LABEL_DETECTION", "SAFE_SEARCH_DETECTION"))  # the second is free with it
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def paid(rig: Rig) -> Iterator[Rig]:
    """The rig, where sending costs money."""
    rig.clock.now = NOON
    rig.jobs.ledger.close()
    rig.jobs = charging(rig)
    yield rig


def charging(rig: Rig, operator: float | None = None) -> Runner:
    """One more dashboard on the same ledger."""
    return Runner(
        Ledger(rig.ledger_url),
        lambda: rig.connection,
        base=f"gs://{rig.bucket}/contact-sheet/",
        clock=rig.clock,
        prices=lambda: PRICES,
        budget_usd=operator,
    )


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 12, 1, 7, 59, 59, tzinfo=UTC), "2026-11"),
        (datetime(2026, 12, 1, 8, tzinfo=UTC), "2026-12"),
        (datetime(2027, 1, 1, 7, tzinfo=UTC), "2026-12"),
    ],
)
def test_months_begin_in_pacific_time(moment: datetime, month: str) -> None:
    assert month_of(moment) == month
    assert month_of(month_end(moment) - timedelta(seconds=1)) == month
    assert month_of(month_end(moment)) != month


def test_units_are_counted_when_sent_and_not_when_planned(paid: Rig) -> None:
    job = paid.jobs.create(paid.draft(), paid.refs(1_500), OBJECTS)
    assert paid.jobs.accounts.month().units == {}
    paid.jobs.send(job.id)
    spent = paid.jobs.accounts.month()
    assert spent.units == {"LABEL_DETECTION": 1_500, "SAFE_SEARCH_DETECTION": 1_500}
    assert spent.billable == {"LABEL_DETECTION": 1_500, "SAFE_SEARCH_DETECTION": 0}
    assert spent.usd == pytest.approx(0.75)
    assert (spent.free_left("LABEL_DETECTION"), spent.free_left("FACE_DETECTION")) == (0, 1_000)
    assert paid.jobs.accounts.units([job.id, "other"]) == {job.id: 3_000}
    paid.service.finish()
    paid.jobs.poll()
    paid.jobs.forget(job.id)
    assert paid.jobs.accounts.month().usd == pytest.approx(0.75)  # the bill does not forget
    paid.clock.now = datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert paid.jobs.accounts.month().units == {}


@pytest.mark.parametrize(
    ("code", "counted"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, 0),  # refused
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 0),  # not accepted: planned again
        (grpc.StatusCode.UNAVAILABLE, 3),  # perhaps accepted
    ],
)
def test_what_was_surely_not_accepted_costs_nothing(
    paid: Rig, code: grpc.StatusCode, counted: int
) -> None:
    paid.service.refuse = (code, "no")
    job = paid.jobs.create(paid.draft(), paid.refs(3), LABELS)
    paid.jobs.send(job.id)
    assert paid.jobs.accounts.month().total == counted
    paid.service.refuse = None
    paid.clock.forward(61)
    paid.jobs.poll()
    paid.clock.forward(61)
    paid.jobs.poll()
    for job_id in paid.jobs.pending():
        paid.jobs.send(job_id)
    assert paid.jobs.accounts.month().total == len(paid.service.sent)


def test_budget_stops_before_it_is_crossed(paid: Rig) -> None:
    paid.jobs.accounts.set_budget(1.5)
    fits = paid.jobs.create(paid.draft(), paid.refs(2_000), LABELS)  # 1,000 of them free
    with pytest.raises(BudgetExceeded) as refused:
        paid.jobs.create(paid.draft(), paid.refs(10), LABELS)
    assert "by $0.01" in refused.value.what or "by $0.02" in refused.value.what
    assert "raise the budget" in refused.value.then
    assert paid.jobs.list() == [fits]  # nothing was written
    paid.jobs.send(fits.id)
    with pytest.raises(BudgetExceeded):
        paid.jobs.retry_failed(paid.jobs.get(fits.id), uris(paid, 100))
    assert paid.jobs.get(fits.id).attempt == 1
    paid.clock.now = datetime(2026, 12, 1, 8, tzinfo=UTC)
    paid.jobs.create(paid.draft(), paid.refs(2_000), LABELS)


def uris(rig: Rig, count: int) -> list[str]:
    return [picture.uri for picture in rig.refs(count)]


@pytest.mark.slow
def test_budget_lowered_while_operations_wait(paid: Rig) -> None:
    job = paid.jobs.create(paid.draft(), paid.refs(9_000), LABELS)
    paid.jobs.send(job.id)  # 8,000 go: 10.50 USD
    paid.jobs.accounts.set_budget(11)
    paid.service.accepted[0].state = "DONE"
    paid.jobs.poll()
    stopped = paid.jobs.send(job.id)
    assert "would cross the budget of $11.00" in stopped.fault
    assert stopped.operations[-1].state is OperationState.PLANNED
    assert len(paid.service.accepted) == 4 and paid.jobs.pending() == []
    paid.jobs.accounts.set_budget(12)
    paid.clock.forward(61)
    assert paid.jobs.pending() == [job.id]  # by itself
    assert paid.jobs.send(job.id).state is JobState.RUNNING
    assert paid.jobs.accounts.month().usd == pytest.approx(12.0)


def test_dashboards_on_one_ledger_cannot_cross_it_together(paid: Rig) -> None:
    paid.jobs.accounts.set_budget(3)
    others = [charging(paid) for _ in range(4)]

    def submit(number: int) -> bool:
        try:
            others[number % 4].create(f"draft{number}", paid.refs(500), LABELS)
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        accepted = sum(pool.map(submit, range(16)))
    for other in others:
        other.ledger.close()
    assert accepted == 6  # 3,000 pictures: 1,000 free and 2,000 for 3 USD


def test_operators_budget_is_never_exceeded(paid: Rig) -> None:
    jobs = charging(paid, operator=0.0)
    jobs.accounts.set_budget(100.0)
    assert jobs.accounts.budget().usd == 0.0
    jobs.create(paid.draft(), paid.refs(1_000), LABELS)  # free units only
    with pytest.raises(BudgetExceeded):
        jobs.create(paid.draft(), paid.refs(10), LABELS)
    jobs.accounts.set_budget(None)
    assert jobs.accounts.budget().chosen is None
    with pytest.raises(RequestError, match="not a budget"):
        jobs.accounts.set_budget(float("nan"))
    jobs.ledger.close()


def test_local_engine_costs_nothing(rig: Rig) -> None:
    rig.jobs.accounts.set_budget(0.0)
    job = rig.jobs.create(rig.draft(), rig.refs(3_000), LABELS)
    rig.jobs.send(job.id)
    spent = rig.jobs.accounts.month()
    assert (spent.total, spent.charged) == (3_000, False)


@pytest.mark.slow
def test_queue_is_fair_and_says_why(rig: Rig) -> None:
    first = rig.jobs.create(rig.draft(), rig.refs(9_000), LABELS)
    rig.clock.forward(1)
    later = rig.jobs.create(rig.draft(), rig.refs(1_500), LABELS)
    rig.clock.forward(1)
    last = rig.jobs.create(rig.draft(), rig.refs(10), LABELS)
    assert rig.jobs.pending() == [first.id, later.id, last.id]
    rig.jobs.send(first.id)
    queue = rig.jobs.accounts.queue()
    assert [(w.job_id, w.position, w.pictures, w.ahead) for w in queue] == [
        (first.id, 1, 1_000, 0),
        (later.id, 2, 1_500, 1_000),
        (last.id, 3, 10, 2_500),
    ]
    assert not any(w.fits for w in queue)
    assert queue[1].why == (
        "8,000 of 8,000 pictures are in processing and 1,000 wait before it; it goes when "
        "2,500 more are done."
    )
    # 1,500 are done: the small ones would fit, but the first of the queue goes first.
    rig.jobs.record_progress(first.operations[0].id, 1, 1_500, 0)
    rig.jobs.send(last.id)
    rig.jobs.send(later.id)
    assert len(rig.service.accepted) == 4
    rig.jobs.send(first.id)
    assert len(rig.service.accepted) == 5
    rig.jobs.send(later.id)
    assert [w.job_id for w in rig.jobs.accounts.queue()] == [later.id, last.id]
    rig.service.finish()
    rig.jobs.poll()
    for job_id in rig.jobs.pending():
        rig.jobs.send(job_id)
    assert rig.jobs.accounts.queue() == []
    assert len(rig.service.sent) == 10_510


def test_a_job_that_rests_does_not_hold_others_up(rig: Rig) -> None:
    stopped = rig.jobs.create(rig.draft(), rig.refs(7_999), LABELS)
    rig.jobs.ledger.set_job(stopped.id, fault="No bucket")
    other = rig.jobs.create(rig.draft(), rig.refs(10), LABELS)
    assert [w.job_id for w in rig.jobs.accounts.queue()] == [other.id]
    assert rig.jobs.send(other.id).state is JobState.RUNNING


@pytest.mark.slow
def test_two_dashboards_together_keep_the_quota(rig: Rig) -> None:
    for _ in range(3):
        rig.jobs.create(rig.draft(), rig.refs(4_000), LABELS)
    dashboards = [rig.jobs, *(rig.make_jobs(Ledger(rig.ledger_url)) for _ in range(2))]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda jobs: [jobs.send(id) for id in jobs.pending()], dashboards))
    for dashboard in dashboards[1:]:
        dashboard.ledger.close()
    assert len(rig.service.sent) == PICTURES_IN_PROCESSING


def test_requests_of_a_minute_are_counted() -> None:
    clock = Clock(NOON)
    rate_limit = RateLimit(clock)
    asked = sum(rate_limit.may_ask() for _ in range(2_000))
    assert asked == REQUESTS_PER_MINUTE - RESERVED_FOR_SENDING
    assert sum(rate_limit.may_send() for _ in range(500)) == RESERVED_FOR_SENDING // 2
    clock.forward(59)
    assert not rate_limit.may_ask() and not rate_limit.may_send()
    clock.forward(1)
    assert rate_limit.may_ask() and rate_limit.may_send()
    clock.forward(-3_600)  # set back: nothing is held up for an hour
    assert rate_limit.may_ask()


def test_poll_asks_in_turn_when_requests_are_short(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.batch.request.PICTURES_PER_OPERATION", 1)
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(5), LABELS).id)
    names = [operation.name for operation in job.operations]
    asked: list[str] = []
    status = rig.connection.status

    def noted(name: str) -> object:
        asked.append(name)
        return status(name)

    monkeypatch.setattr(rig.connection, "status", noted)
    limit = 10 + RESERVED_FOR_SENDING + 2  # sending took ten; two are left for asking
    monkeypatch.setattr(rig.jobs._poller._rate_limit, "limit", limit)
    for _ in range(3):
        rig.jobs.poll()
        rig.clock.forward(61)
        monkeypatch.setattr(rig.jobs._poller._rate_limit, "limit", RESERVED_FOR_SENDING + 2)
    assert sorted(asked[:5]) == sorted(names) and len(asked) == 6


def test_a_quota_of_the_project_s_own(rig: Rig) -> None:
    own = Quota(pictures=2_500, requests=12)
    rig.jobs.ledger.close()
    base, ledger = f"gs://{rig.bucket}/own/", Ledger(rig.ledger_url)
    jobs = Runner(ledger, lambda: rig.connection, base=base, clock=rig.clock, quota=own)
    job = jobs.create(rig.draft(), rig.refs(5_000), LABELS)
    jobs.send(job.id)
    assert len(rig.service.sent) == 2_000 and jobs.in_processing() == 2_000
    first, second = jobs.accounts.queue()
    assert (
        first.why == "2,000 of 2,500 pictures are in processing; it goes when 1,500 more are done."
    )
    assert second.why.startswith("2,000 of 2,500 pictures are in processing and 2,000 wait before")
    rate_limit = jobs._poller._rate_limit
    assert (
        sum(rate_limit.may_ask() for _ in range(20)) == 12 - 4 - 2
    )  # two tries to send, two reserved
    preflight = estimate(look(rig.refs(3)), LABELS, in_processing=2_498, allowed=own)
    assert not preflight.quota_fits and preflight.quota.startswith("Only 2,500 pictures")
    ledger.close()


def test_sending_pauses_when_requests_are_used_up(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(3), LABELS)
    rate_limit = rig.jobs._poller._rate_limit
    while rate_limit.may_send():
        pass
    paused = rig.jobs.send(job.id)
    assert "1,800 requests" in paused.fault and paused.state is JobState.WAITING
    assert rig.jobs.pending() == []
    rig.clock.forward(60)
    assert rig.jobs.pending() == [job.id]
    assert rig.jobs.send(job.id).state is JobState.RUNNING
