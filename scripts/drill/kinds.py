"""The kinds of drills: what is broken, and what a user would do about it, if anything."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import grpc

from core.errors import ContactSheetError
from core.jobs.batch.sources import Picture
from scripts.drill import google, inputs, sharing
from scripts.drill.dashboard import BUSY_S, SUBMIT_S
from scripts.drill.drill import MOMENT_S, UPLOADING, Drill
from scripts.drill.marker import kill_marker
from scripts.drill.rig import START_S, Rig, until
from scripts.drill.service import SUBMIT, InjectedFault
from scripts.drill.states import damage_journal, poison_row, restore_ledger, suspend_sender

JUMPS_S = (90.0, 3_600.0, 86_400.0, 34_560_000.0)


Act = Callable[[Drill], None]


def kill_dashboard(drill: Drill, earliest: float = 0.0) -> None:
    """kill -9 of the dashboard; a new one is started after a while."""
    drill.at_random(earliest)
    _exchange_dashboard(drill)


def _exchange_dashboard(drill: Drill) -> None:
    drill.rig.kill_dashboard()
    drill.hold(0, 2)
    drill.rig.start_dashboard()


def kill_streamlit(drill: Drill) -> None:
    """kill -9 of the dashboard with its web server, as ``make run`` starts it."""
    drill.rig.kill_dashboard()
    drill.web = True
    drill.rig.start_dashboard(web=True)
    drill.at_random()
    drill.rig.kill_dashboard()
    drill.rig.start_dashboard(web=True)


def kill_engine(drill: Drill, earliest: float = 0.0) -> None:
    """kill -9 of the engine; the dashboard starts a new one."""
    drill.at_random(earliest)
    pid = drill.rig.engine_pid()
    drill.rig.kill(pid)
    drill.kills += 1
    if drill.chance.random() < 0.3:
        # Once more, as soon as the new one is there.
        until(lambda: _another_engine(drill.rig, pid), "a new engine", START_S)
        drill.details.append("twice")
        drill.rig.kill(drill.rig.engine_pid())
        drill.kills += 1


def _another_engine(rig: Rig, pid: int) -> bool:
    try:
        return int(rig.engine_says("pid")) != pid
    except (OSError, ValueError):
        return False


def kill_engine_at_work(drill: Drill) -> None:
    """As ``kill_engine``, in the middle of a file of pages."""
    kill_engine(drill, UPLOADING)


def kill_dashboard_at_work(drill: Drill) -> None:
    """As ``kill_dashboard``, in the middle of a file of pages."""
    kill_dashboard(drill, UPLOADING)


def kill_dashboard_cutting(drill: Drill) -> None:
    """As ``kill_dashboard``; half of them while pages are cut, which counts no upload."""
    if drill.chance.random() < 0.5:
        return kill_dashboard_at_work(drill)
    drill.hold(0, 3)
    return _exchange_dashboard(drill)


def kill_worker(drill: Drill) -> None:
    """kill -9 of one of the processes that annotate."""
    drill.at_random(UPLOADING)
    pids: list[int] = []

    def is_working() -> bool:
        pids[:] = drill.rig.worker_pids()
        return bool(pids)

    until(is_working, "a worker", 10)
    drill.rig.kill(drill.chance.choice(pids))
    drill.kills += 1


def kill_emulator(drill: Drill) -> None:
    """kill -9 of the local Cloud Storage; the engine starts it again."""
    drill.at_random()
    drill.rig.kill(drill.rig.emulator_pid())


def fill_disk(place: str, drill: Drill) -> None:
    """The disk is full for some seconds, then somebody makes room."""
    drill.at_random()
    drill.rig.disk.fill(place)
    try:
        if place == "cache":
            _open_results(drill)
        drill.hold(2, 5)
    finally:
        drill.rig.disk.free()


def _open_results(drill: Drill) -> None:
    """Open the results while their cache has no room."""
    from core.errors import NoShards
    from core.results.tables.cache import ResultsCache
    from core.results.tables.run_choice import ATTEMPTS

    cache = ResultsCache(drill.rig.home / "results-cache")
    try:
        shown = cache.load(drill.rig.hub.buckets, drill.job.prefix, ATTEMPTS).pictures
    except NoShards:
        shown = 0
    drill.details.append(f"{shown} shown meanwhile")


def jump_clock(name: str, drill: Drill) -> None:
    """The clock jumps, there or back, and stays so until the job is over."""
    drill.at_random()
    seconds = drill.chance.choice(JUMPS_S) * drill.chance.choice((1, -1))
    drill.details.append(f"{seconds:+.0f} s")
    drill.rig.clocks[name].set(seconds)


def lock_ledger(drill: Drill) -> None:
    """Another process writes to the ledger for longer than anybody waits."""
    drill.at_random()
    with sqlite3.connect(drill.rig.home / "ledger.sqlite3", isolation_level=None) as db:
        db.execute("PRAGMA busy_timeout=20000")
        db.execute("BEGIN IMMEDIATE")
        drill.hold(BUSY_S + 1, BUSY_S + 3)
        db.execute("ROLLBACK")


def break_network(how: str, drill: Drill) -> None:
    """The way between dashboard and engine is cut, held up, or reset."""
    proxies = [drill.rig.vision, drill.rig.storage]
    which = drill.chance.choice((proxies[:1], proxies[1:], proxies))
    # Half of them around the submission: there an answer can get lost.
    if drill.chance.random() < 0.5:
        drill.at_random(UPLOADING * 0.9, UPLOADING)
    else:
        drill.at_random()
    drill.details.append("vision and storage" if len(which) == 2 else _name(drill.rig, which[0]))
    for proxy in which:
        getattr(proxy, how)()
    if how != "reset":
        drill.hold(1, SUBMIT_S + 3)
        for proxy in which:
            proxy.mend()


def _name(rig: Rig, proxy: object) -> str:
    return "vision" if proxy is rig.vision else "storage"


def refuse(code: grpc.StatusCode, after: bool, drill: Drill) -> None:
    """The service refuses the batch, or takes it and its answer is lost."""
    times = 1 if after else drill.chance.randint(1, 3)
    drill.details.append(f"{times} times")
    drill.rig.service.expect(InjectedFault(SUBMIT, code, after, times))
    until(lambda: drill.rig.service.left() == 0, "the batch is sent", MOMENT_S)


def _a_shard(drill: Drill) -> tuple[str, bytes]:
    """Name below the job's prefix, and bytes, of one that was written."""
    shards: list[tuple[str, Path]] = []

    def there() -> bool:
        shards[:] = drill.rig.shards(drill.job, "try-1/part-*").items()
        return bool(shards)

    until(there, "a shard", MOMENT_S)
    name, path = drill.chance.choice(shards)
    return name, path.read_bytes()


