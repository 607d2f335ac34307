"""A record that cannot be read is its own fault: shown, forgettable, and in nobody's way."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.errors import BudgetExceeded, LedgerError, RequestError
from core.jobs.ledger import schema
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job, JobState, OperationState
from core.jobs.ledger.saved_views import Views
from tests.kit.services.jobs_rig import REQUEST, Rig


@dataclass(frozen=True)
class Damage:
    """A value that no record of ours has; PostgreSQL's columns take only some of them."""

    table: str
    column: str
    value: Any
    anywhere: bool = False


DAMAGES = [
    Damage("operations", "state", "RUNNINF", anywhere=True),
    Damage("operations", "state", "", anywhere=True),
    Damage("operations", "cancel", "5", anywhere=True),
    Damage("operations", "sent_at", 1e300, anywhere=True),
    Damage("operations", "sent_at", math.inf, anywhere=True),
    Damage("operations", "sending_at", -1e17, anywhere=True),
    Damage("operations", "pictures", -3, anywhere=True),
    Damage("operations", "sent_at", "yesterday"),
    Damage("operations", "pictures", "many"),
    Damage("operations", "pictures", 2.5),
    Damage("operations", "pictures", b"\xff\xfe"),
    Damage("operations", "batch_size", "x"),
    Damage("operations", "name", b"\xff"),
    Damage("operations", "attempt", "first"),
    Damage("operations", "errors", 2**62),
    Damage("jobs", "request", '{"features": ["LABEL_DETECT', anywhere=True),
    Damage("jobs", "request", '{"features": ["NO_SUCH_THING"]}', anywhere=True),
    Damage("jobs", "request", "[]", anywhere=True),
    Damage("jobs", "request", "null", anywhere=True),
    Damage("jobs", "request", "[" * 100_000, anywhere=True),
    Damage("jobs", "created_at", -1e300, anywhere=True),
    Damage("jobs", "retry_at", 1e300, anywhere=True),
    Damage("jobs", "created_at", "x"),
    Damage("jobs", "title", b"\xff\xfe"),
    Damage("jobs", "uploads", "some"),
    Damage("jobs", "saved_usd", "free"),
    Damage("jobs", "attempt", -1, anywhere=True),
]


def damage(rig: Rig, job: Job, how: Damage) -> None:
    key = "job_id" if how.table == "operations" else "id"
    if not how.anywhere and not rig.ledger_url.startswith("sqlite"):
        pytest.skip("PostgreSQL's columns take no such value")
    if rig.ledger_url.startswith("sqlite"):
        with sqlite3.connect(rig.ledger_url.removeprefix("sqlite:///"), timeout=20) as db:
            db.execute(
                f"UPDATE {how.table} SET {how.column} = ? WHERE {key} = ?", (how.value, job.id)
            )
        return
    table = schema.tables.tables[how.table]
    with rig.jobs.ledger.writing() as other:
        other.execute(
            sa.update(table).where(table.c[key] == job.id).values({how.column: how.value})
        )


@pytest.mark.both_ledgers
@pytest.mark.parametrize("how", DAMAGES, ids=lambda d: f"{d.table}.{d.column}={str(d.value)[:16]}")
@pytest.mark.parametrize("sent", [True, False], ids=["sent", "planned"])
@pytest.mark.slow
def test_other_jobs_are_shown_and_sent(rig: Rig, how: Damage, sent: bool) -> None:
    fine = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(2), REQUEST).id)
    bad = rig.jobs.create(rig.draft(), rig.refs(3), REQUEST, title="Hers")
    if sent:
        rig.jobs.send(bad.id)
    damage(rig, bad, how)
    rig.restarted()
    shown = {job.id: job for job in rig.jobs.list()}
    assert shown[fine.id].state is JobState.RUNNING
    assert shown[bad.id].state is JobState.UNREADABLE
    assert f"{how.table}.{how.column}" in shown[bad.id].unreadable
    assert (shown[bad.id].prefix, shown[bad.id].id) == (bad.prefix, bad.id)
    rig.jobs.poll()
    rig.jobs.accounts.queue()
    assert rig.jobs.pending() == []
    new = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(4), REQUEST).id)
    assert new.state is JobState.RUNNING
    rig.service.finish()
    rig.jobs.poll()
    assert rig.jobs.get(new.id).state is JobState.SUCCEEDED
    with pytest.raises(RequestError, match="cannot be retried"):
        rig.jobs.retry_failed(rig.jobs.get(bad.id), [])
    assert rig.jobs.send(bad.id).state is JobState.UNREADABLE
    rig.jobs.forget(bad.id)
    assert bad.id not in {job.id for job in rig.jobs.list()}


@pytest.mark.both_ledgers
def test_name_of_what_runs_is_reported(rig: Rig) -> None:
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(3), REQUEST).id)
    damage(rig, job, DAMAGES[0])
    assert job.operations[0].name in rig.jobs.get(job.id).unreadable
    with pytest.raises(LedgerError, match=r"operations\.state of part 1\.1 is 'RUNNINF'"):
        rig.jobs.ledger.operation(job.operations[0].id)


@pytest.mark.both_ledgers
def test_damaged_job_is_as_private_as_before(rig: Rig) -> None:
    ada, bob = Visitor("ada", "Ada"), Visitor("bob", "Bob")
    jobs = {v: rig.jobs.seen_by(v) for v in (ada, bob)}
    job = jobs[ada].create(rig.draft(), rig.refs(1), REQUEST)
    damage(rig, job, DAMAGES[0])
    assert [j.id for j in jobs[ada].list()] == [job.id] and jobs[bob].list() == []
    with pytest.raises(RequestError, match="no such job"):
        jobs[bob].forget(job.id)
    jobs[ada].forget(job.id)
    assert jobs[ada].list() == []


