"""Filters of ListOperations, tried on a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.engine.operations.operation_filters import condition
from core.engine.operations.store import OperationStore
from core.engine.refusals import Refused

T0 = 1_767_225_600.0  # 2026-01-01T00:00:00Z
DAY = 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OperationStore]:
    """One operation of each state, made on the days from January 1st."""
    now = [T0]
    store = OperationStore(tmp_path / "operations.sqlite3", clock=lambda: now[0])
    names = []
    for number in range(4):
        now[0] = T0 + number * DAY
        uri = f'gs://b/{number} "x"/'
        names.append(store.create(b"", uri, 20, 1, "projects/p").name)
    store.start(names[1])
    store.finish(names[2])
    store.finish(names[3], 1, "cancelled")
    yield store
    store.close()


CREATED, RUNNING, DONE, CANCELLED = range(4)
ALL = [CREATED, RUNNING, DONE, CANCELLED]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ALL),
        ("   ", ALL),
        ("done", [DONE, CANCELLED]),
        ("done=true", [DONE, CANCELLED]),
        ("done = true", [DONE, CANCELLED]),
        ("done:true", [DONE, CANCELLED]),
        ('done="true"', [DONE, CANCELLED]),
        ("done != true", [CREATED, RUNNING]),
        ("NOT done", [CREATED, RUNNING]),
        ("-done", [CREATED, RUNNING]),
        ("NOT done=false", [DONE, CANCELLED]),
        ("metadata.state=RUNNING", [RUNNING]),
        ('metadata.state = "RUNNING"', [RUNNING]),
        ("metadata.state:DONE", [DONE]),
        ("metadata.state=4", [CANCELLED]),
        ("metadata.state!=RUNNING", [CREATED, DONE, CANCELLED]),
        ("metadata.state=RUNNING OR metadata.state=CREATED", [CREATED, RUNNING]),
        ("done=true AND metadata.state=DONE", [DONE]),
        ("done=true metadata.state=CANCELLED", [CANCELLED]),
        ("done AND metadata.state=RUNNING OR metadata.state=DONE", [DONE]),  # OR binds closer
        ("(done AND metadata.state=DONE) OR metadata.state=CREATED", [CREATED, DONE]),
        ("NOT (metadata.state=DONE OR metadata.state=CREATED)", [RUNNING, CANCELLED]),
        ('metadata.createTime >= "2026-01-03T00:00:00Z"', [DONE, CANCELLED]),
        ("metadata.create_time<2026-01-02T00:00:00Z", [CREATED]),
        ('metadata.updateTime > "2026-01-03T12:00:00+00:00"', ALL[1:]),  # started, ended on the 4th
        (r'output_uri="gs://b/2 \"x\"/"', [DONE]),
        ("""output_uri='gs://b/0 "x"/'""", [CREATED]),
    ],
)
def test_filters(store: OperationStore, text: str, expected: list[int]) -> None:
    assert [record.number - 1 for record in store.find("", condition(text))] == expected


@pytest.mark.parametrize(
    "text",
    [
        *("nonsense", "done=maybe", "done>true", "name:*", "state=RUNNING", "done=true AND"),
        *("AND done", "(done", "done)", "NOT", "=", "done=", '"', 'output_uri="x', "done OR"),
        *("metadata.state=BUSY", "metadata.createTime>yesterday", "metadata.state>1"),
        *("1=1; DROP TABLE operations", "done' OR '1'='1", "(" * 5000, "done " * 5000),
    ],
)
def test_filters_that_cannot_be_read(store: OperationStore, text: str) -> None:
    with pytest.raises(Refused, match="Invalid filter") as caught:
        condition(text)
    assert len(caught.value.message) < 400
    assert caught.value.violations[0][0] == "filter"
    assert len(store.find()) == 4


def test_values_are_never_sql(store: OperationStore) -> None:
    assert store.find("", condition("""output_uri="x' OR '1'='1" """)) == []