def halve_shard(drill: Drill) -> None:
    """A shard that was written is only half there any more."""
    drill.at_random(UPLOADING)
    shard, data = _a_shard(drill)
    size = drill.chance.randrange(len(data))
    _write(drill, shard, data[:size])
    drill.details.append(f"{size} of {len(data)} bytes of {shard}")
    drill.retry = True


def overwrite_shard(drill: Drill) -> None:
    """Another program overwrites a shard: other pictures, other JSON, no JSON, or nothing."""
    drill.at_random(UPLOADING)
    shard, before = _a_shard(drill)
    what = drill.chance.choice(("pictures", "JSON", "text", "nothing"))
    if what == "pictures":
        content = json.loads(before)
        for number, response in enumerate(content["responses"]):
            response["context"] = {"uri": f"gs://elsewhere/{number}.png"}
        data = json.dumps(content).encode()
    else:
        data = {"JSON": b'{"rows": [1, 2]}', "text": b"<p>Hello</p>", "nothing": b""}[what]
    _write(drill, shard, data)
    drill.details.append(f"{what} over {shard}")
    drill.retry = True


def _write(drill: Drill, shard: str, data: bytes) -> None:
    uri = drill.job.prefix + shard

    def written() -> bool:
        try:
            drill.rig.hub.connection().buckets.write(uri, data, "application/json")
        except ContactSheetError:
            return False
        return True

    until(written, "the other program writes", MOMENT_S)


