"""Operations: their states, their journal, and what is left after a sudden end."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from core.engine.operations.operation_filters import condition
from core.engine.operations.records import State
from core.engine.operations.store import OperationStore
from core.errors import OperationNotFound


class Clock:
    """Tells the time that it was told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> OperationStore:
    return OperationStore(tmp_path / "operations.sqlite3", clock)


def made(store: OperationStore, uri: str = "gs://b/o/", parent: str = "projects/p") -> str:
    """A new operation of 45 pictures by 20."""
    return store.create(b"request", uri, 20, 45, parent).name


def test_times_and_states_follow_the_clock(store: OperationStore, clock: Clock) -> None:
    name = made(store)
    assert store.get(name).state is State.CREATED
    clock.now = 1010.0
    store.start(name)
    record = store.get(name)
    assert (record.state, record.created, record.updated) == (State.RUNNING, 1000.0, 1010.0)
    clock.now = 1020.0
    store.finish(name)
    record = store.get(name)
    assert (record.state, record.updated, record.done) == (State.DONE, 1020.0, True)


def test_an_end_is_final(store: OperationStore) -> None:
    name = made(store)
    store.finish(name, 7, "no bucket")
    store.finish(name)
    store.start(name)
    assert (store.get(name).error_code, store.get(name).state) == (7, State.DONE)


def test_cancelled_is_a_state_of_its_own(store: OperationStore) -> None:
    name = made(store)
    assert store.cancel(name).cancel
    assert not store.get(name).done
    store.finish(name, 1, "The operation was cancelled.")
    assert store.get(name).state is State.CANCELLED


def test_what_is_on_disk_is_enough_to_go_on(tmp_path: Path, store: OperationStore) -> None:
    name = made(store)
    store.start(name)
    store.journal(name, [(position, f'{{"p":{position}}}') for position in range(22)])
    store.shard_written(name, range(20))
    # No close: a killed process closes nothing.
    (unfinished,) = OperationStore(tmp_path / "operations.sqlite3").unfinished()
    assert unfinished.record.name == name
    assert unfinished.request == b"request"
    assert unfinished.journalled == {20, 21}
    assert unfinished.shards == {1}


def test_the_journal_keeps_order_and_goes_with_its_shard(store: OperationStore) -> None:
    name = made(store)
    store.journal(name, [(2, "c"), (0, "a")])
    store.journal(name, [(1, "b"), (20, "z")])
    assert store.journalled(name, range(20)) == ["a", "b", "c"]
    store.shard_written(name, range(20))
    assert store.journalled(name, range(45)) == ["z"]


def test_vectors_are_kept_with_their_pictures(store: OperationStore) -> None:
    name = made(store)
    store.journal(name, [(1, "b"), (0, "a"), (2, "c")], {0: b"vector a", 2: b"vector c"})
    assert store.vectors(name, range(1, 45)) == [None, b"vector c"]
    store.shard_written(name, range(20))
    assert store.vectors(name, range(45)) == []


def test_nothing_is_journalled_after_the_end(store: OperationStore) -> None:
    name = made(store)
    store.finish(name)
    store.journal(name, [(0, "late")])
    assert store.journalled(name, range(45)) == []


def test_find_by_parent_outcome_and_prefix(store: OperationStore) -> None:
    first, second = made(store), made(store, "gs://b/two/")
    other = made(store, parent="projects/p/locations/eu")
    made(store, parent="projects/p2")
    store.finish(first)

    def names(filter_: str = "", parent: str = "projects/p", **page: int) -> list[str]:
        return [record.name for record in store.find(parent, condition(filter_), **page)]

    assert names() == [first, second]
    assert names("done=true") == [first]
    assert names("done=false") == [second]
    assert names('output_uri="gs://b/two/"') == [second]
    assert names(page_size=1, after=store.get(first).number) == [second]
    for parent in ("projects/p/locations/eu", "locations/eu"):
        assert names(parent=parent) == [other]
    assert store.get("locations/eu/" + other.partition("/eu/")[2]).name == other
    assert len(store.find()) == 4


def test_names_with_sql_in_them_are_only_names(store: OperationStore) -> None:
    name = made(store)
    for hostile in ("' OR 1=1 --", "projects/%", "%", name + "'"):
        with pytest.raises(OperationNotFound):
            store.get(hostile)
    assert store.find("projects/%") == []


def test_deleted_is_unknown_but_goes_on(store: OperationStore) -> None:
    name = made(store)
    store.delete(name)
    for ask in (store.get, store.cancel, store.delete):
        with pytest.raises(OperationNotFound):
            ask(name)
    assert store.find() == []
    assert [unfinished.record.name for unfinished in store.unfinished()] == [name]


def test_wait_ends_with_the_operation(store: OperationStore) -> None:
    name = made(store)
    waiting = threading.Event()

    def finish() -> None:
        waiting.wait(10)
        store.finish(name)

    thread = threading.Thread(target=finish)
    thread.start()
    waiting.set()
    assert store.wait(name, 30).done
    thread.join()


def test_wait_gives_up_at_its_time(store: OperationStore) -> None:
    assert not store.wait(made(store), 0.01).done


def test_release_answers_who_waits(store: OperationStore) -> None:
    name = made(store)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.wait, name, 30)
        time.sleep(0.05)
        began = time.monotonic()
        store.release()
        assert not waiting.result().done
    assert not store.wait(name, 30).done  # nor does anybody begin to wait
    assert time.monotonic() - began < 10


def test_a_short_name_is_of_the_one_operation(store: OperationStore) -> None:
    name, other = made(store), made(store, parent="projects/p/locations/eu")
    for full in (name, other):
        short = "operations/" + full.rpartition("/")[2]
        assert store.get(short).name == full
        assert store.wait(short, 0).name == full
        assert store.cancel(short).cancel
    for unknown in ("operations/", "operations/x", "operations/%", "operations/" + name):
        with pytest.raises(OperationNotFound):
            store.get(unknown)
    store.delete("operations/" + name.rpartition("/")[2])
    with pytest.raises(OperationNotFound):
        store.get(name)
    assert store.get(other).name == other


def test_a_journal_of_before_there_were_vectors_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "operations.sqlite3"
    store = OperationStore(path)
    name = made(store)
    store.journal(name, [(0, "a")])
    store.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE journal DROP COLUMN vector")
    again = OperationStore(path)
    again.journal(name, [(1, "b")], {1: b"vector"})
    assert again.journalled(name, range(2)) == ["a", "b"]
    assert again.vectors(name, range(2)) == [None, b"vector"]


def test_a_home_of_before_there_were_files_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "operations.sqlite3"
    store = OperationStore(path)
    name = made(store)
    store.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE operations DROP COLUMN response")
    again = OperationStore(path)
    assert again.get(name).response is None
    assert [unfinished.record.name for unfinished in again.unfinished()] == [name]
    files = again.create(b"request", "gs://b/o/", 20, 1, "projects/p", response=b"response").name
    again.close()
    assert OperationStore(path).get(files).response == b"response"
