"""What other programs share with the dashboard: the ledger, the cache, descriptors, PostgreSQL.

A ``Drill`` is as in ``kinds``.
"""

from __future__ import annotations

import resource
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from core.jobs.ledger.schema import VERSION
from scripts.drill.drill import Drill
from scripts.drill.rig import START_S, DrillFailed, until
from scripts.drill.states import SENT

READER = "scripts.drill.reader"
OLD = 4  # version of the ledger before paths were kept by their place in the home
# Columns that came after it, and hold nothing but their defaults while a job runs as it should.
_LATER = (("operations", "also"), ("operations", "file_type"), ("operations", "owed_until"))


def run_two_dashboards(drill: Drill) -> None:
    """A second dashboard on the same ledger; one of them is killed."""
    drill.at_random(0.0, SENT)
    rig = drill.rig
    other = rig.start_second()
    try:
        drill.at_random(SENT * 0.9)
        if drill.chance.random() < 0.5:
            drill.details.append("the first is killed")
            rig.kill_dashboard()
            drill.hold(1, 4)
            rig.start_dashboard()
        else:
            drill.details.append("the second is killed")
            drill.hold(0, 2)
    finally:
        other.kill()
        other.wait()


def use_up_descriptors(drill: Drill) -> None:
    """A process may open no more files than it has open, for some seconds."""
    drill.at_random()
    rig = drill.rig
    processes: dict[str, Callable[[], int]] = {
        "dashboard": lambda: rig.dashboard_pid,
        "engine": rig.engine_pid,
        "storage": rig.emulator_pid,
    }
    name = drill.chance.choice([*processes])
    pid = processes[name]()
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    most = len([*Path(f"/proc/{pid}/fd").iterdir()]) + drill.chance.randint(0, 3)
    drill.details.append(f"{name}: {most}")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, before[1]))
    drill.hold(2, 5)
    with suppress(ProcessLookupError):  # it may end for that, and is started again
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def kill_upgrade(drill: Drill) -> None:
    """The ledger is of an earlier version; the dashboard that brings it up to date is killed."""
    drill.at_random(0.0, 0.9)
    rig = drill.rig
    rig.kill_dashboard()
    ledger = rig.home / "ledger.sqlite3"
    _make_older(ledger)
    for _ in range(drill.chance.randint(1, 3)):
        before = _written(ledger)
        rig.start_dashboard()
        if drill.chance.random() < 0.5:
            _wait_for_writing(ledger, before)
            time.sleep(drill.chance.uniform(0, 0.02))
        else:
            time.sleep(drill.chance.uniform(0.3, 3))
        rig.kill_dashboard()
    drill.details.append(f"of version {_version(ledger)} when killed")
    rig.start_dashboard()
    until(lambda: _version(ledger) == VERSION, "the ledger is brought up to date", START_S)


def _make_older(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger, timeout=20)) as db, db:
        for table, column in _LATER:
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("DROP TABLE IF EXISTS views")
        db.execute("UPDATE contact_sheet SET version = ?", (OLD,))


def _wait_for_writing(ledger: Path, before: tuple[int, int]) -> None:
    """Until the very moment at which something is written."""
    until(lambda: _written(ledger) != before, "the ledger is written", START_S)


def _version(ledger: Path) -> int:
    with closing(sqlite3.connect(ledger, timeout=20)) as db:
        (version,) = db.execute("SELECT max(version) FROM contact_sheet").fetchone()
    return int(version)


def _written(ledger: Path) -> tuple[int, int]:
    stamps = []
    for path in (ledger, ledger.with_name(ledger.name + "-wal")):
        with suppress(OSError):
            stat = path.stat()
            stamps += [stat.st_mtime_ns, stat.st_size]
    return hash(tuple(stamps)), len(stamps)


def kill_reader(what: str, drill: Drill) -> None:
    """A process that writes the results cache, or an export, is killed at it, several times."""
    rig = drill.rig
    until(lambda: bool(rig.shards(drill.job)), "a shard", START_S)
    begun = rig.folder / f"{what}.begun"

    def once() -> None:
        reader = rig.start_module([READER, what, drill.job.prefix])
        try:
            until(lambda: begun.exists() or reader.poll() is not None, "it reads", START_S)
            if reader.poll() is not None:
                raise DrillFailed(f"the reader has ended by itself, with {reader.returncode}")
            time.sleep(drill.chance.uniform(0, 0.4))
        finally:
            reader.kill()
            reader.wait()
            begun.unlink(missing_ok=True)

    for _ in range(drill.chance.randint(2, 4)):
        once()
    drill.details.append(f"{what} killed in mid-writing")


def restart_postgres(drill: Drill) -> None:
    """The server of the ledger stops in order, or crashes, and comes back."""
    rig = drill.rig
    assert rig.postgres is not None
    drill.at_random()
    crash = drill.chance.random() < 0.5
    drill.details.append("a crash" if crash else "a stop")
    rig.postgres.stop(signal.SIGQUIT if crash else signal.SIGINT)
    drill.hold(0, 5)
    rig.postgres.start()
