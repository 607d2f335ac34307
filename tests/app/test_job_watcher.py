"""The watcher: sends, polls, counts; survives faults; asks once however many look."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from core.app.failed_pictures import failed_uris, failures
from core.app.hub import Hub
from core.app.job_watcher import JobWatcher
from core.buckets import Buckets
from core.errors import BackendUnavailable, EngineNotRunning
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import LocalPicture
from core.jobs.ledger.records import OperationState
from core.jobs.ledger.rows import NewOperation
from core.jobs.runner import Runner
from core.jobs.samples.samples import write_samples
from core.jobs.sending.planning import job_values, new_job_id
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow


def nothing() -> None:
    return None


class NoBackend:
    """Jobs whose backend is away."""

    def pending(self) -> list[str]:
        raise BackendUnavailable("Away")


def test_fault_of_the_backend_is_kept_for_the_pages() -> None:
    watcher = JobWatcher(cast(Runner, NoBackend()), lambda: cast(Any, None), nothing)
    watcher.round()
    assert [problem.what for problem in watcher.problems] == ["Away"]


def test_fault_of_the_engine_is_kept_until_it_runs() -> None:
    faults = [EngineNotRunning("Dead"), None]

    def keep_alive() -> None:
        if (fault := faults.pop(0)) is not None:
            raise fault

    watcher = JobWatcher(cast(Runner, NoBackend()), lambda: cast(Any, None), keep_alive)
    watcher.round()
    assert watcher.engine_fault is not None
    watcher.round()
    assert watcher.engine_fault is None


@pytest.mark.parametrize(("dead", "level"), [(False, "INFO"), (True, "WARNING")])
def test_an_engine_that_starts_is_no_warning(
    caplog: pytest.LogCaptureFixture, dead: bool, level: str
) -> None:
    def keep_alive() -> None:
        if dead:
            raise EngineNotRunning("Dead")

    def connection() -> Any:
        raise EngineNotRunning("Not ready")

    watcher = JobWatcher(cast(Runner, NoBackend()), connection, keep_alive)
    with caplog.at_level("INFO"):
        watcher.round()
        watcher.round()
    assert [(record.levelname, record.message) for record in caplog.records] == [
        (level, "Not ready.")
    ]


def test_failed_pictures_are_found_and_retried(hub: Hub, tmp_path: Any) -> None:
    good = write_samples(tmp_path / "s")[0].path
    bad = tmp_path / "late.jpg"
    bad.write_bytes(b"not yet a picture")
    pictures = [LocalPicture(p, p.name, p.stat().st_size) for p in (good, bad)]
    job = hub.jobs.create("watcherdraft0001", pictures, BatchRequest(("IMAGE_PROPERTIES",)))
    hub.watcher.look()
    hub.watcher.send_soon()
    wait_until(lambda: hub.jobs.get(job.id).progress.pictures_done == 2, "both are done")
    wait_until(lambda: hub.jobs.get(job.id).final, "the job is over")
    assert hub.jobs.get(job.id).progress.failed == 1

    failed = failed_uris(hub.jobs, hub.buckets, job.id, lambda *_: None)
    (uri,) = map(str, failed)
    assert uri.rsplit("-", 1)[-1] == "late.jpg"
    hub.connection().buckets.write(uri, good.read_bytes(), "image/png")
    hub.jobs.retry_failed(hub.jobs.get(job.id), failed)
    hub.watcher.send_soon()
    wait_until(lambda: hub.jobs.get(job.id).progress.failed == 0, "the retry is done")
    wait_until(lambda: hub.jobs.get(job.id).final, "the job is over again")
    # The operation may be over before its shard is counted.
    wait_until(lambda: not hub.jobs.get(job.id).progress.waiting, "all pictures are counted")
    assert hub.jobs.get(job.id).progress.pictures_done == 2  # each once, whatever attempts it took
    assert failed_uris(hub.jobs, hub.buckets, job.id, lambda *_: None) == []
    assert hub.jobs.get(job.id).progress.failed == 0


def test_counts_missed_by_a_killed_dashboard_are_made_up_for(hub: Hub, tmp_path: Any) -> None:
    """The end was noted, and the last count was not."""
    good = write_samples(tmp_path / "s")[0].path
    pictures = [LocalPicture(good, good.name, good.stat().st_size)]
    request = BatchRequest(("IMAGE_PROPERTIES",), batch_size=7)
    job = hub.jobs.create("watcherdraft0002", pictures, request)
    hub.watcher.look()
    hub.watcher.send_soon()
    wait_until(lambda: hub.jobs.get(job.id).settled, "it is over and counted")
    as_killed: dict[str, Any] = {
        "pictures_done": 0,
        "shards_done": 0,
        "owed_until": datetime.now().astimezone(),
    }
    hub._runner.ledger.move(job.operations[0].id, tuple(OperationState), **as_killed)
    watcher = JobWatcher(hub._runner, hub.connection, nothing)
    watcher.round()
    assert hub.jobs.get(job.id).progress.pictures_done == 1
    assert hub.jobs.get(job.id).settled


def test_shards_altered_after_the_last_count_are_counted_again(hub: Hub, tmp_path: Any) -> None:
    pictures = [
        LocalPicture(s.path, s.path.name, s.path.stat().st_size)
        for s in write_samples(tmp_path / "s")[:3]
    ]
    job = hub.jobs.create(
        "altereddraft0001", pictures, BatchRequest(("CROP_HINTS",), batch_size=1), resend=True
    )
    hub.watcher.look()
    hub.watcher.send_soon()
    wait_until(lambda: hub.jobs.get(job.id).progress.pictures_done == 3, "all are done")
    wait_until(lambda: hub.jobs.get(job.id).final, "the job is over")
    (operation,) = hub.jobs.get(job.id).operations
    uri = f"{operation.prefix}output-2-to-2.json"
    wait_until(lambda: len(hub._runner.counted_shards(job.id).get((1, 1), ())) == 3, "counted")
    as_it_was = hub.buckets.read(uri)

    def errors() -> int:
        return hub.jobs.get(job.id).progress.failed

    for data, expected in ((b"{", 1), (as_it_was, 0)):
        hub.connection().buckets.write(uri, data, "application/json")
        hub.watcher._compared.clear()  # a minute later
        hub.look_again(job.id)
        wait_until(lambda expected=expected: errors() == expected, f"{expected} are failed")
        failed = failed_uris(hub.jobs, hub.buckets, job.id, lambda *_: None)
        assert len(failed) == expected

    hub.watcher._compare(job.id)
    assert not hub.watcher._again  # nothing has changed since
    assert hub.jobs.get(job.id).operations[0].pictures_done == 3


def test_shards_written_over_or_damaged_are_failed_pictures(hub: Hub, tmp_path: Any) -> None:
    from core.app.shard_counts import count_shard, lost_shard
    from core.results.shards.shard_files import ShardFile

    prefix = "gs://contact-sheet/written-over/"
    uri = f"{prefix}output-3-to-5.json"
    theirs = [{"context": {"uri": f"gs://b/{name}"}} for name in ("3", "unknown", "5")]
    hub.connection().buckets.write(uri, json.dumps({"responses": [*theirs, theirs[0]]}).encode())
    shard = ShardFile(uri, 3, 5)
    ours = [f"gs://b/{n}" for n in range(1, 6)]
    counted = count_shard(hub.buckets, shard, ours)
    assert (counted.numbers, counted.failed) == ((3, 0, 5, 0), frozenset({4}))
    assert count_shard(hub.buckets, shard, []).failed == frozenset()  # pictures are not known
    assert lost_shard(shard).failed == {3, 4, 5}


def test_an_operation_taken_up_counts_its_newest_run_and_each_picture_once(hub: Hub) -> None:
    """Its folder was used before, and its request asked for two features of a picture apart."""
    prefix = "gs://contact-sheet/taken-up/"

    def put(first: int, last: int, *answers: dict[str, Any]) -> None:
        data = json.dumps({"responses": answers}).encode()
        hub.connection().buckets.write(f"{prefix}output-{first}-to-{last}.json", data)

    def about(name: str, **more: Any) -> dict[str, Any]:
        return {"context": {"uri": f"gs://b/{name}"}, **more}

    failed = {"error": {"code": 5, "message": "gone"}}
    put(1, 2, about("old 1"), about("old 2"))
    put(3, 4, about("old 3"), about("old 4"))
    time.sleep(1.1)  # runs are distinguished by the second
    put(1, 3, about("1"), about("2", **failed), about("3", **failed))
    put(4, 6, about("1"), about("2"), about("3", **failed))
    now = datetime.now(UTC)
    connection = hub.connection()
    values = job_values(new_job_id(now), "attached:taken-up", now, prefix, connection.id)
    known = {"state": "SUCCEEDED", "name": "operations/taken-up", "sent_at": now}
    assert hub._runner.ledger.add_job(
        {**values, "title": "taken up", "source": ""},
        (),
        [NewOperation(1, 1, prefix, 0, (), known)],
    )
    (operation,) = hub.jobs.get(str(values["id"])).operations
    hub.watcher._counter.count(hub.buckets, [operation], frozenset())
    (counted,) = hub.jobs.get(str(values["id"])).operations
    assert (counted.shards_done, counted.pictures_done, counted.errors) == (2, 3, 1)
    # Its shards alone tell which they are.
    listed = failures(hub.jobs, hub.buckets, str(values["id"]), lambda *_: None)
    assert {place: failure.why for place, failure in listed.items()} == {("gs://b/3", 0): "gone"}
    put(4, 6, about("1"), about("2"), about("3"))
    hub.connection().buckets.write(f"{prefix}output-7-to-9.json", b"{")
    listed = failures(hub.jobs, hub.buckets, str(values["id"]), lambda *_: None)
    assert [uri for uri, _ in listed] == [f"{prefix}output-7-to-9.json"]
    hub.jobs.forget(str(values["id"]))


def test_buckets_come_from_the_connection(hub: Hub) -> None:
    assert isinstance(hub.buckets, Buckets)
    assert hub.buckets is hub.connection().buckets


def test_an_engine_that_lost_an_operation(hub: Hub, tmp_path: Any) -> None:
    """As after its journal was lost: it is looked for, and with all its shards there it is done."""
    good = write_samples(tmp_path / "s")[0].path
    pictures = [LocalPicture(good, good.name, good.stat().st_size)]
    request = BatchRequest(("IMAGE_PROPERTIES",), batch_size=9)
    job = hub.jobs.create("watcherdraft0003", pictures, request)
    hub.watcher.look()
    hub.watcher.send_soon()
    wait_until(lambda: hub.jobs.get(job.id).settled, "it is over and counted")
    (operation,) = hub.jobs.get(job.id).operations
    lost: dict[str, Any] = {
        "state": OperationState.RUNNING,
        "name": "projects/local/operations/00000000000000ff",
        "prefix": "gs://contact-sheet/nothing-there/",
        "pictures_done": 0,
        "shards_done": 0,
    }
    hub._runner.ledger.move(operation.id, tuple(OperationState), **lost)
    looked_for = hub.jobs.refresh(operation.id)
    assert (looked_for.state, looked_for.not_found > 0) == (OperationState.RUNNING, True)
    hub._runner.ledger.move(operation.id, tuple(OperationState), prefix=operation.prefix)
    hub.look_again(job.id)
    hub.watcher.look()
    wait_until(lambda: hub.jobs.get(job.id).final, "its shards are counted")
    assert hub.jobs.get(job.id).operations[0].state is OperationState.SUCCEEDED
