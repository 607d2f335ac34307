"""A ledger that several processes share, in SQLite and on a real PostgreSQL server."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa

from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import OperationState
from core.jobs.ledger.schema import VERSION, jobs, meta, tables
from core.jobs.sending.planning import new_operations
from tests.kit.services.jobs_rig import REQUEST
from tests.kit.services.ledger import NOW, add

pytestmark = pytest.mark.both_ledgers

PROCESSES = 4


def claim_all(url: str, name: str, operations: int, start: Barrier, results: Any) -> None:
    """One of several senders that want the same operations at once."""
    ledger = Ledger(url)
    start.wait(60)
    mine = [n for n in range(1, operations + 1) if ledger.claim(n, name, NOW) is not None]
    ledger.close()
    results.put((name, mine))


@pytest.mark.slow
def test_processes_that_claim_at_once_get_each_operation_once(
    ledger_url: str, ledger_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Page tests leave the app there, and a new process would run it first.
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    ledger = Ledger(ledger_url)
    for number in range(12):
        add(ledger, f"j{number}", f"d{number}")
        ledger.mark_uploaded(f"j{number}", [(n, f"gs://b/{n}") for n in (1, 2, 3)])
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(PROCESSES), context.Queue()
    senders = [
        context.Process(target=claim_all, args=(ledger_url, f"s{n}", 12, start, results))
        for n in range(PROCESSES)
    ]
    for sender in senders:
        sender.start()
    claimed = dict(results.get(timeout=200) for _ in senders)
    for sender in senders:
        sender.join(10)
    assert sorted(n for mine in claimed.values() for n in mine) == list(range(1, 13))
    for name, mine in claimed.items():
        for number in mine:
            stored = ledger.operation(number)
            assert stored is not None
            assert (stored.state, stored.sender) == (OperationState.SENDING, name)
    ledger.close()


def test_processes_may_make_it_at_once(ledger_url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        ledgers = list(pool.map(lambda _: Ledger(ledger_url), range(8)))
    for ledger in ledgers:
        assert ledger.jobs() == []
        ledger.close()


def test_a_job_is_read_as_it_was_at_one_moment(ledger_url: str) -> None:
    """Between its row and its operations another process plans a retry."""
    ledger, other = Ledger(ledger_url), Ledger(ledger_url)
    add(ledger)
    retry = new_operations(REQUEST, "gs://b/j/", 2, [1])
    planned: list[bool] = []

    def meanwhile(_db: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT") and not planned:
            planned.append(True)
            with ThreadPoolExecutor(1) as pool:  # SQLite's writers wait for no reader
                planned[0] = pool.submit(other.add_attempt, "j", 1, retry).result(30)

    sa.event.listen(ledger._engine, "after_cursor_execute", meanwhile)
    job = ledger.job("j")
    assert job is not None and planned == [True]
    assert (job.attempt, [o.attempt for o in job.operations]) == (1, [1])
    later = ledger.job("j")
    assert later is not None
    assert (later.attempt, [o.attempt for o in later.operations]) == (2, [1, 2])
    ledger.close()
    other.close()


def test_older_ledger_gets_what_it_lacks(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    add(ledger)
    ledger.close()
    engine = sa.create_engine(ledger_url)
    with engine.begin() as db:
        for column in ("work", "reused", "saved_usd"):
            db.exec_driver_sql(f"ALTER TABLE jobs DROP COLUMN {column}")
        db.execute(sa.update(meta).values(version=1))
    ledger = Ledger(ledger_url)
    assert [job.id for job in ledger.jobs()] == ["j"]
    assert add(ledger, "k", "e")
    ledger.close()
    with engine.begin() as db:
        assert db.execute(sa.select(meta.c.version)).scalars().all() == [VERSION]
        there = sa.inspect(db)
        for table in tables.sorted_tables:
            columns = {column["name"] for column in there.get_columns(table.name)}
            assert columns == {column.name for column in table.columns}
        assert db.execute(sa.select(jobs.c.reused)).scalars().all() == [0, 0]
    engine.dispose()


def test_text_that_is_not_plain_comes_back_as_it_was(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    add(ledger)
    for title in ("Grüße 🌍 '; DROP TABLE jobs; --", "%s %(x)s :y \\", "\u202eabc"):
        ledger.set_job("j", title=title)
        assert [job.title for job in ledger.jobs()] == [title]
    ledger.set_job("j", title="a\0b\ud800")  # which PostgreSQL, and every database, would refuse
    assert [job.title for job in ledger.jobs()] == ["a\ufffdb\ufffd"]
    ledger.close()


def test_it_really_is_the_database_asked_for(ledger_url: str, ledger_kind: str) -> None:
    Ledger(ledger_url).close()
    engine = sa.create_engine(ledger_url)
    assert engine.dialect.name == ledger_kind
    with engine.connect() as db:
        assert set(tables.tables) <= set(sa.inspect(db).get_table_names())
    engine.dispose()