@pytest.mark.both_ledgers
def test_nothing_waits_behind_what_is_never_sent(rig: Rig) -> None:
    from core.jobs.batch.features import PICTURES_IN_PROCESSING

    rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(1), REQUEST).id)
    for _ in range(PICTURES_IN_PROCESSING // 2_000):
        damage(
            rig, rig.jobs.create(rig.draft(), rig.refs(2_000), REQUEST, resend=True), DAMAGES[15]
        )
    job = rig.jobs.create(rig.draft(), rig.refs(2), REQUEST)
    assert rig.jobs.send(job.id).state is JobState.RUNNING


@pytest.mark.both_ledgers
def test_uploads_of_a_damaged_job_are_not_swept(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), rig.files(1), REQUEST)
    damage(rig, job, DAMAGES[0])
    assert job.draft_id in rig.jobs.ledger.unsent_drafts()


@pytest.mark.both_ledgers
@pytest.mark.parametrize("value", ["plenty", "nan", "-1", "inf", ""])
def test_budget_that_cannot_be_read_is_reported_and_set_again(rig: Rig, value: str) -> None:
    with rig.jobs.ledger.writing() as db:
        db.execute(sa.insert(schema.settings).values(name="budget_usd", value=value))
    assert rig.jobs.accounts.budget().unreadable == repr(value)
    job = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST)  # costs nothing here
    assert rig.jobs.send(job.id).state is JobState.RUNNING
    charged = replace(rig.jobs._admission.prices(), charged=True)
    rig.jobs._admission.prices = lambda: charged
    with pytest.raises(BudgetExceeded, match="cannot be read"):
        rig.jobs.create(rig.draft(), rig.refs(2), REQUEST)
    rig.jobs.accounts.set_budget(5.0)
    assert rig.jobs.accounts.budget().unreadable == ""
    rig.jobs.create(rig.draft(), rig.refs(2), REQUEST)


def sqlite_ledger(rig: Rig) -> sqlite3.Connection:
    return sqlite3.connect(rig.ledger_url.removeprefix("sqlite:///"), timeout=20)


OTHERS: dict[str, str] = {
    "units": "UPDATE spending SET units = 'many', billable = x'ff'",
    "unknown feature": "UPDATE spending SET feature = 'NO_SUCH_THING' WHERE feature LIKE 'CROP%'",
    "view": "INSERT INTO views (owner, name, page, query) VALUES ('', x'ff', 'explore', x'fe')",
    "text that is none": "UPDATE views SET name = CAST(x'ff' AS TEXT), query = CAST(x'fe' AS TEXT)",
    "picture": "UPDATE pictures SET path = x'00ff', name = 7, content = 8 WHERE path != ''",
    "answer": "UPDATE shards SET seen_at = 'yesterday', generation = 'x'",
}


@pytest.mark.parametrize("what", OTHERS)
def test_other_tables_stop_nobody(rig: Rig, what: str) -> None:
    """SQLite alone takes such values."""
    from core.jobs.reuse.answers import SeenShard

    done = rig.jobs.send(
        rig.jobs.create(rig.draft(), [f.identified() for f in rig.files(2)], REQUEST).id
    )
    shard = SeenShard(f"{done.operations[0].prefix}output-1-to-2.json", 1, 1, 2)
    rig.jobs.record_answers(done.operations[0].id, [shard])
    waiting = rig.jobs.create(rig.draft(), rig.files(4)[2:], REQUEST)
    views = Views(rig.jobs.ledger)
    views.save("Mine", "explore", {"job": "x"})
    with sqlite_ledger(rig) as db:
        assert db.execute(OTHERS[what]).rowcount
    rig.restarted()
    assert {job.id for job in rig.jobs.list()} == {done.id, waiting.id}
    rig.jobs.accounts.month()
    rig.jobs.accounts.units([done.id, waiting.id])
    assert Views(rig.jobs.ledger).list()
    again = rig.jobs.create(rig.draft(), [f.identified() for f in rig.files(2)], REQUEST)
    sent = rig.jobs.send(again.id)
    assert all(o.state is OperationState.RUNNING for o in sent.operations)
    waiting = rig.jobs.send(waiting.id)
    assert waiting.uploaded + waiting.lost == 2
    if what == "picture":
        assert waiting.lost == 2 and all(
            "cannot be read" in why for _, why in rig.jobs.lost(waiting.id)
        )


@pytest.mark.parametrize("version", ["'x'", "x'ff'", "2.5"])
def test_version_that_is_no_number_is_said(tmp_path: Path, version: str) -> None:
    path = tmp_path / "ledger.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE contact_sheet (version)")
        db.execute(f"INSERT INTO contact_sheet VALUES ({version})")
    with pytest.raises(LedgerError, match="version"):
        Ledger(f"sqlite:///{path}")


@pytest.mark.parametrize("table", [schema.jobs, schema.operations], ids=str)
def test_every_column_is_of_a_kind_that_is_checked(table: sa.Table) -> None:
    kinds = (sa.Boolean, sa.Integer, sa.Double, schema._String)
    assert [column.name for column in table.columns if not isinstance(column.type, kinds)] == []
