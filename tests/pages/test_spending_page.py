"""Units, budget and queue on Operations and Submit: set, kept, said; and not in the demo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.jobs.batch.features import PICTURES_IN_PROCESSING
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import ImageRef
from core.jobs.billing.prices import PRICES
from core.jobs.ledger.records import Job
from core.jobs.ledger.rows import NewOperation
from core.jobs.sending.planning import job_values
from tests.kit.web.pages import GUEST, HOSTILE, MARKUP, Be, Open, until_shown

LABELS = BatchRequest(("LABEL_DETECTION",))


@pytest.fixture
def paid(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if the backend charged, from the first unit on; no budget before and after."""
    prices = replace(PRICES, free_units=0)
    monkeypatch.setattr(hub, "prices", lambda: prices)
    monkeypatch.setattr(hub.jobs._admission, "prices", lambda: prices)
    assert hub.jobs.accounts.budget().usd is None
    yield
    hub.jobs.accounts.set_budget(None)


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def set_budget(app: AppTest, usd: float | None) -> AppTest:
    app.number_input(key="budget_usd").set_value(usd)
    next(button for button in app.button if button.label == "Set").click().run()
    assert not app.exception
    return app


@pytest.mark.usefixtures("paid", "done_job")
def test_budget_is_set_lowered_and_taken_away(open_page: Open, hub: Hub) -> None:
    app = open_page("operations")
    assert metrics(app)["Budget a month"] == "none"
    assert metrics(set_budget(app, 12.5))["Budget a month"] == "$12.50"
    assert metrics(open_page("operations"))["Budget a month"] == "$12.50"  # for all, not this page
    app.switch_page("pages/submit.py").run()
    app.switch_page("pages/operations.py").run()
    assert app.number_input(key="budget_usd").value == 12.5
    assert metrics(set_budget(app, 0.0))["Budget a month"] == "$0.00"
    assert hub.jobs.accounts.budget().usd == 0
    assert metrics(set_budget(app, None))["Budget a month"] == "none"


@pytest.mark.usefixtures("paid", "done_job")
def test_operators_limit_holds_whatever_is_set(
    open_page: Open, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.jobs._admission, "operator", 5.0)
    app = set_budget(open_page("operations"), 100.0)
    assert metrics(app)["Budget a month"] == "$5.00"
    assert any("The operator allows" in caption.value for caption in app.caption)


@pytest.mark.usefixtures("paid")
def test_sending_stops_before_the_budget_is_crossed(open_page: Open, hub: Hub) -> None:
    draft = "budgetbudget0001"
    spent = hub.jobs.accounts.month().usd  # much of it was not charged, before this test
    hub.jobs.accounts.set_budget(0.01)
    app = until_shown(open_page("submit", draft=draft), "metric")
    errors = [error.value.replace("\\", "") for error in app.error]
    assert any("of the budget of" in text and "It will not be sent." in text for text in errors)
    app.button(key="submit").click().run()
    assert not app.exception
    errors = [error.value.replace("\\", "") for error in app.error]
    assert any("This would cross the budget of" in text for text in errors)
    assert any("raise the budget on the Operations page" in text for text in errors)
    assert hub.jobs.by_draft(draft) is None

    hub.jobs.accounts.set_budget(spent + 1_000)
    app = until_shown(open_page("submit", draft=draft), "metric")
    assert not app.error
    assert any("of the budget of" in caption.value for caption in app.caption)


@pytest.mark.usefixtures("paid")
def test_demo_shows_the_budget_and_sets_none(
    open_page: Open, be: Be, hub: Hub, done_job: Job
) -> None:
    hub.jobs.accounts.set_budget(7.0)
    be(GUEST)
    app = open_page("operations", job=done_job.id)
    assert metrics(app)["Budget a month"] == "$7.00"
    assert not app.number_input
    assert not any(button.label == "Set" for button in app.button)
    assert hub.jobs.accounts.budget().usd == 7


@pytest.fixture
def queued(hub: Hub) -> Iterator[Job]:
    """Another dashboard is sending as many pictures as the quota allows; a job of ours waits."""
    ledger, now = hub._runner.ledger, datetime.now(UTC)
    prefix = "gs://contact-sheet/quota/"
    rest = {"title": "Others", "source": "", "request": LABELS.to_json()}
    sending = {"state": "SENDING", "sender": "another dashboard", "sending_at": now}
    busy = NewOperation(1, 1, prefix, 20, range(1, PICTURES_IN_PROCESSING + 1), sending)
    values = job_values("quota", "quota", now, prefix, hub.connection().id)
    assert ledger.add_job({**values, **rest, "pictures": len(busy.positions)}, (), [busy])
    refs = [ImageRef(f"gs://contact-sheet/queue/{n}.jpg", 10) for n in range(3)]
    job = hub.jobs.create("queuedqueued0001", refs, LABELS, title=HOSTILE)
    yield job
    hub.jobs.cancel(job.id)  # before there is room for it
    for job_id in ("quota", job.id):
        ledger.forget(job_id)


def test_queue_is_shown_while_the_quota_is_used_up(open_page: Open, hub: Hub, queued: Job) -> None:
    hub.watcher.send_soon()  # which finds no room
    app = open_page("operations")
    assert any("Queue: 1 operation, 3 pictures" in text.value for text in app.markdown)
    queue = next(frame.value for frame in app.dataframe if "position" in frame.value.columns)
    assert queue.drop(columns="waits because").to_dict("records") == [
        {"position": 1, "job": HOSTILE, "pictures": 3}
    ]
    (why,) = queue["waits because"]
    assert why == "8,000 of 8,000 pictures are in processing; it goes when 3 more are done."
    assert not any(MARKUP.search(text.value) for text in [*app.markdown, *app.caption])
    assert hub.jobs.get(queued.id).operations[0].state == "PLANNED"
    hub.jobs.cancel(queued.id)
    app = open_page("operations")
    assert not any("Queue:" in text.value for text in app.markdown)
