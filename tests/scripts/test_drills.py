"""One quick drill of a kind, on small jobs; ``make drill`` does a hundred large ones."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest

from core.errors import ContactSheetError
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.marks import Marks
from scripts.drill.check import Outcome
from scripts.drill.drill import Drill
from scripts.drill.kinds import KINDS
from scripts.drill.marker import compare
from scripts.drill.rig import DrillFailed, Rig
from scripts.drill.run import Result, one, plan, run, started, table, told_at_the_end
from tests.kit.services import postgres

pytestmark = pytest.mark.slow

PICTURES = 40
QUICK = (
    "kill worker",
    "kill storage",
    "full disk: journal",
    "clock: dashboard",
    "shard half written",
    "shard overwritten",
    "network reset",
    "restored ledger",
    "suspended sender",
    "poisoned row",
    "damaged journal",
    "moved home",
    "pipe in folder",
    "memory",
    "pages: kill engine",
    "pages cut: kill dashboard",
    "pages: shard overwritten",
    "descriptors",
    "kill ledger upgrade",
    "kill export",
    "kill cache writing",
    "kill marks",
    "two dashboards",
    "PostgreSQL restarted",
    "RESOURCE_EXHAUSTED, accepted",
    "INTERNAL, refused",
)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.startswith("pages") and "kill" in kind]
)
def test_drills_of_pages_wait_for_no_upload(kind: str) -> None:
    """A file of 500 pages is one object: "at 105 uploaded" never comes."""
    uploaded = Mock(return_value=1)
    rig = Mock(uploaded=uploaded, annotated=Mock(return_value=["page"] * PICTURES))
    rig.engine_says = Mock(return_value="0")
    for seed in range(8):
        drill = Drill(rig, Mock(), PICTURES, random.Random(seed))
        drill.hold = Mock()  # type: ignore[method-assign]  # no test waits
        KINDS[kind].act(drill)
    assert not uploaded.called


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with started(Rig(tmp_path_factory.mktemp("drill") / "rig")) as rig:
        yield rig


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    if not postgres.installed():
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    folder = tmp_path_factory.mktemp("drill") / "postgres"
    with postgres.running() as server, started(Rig(folder, server)) as rig:
        yield rig


@pytest.mark.parametrize("kind", QUICK)
def test_nothing_is_lost_and_nothing_done_twice(
    rig: Rig, kind: str, request: pytest.FixtureRequest
) -> None:
    if KINDS[kind].needs_disks and not rig.disk.mounted:
        pytest.skip("needs root to mount a small disk")
    if KINDS[kind].on == "postgres":
        rig = request.getfixturevalue("on_postgres")
    outcome, details = one(rig, kind, random.Random(kind), PICTURES)
    assert (outcome.lost, outcome.repeated, outcome.faults) == (0, 0, []), details


def test_a_drill_notices_a_lost_shard(rig: Rig) -> None:
    from scripts.drill.check import check, recovered

    job, colours = rig.new_job(PICTURES)
    job = recovered(rig, job)
    (shard, _) = rig.shards(job)
    rig.hub.connection().buckets.delete(job.prefix + shard)
    outcome = Outcome()
    check(rig, job, colours, 0, outcome)
    assert outcome.lost == PICTURES // 2
    assert not outcome.good


def test_a_drill_notices_a_wrong_and_a_repeated_answer(rig: Rig) -> None:
    from scripts.drill.check import check, recovered

    job, colours = rig.new_job(PICTURES)
    job = recovered(rig, job)
    outcome = Outcome()
    check(rig, job, colours[::-1], 0, outcome)
    assert outcome.faults == [f"{PICTURES} pictures with another one's answer"]
    with rig.notes.open("a") as notes:
        notes.write(rig.annotated(job)[0] + "\n")
    check(rig, job, colours, 0, again := Outcome())
    assert (again.again, again.good) == (1, False)


def test_every_kind_has_its_share() -> None:
    order = plan(100, [*KINDS], random.Random(1))
    assert len(order) == 100
    assert set(order) == set(KINDS)
    assert plan(3, ["kill worker"], random.Random(1)) == ["kill worker"] * 3


def test_the_table_adds_up() -> None:
    rows = [("kill worker", Outcome(500, lost=2)), ("kill engine", Outcome(500, again=3))]
    last = table(rows).splitlines()[-1].split()
    assert last[:5] == ["all", "2", "1000", "2", "0"]


def test_the_table_and_the_reason_are_printed_however_a_run_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    results = [("kill worker", Outcome(40))]
    with pytest.raises(ZeroDivisionError), told_at_the_end(results, 3):
        raise ZeroDivisionError("of the drill's own")
    said = capsys.readouterr().out
    assert "ended by ZeroDivisionError: of the drill's own after 1 of 3 drills" in said
    assert "all                               1" in said
    with told_at_the_end(results, 3):
        signal.raise_signal(signal.SIGTERM)
    said = capsys.readouterr().out
    assert "ended by SIGTERM after 1 of 3 drills" in said and "kill worker" in said


def test_a_drill_that_breaks_off_is_told_and_the_next_has_another_rig(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rigs: list[object] = []

    @contextmanager
    def started(_: object) -> Iterator[object]:
        rigs.append(object())
        yield rigs[-1]

    def once(rig: object, *_: object) -> tuple[Outcome, str]:
        if rig is rigs[0]:
            raise RuntimeError("its dashboard is gone")
        return Outcome(40), ""

    monkeypatch.setattr("scripts.drill.run.Rig", lambda *_: None)
    monkeypatch.setattr("scripts.drill.run.started", started)
    monkeypatch.setattr("scripts.drill.run.one", once)
    results: list[Result] = []
    run(tmp_path, 2, ["kill worker"], 1, 40, results)
    assert [outcome.good for _, outcome in results] == [False, True]
    assert results[0][1].faults == ["broken off by RuntimeError: its dashboard is gone"]
    assert len(rigs) == 2


def test_a_drill_notices_a_lost_mark(tmp_path: Path) -> None:
    marks = Marks(Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}", tmp_path))
    action = {"kind": "many", "first": 0, "last": 9, "value": "keep"}
    back = {"kind": "back", "first": 0, "last": 1, "value": ""}
    compare(marks, "job", [])
    compare(marks, "job", [action])  # killed: it may not have been done
    with pytest.raises(DrillFailed, match="9 marks of 0"):
        compare(marks, "job", [action, "done"])
    marks.mark("job", [f"content {n}" for n in range(9)], "keep")
    for lines in ([action], [action, "done"], [action, "done", back]):
        compare(marks, "job", lines)
    with pytest.raises(DrillFailed, match="9 marks of 9"):
        compare(marks, "job", [action, "done", back, "done"])


def test_nobody_elses_process_is_killed(rig: Rig) -> None:
    with pytest.raises(DrillFailed, match="is not ours"):
        rig.kill(1)


def test_a_fault_of_the_ledger_is_asked_past(rig: Rig) -> None:
    job, _ = rig.new_job(1)
    faults: list[ContactSheetError] = [ContactSheetError("away"), ContactSheetError("away")]

    def ask() -> object:
        if faults:
            raise faults.pop()
        return job

    assert rig.patiently(ask) is job  # type: ignore[arg-type]
