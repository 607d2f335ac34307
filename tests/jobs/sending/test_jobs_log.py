"""What an operator reads of a job: each moment once, with its ids, and no text loose."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from core.jobs.batch.features import PICTURES_IN_PROCESSING
from core.jobs.batch.request import BatchRequest
from core.jobs.billing.prices import PRICES
from core.jobs.ledger.records import OperationState
from core.jobs.sending.send_job import QUOTA_PAUSE
from core.logs import LineFormatter
from tests.kit.services.jobs_rig import REQUEST, Rig

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The log since the last call, as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter(as_json=True))
    logger = logging.getLogger("core.jobs")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)

    def take() -> list[dict[str, Any]]:
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        return [json.loads(line) for line in text.splitlines()]

    yield take
    logger.removeHandler(handler)
    logger.setLevel(before)


def messages(records: list[dict[str, Any]]) -> list[str]:
    return [line["message"] for line in records]


def test_a_jobs_life(rig: Rig, lines: Lines) -> None:
    job = rig.jobs.create("draft", rig.files(3), REQUEST, title="a\nb [x](y)", source="s")
    rig.jobs.create("draft", rig.files(3), REQUEST)
    rig.jobs.send(job.id)
    rig.jobs.poll()
    records = lines()
    assert messages(records) == ["submitted", "uploaded", "is sent", "accepted"]
    assert {line["job"] for line in records} == {job.id}
    assert records[0]["pictures"] == 3 and records[0]["operations"] == 1
    (operation,) = rig.jobs.get(job.id).operations
    assert "operation" not in records[2] and records[2]["part"] == "1.1"
    assert records[3]["operation"] == operation.name

    rig.service.accepted[0].state = "DONE"
    rig.clock.forward(7)
    rig.jobs.poll()
    rig.jobs.poll()
    (ended,) = lines()
    assert (ended["message"], ended["state"], ended["level"]) == ("ended", "SUCCEEDED", "INFO")
    assert (ended["operation"], ended["seconds"]) == (operation.name, 7.0)

    rig.jobs.retry_failed(rig.jobs.get(job.id), rig.jobs.uris(operation.id)[:1])
    rig.jobs.cancel(job.id)
    rig.jobs.share(job.id, True)
    rig.jobs.forget(job.id)
    records = lines()
    assert messages(records) == ["retried", "cancelling was asked for", "shared", "forgotten"]
    assert (records[0]["attempt"], records[0]["pictures"]) == (2, 1)


def test_cancelling_what_runs(rig: Rig, lines: Lines) -> None:
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(2), REQUEST).id)
    lines()
    rig.jobs.cancel(job.id)
    assert messages(lines()) == [
        "cancelling was asked for",
        "the service was asked to cancel: sent",
    ]


def test_a_fault_is_reported_once_and_so_is_its_end(rig: Rig, lines: Lines) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(2), REQUEST)
    rig.service.refuse = (grpc.StatusCode.RESOURCE_EXHAUSTED, "no")
    for _ in range(3):
        rig.jobs.send(job.id)
        rig.clock.forward(QUOTA_PAUSE.total_seconds() + 1)
    records = lines()
    assert messages(records)[:2] == ["submitted", "is sent"]
    refused, stops = records[2:]
    assert refused["message"].startswith("was not accepted: ") and refused["part"] == "1.1"
    assert stops["message"].startswith("sending stops: ") and stops["again"]
    assert (stops["fault_kind"], stops["level"]) == ("QuotaExceeded", "WARNING")

    rig.service.refuse = None
    rig.jobs.send(job.id)
    assert messages(lines()) == ["accepted", "sending goes on"]


def test_a_refusal_and_what_the_service_says_stay_on_their_line(rig: Rig, lines: Lines) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(2), REQUEST)
    rig.service.refuse = (grpc.StatusCode.INVALID_ARGUMENT, "a\nlevel=ERROR job=forged")
    rig.jobs.send(job.id)
    records = lines()
    assert records[-1]["message"].startswith("refused: ") and records[-1]["level"] == "ERROR"
    (operation,) = rig.jobs.get(job.id).operations
    assert operation.state is OperationState.FAILED


def test_waiting_for_room_is_reported_once(rig: Rig, lines: Lines) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(PICTURES_IN_PROCESSING + 1), REQUEST)
    for _ in range(3):
        rig.jobs.send(job.id)
    (waits,) = [line for line in lines() if "room" in line["message"]]
    assert (waits["job"], waits["part"]) == (job.id, "1.5")


def test_the_budget_stops_it(rig: Rig, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rig.jobs._admission, "prices", lambda: PRICES)
    request = BatchRequest(("LABEL_DETECTION",))
    job = rig.jobs.create(rig.draft(), rig.refs(2_000), request)
    rig.jobs.accounts.set_budget(0)
    rig.jobs.send(job.id)
    records = lines()
    assert messages(records)[1] == "the budget was set" and records[1]["usd"] == 0
    assert records[-1]["fault_kind"] == "BudgetExceeded" and records[-1]["job"] == job.id


def test_a_lost_answer_is_reported_and_what_the_user_decides(rig: Rig, lines: Lines) -> None:
    rig.service.lists = False
    job = rig.jobs.create(rig.draft(), rig.refs(2), REQUEST)
    rig.service.refuse = (grpc.StatusCode.UNAVAILABLE, "gone")
    rig.jobs.send(job.id)
    for _ in range(3):
        rig.jobs.poll()
    (doubt,) = [line for line in lines() if "unconfirmed" in line["message"]]
    assert (doubt["job"], doubt["level"]) == (job.id, "WARNING")
    (operation,) = rig.jobs.get(job.id).operations
    rig.jobs.unconfirmed.give_up(operation.id)
    assert messages(lines()) == ["the user decided: CANCELLED"]