@dataclass(frozen=True)
class Kind:
    """One row of the table.

    Attributes:
        share: of a hundred drills or so.
        made: makes the job's pictures, of ``chance`` and what ``Rig.new_job`` gives.
        on: a rig of the engine and a ledger in SQLite, or in PostgreSQL, or of Google's stand-in.
    """

    act: Act
    share: int
    needs_disks: bool = False
    service: bool = False
    made: Callable[[random.Random, Rig, str, Sequence[int]], Sequence[Picture]] | None = None
    on: str = "sqlite"


_CODES = {
    "UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
    "RESOURCE_EXHAUSTED": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "DEADLINE_EXCEEDED": grpc.StatusCode.DEADLINE_EXCEEDED,
    "INTERNAL": grpc.StatusCode.INTERNAL,
}

KINDS: dict[str, Kind] = {
    "kill dashboard": Kind(kill_dashboard, 8),
    "kill streamlit": Kind(kill_streamlit, 4),
    "kill engine": Kind(kill_engine, 9),
    "kill worker": Kind(kill_worker, 8),
    "kill storage": Kind(kill_emulator, 6),
    "full disk: journal": Kind(partial(fill_disk, "journal"), 4, needs_disks=True),
    "full disk: shards": Kind(partial(fill_disk, "shards"), 5, needs_disks=True),
    "full disk: ledger": Kind(partial(fill_disk, "ledger"), 4, needs_disks=True),
    "full disk: cache": Kind(partial(fill_disk, "cache"), 3, needs_disks=True),
    "clock: dashboard": Kind(partial(jump_clock, "dashboard"), 5),
    "clock: engine": Kind(partial(jump_clock, "engine"), 4),
    "shard half written": Kind(halve_shard, 5),
    "shard overwritten": Kind(overwrite_shard, 6),
    "ledger locked": Kind(lock_ledger, 4),
    "network cut": Kind(partial(break_network, "cut"), 4),
    "network stalled": Kind(partial(break_network, "stall"), 5),
    "network reset": Kind(partial(break_network, "reset"), 4),
    "restored ledger": Kind(restore_ledger, 4),
    "suspended sender": Kind(suspend_sender, 4),
    "poisoned row": Kind(poison_row, 2),
    "damaged journal": Kind(damage_journal, 3),
    "moved home": Kind(inputs.move_home, 3, made=inputs.made_as_uploads),
    "pipe in folder": Kind(inputs.look_at_pipes, 2, made=inputs.made_with_pipes),
    "memory": Kind(inputs.kill_largest_worker, 3, made=inputs.made_large),
    "pages: kill engine": Kind(kill_engine_at_work, 4, made=inputs.made_of_pages),
    "pages: kill dashboard": Kind(kill_dashboard_at_work, 3, made=inputs.made_of_pages),
    "pages cut: kill dashboard": Kind(kill_dashboard_cutting, 3, made=inputs.made_of_some_pages),
    "pages cut: kill engine": Kind(kill_engine_at_work, 2, made=inputs.made_of_some_pages),
    "pages: shard overwritten": Kind(overwrite_shard, 3, made=inputs.made_of_pages),
    "descriptors": Kind(sharing.use_up_descriptors, 4),
    "kill ledger upgrade": Kind(sharing.kill_upgrade, 3),
    "kill export": Kind(partial(sharing.kill_reader, "export"), 2),
    "kill cache writing": Kind(partial(sharing.kill_reader, "cache"), 3),
    "kill marks": Kind(kill_marker, 3),
    "two dashboards": Kind(sharing.run_two_dashboards, 4),
    "PostgreSQL restarted": Kind(sharing.restart_postgres, 4, on="postgres"),
    "Google: refused or lost": Kind(google.refuse, 6, made=google.made_refused, on="google"),
    "Google: storage away": Kind(google.break_storage, 3, made=google.made_plain, on="google"),
    "Google: kill dashboard": Kind(google.kill_dashboard, 4, made=google.made_plain, on="google"),
    **{
        f"{code}, {'accepted' if after else 'refused'}": Kind(
            partial(refuse, status, after), 2 if after else 1, service=True
        )
        for after in (False, True)
        for code, status in _CODES.items()
    },
}
