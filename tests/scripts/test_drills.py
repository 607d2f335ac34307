"""One quick drill of a kind, on small jobs; ``make drill`` does a hundred large ones."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from core.errors import ContactSheetError
from scripts.drill.check import Outcome
from scripts.drill.kinds import KINDS
from scripts.drill.rig import Rig
from scripts.drill.run import one, plan, started, table
from tests.kit import postgres

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
    "descriptors",
    "kill ledger upgrade",
    "kill export",
    "kill cache writing",
    "two dashboards",
    "PostgreSQL restarted",
    "RESOURCE_EXHAUSTED, accepted",
    "INTERNAL, refused",
)


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
    outcome, told = one(rig, kind, random.Random(kind), PICTURES)
    assert (outcome.lost, outcome.repeated, outcome.faults) == (0, 0, []), told


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


def test_nobody_elses_process_is_killed(rig: Rig) -> None:
    from scripts.drill.rig import DrillFailed

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
