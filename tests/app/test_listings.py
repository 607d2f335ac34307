"""Looks at folders behind whoever asks: who waits, who does not, and what is seen afterwards."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.app.listings import CAPACITY, EVERY_S, Listings
from tests.kit.waiting import wait_until


class Folder:
    """A folder whose looks end when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.holds = "one shard"
        self.looks = 0
        self.slow = False
        self.fails = False
        self.go_on = threading.Event()
        self.listings = Listings(clock=lambda: self.now, patience=0.05)

    def get(self, every: float = EVERY_S) -> tuple[str, bool]:
        return tuple(self.listings.get("key", self._look, every))  # type: ignore[return-value]

    def _look(self) -> str:
        self.looks += 1
        if self.slow:
            assert self.go_on.wait(30)
        if self.fails:
            raise TimeoutError("storage is away")
        return self.holds


@pytest.fixture
def folder() -> Folder:
    return Folder()


def test_one_look_an_interval(folder: Folder) -> None:
    assert folder.get() == ("one shard", False)
    folder.holds = "two shards"
    folder.now = EVERY_S - 0.1
    assert folder.get() == ("one shard", False) and folder.looks == 1
    folder.now = EVERY_S
    assert folder.get() == ("two shards", False) and folder.looks == 2


def test_a_slow_look_holds_up_nobody_who_saw_the_folder_before(folder: Folder) -> None:
    folder.get()
    folder.now, folder.slow, folder.holds = EVERY_S, True, "two shards"
    assert folder.get() == ("one shard", True)
    assert folder.get() == ("one shard", True) and folder.looks == 2  # one look for both
    folder.go_on.set()
    wait_until(lambda: folder.get(math.inf) == ("two shards", False), "the look has ended")
    assert folder.looks == 2


def test_the_first_look_is_waited_for_by_all(folder: Folder) -> None:
    folder.slow = True
    with ThreadPoolExecutor(3) as sessions:
        asked = [sessions.submit(folder.get) for _ in range(3)]
        wait_until(lambda: folder.looks == 1, "somebody looks")
        assert not any(one.done() for one in asked)
        folder.go_on.set()
        assert {one.result(30) for one in asked} == {("one shard", False)}
    assert folder.looks == 1


def test_a_folder_rests_as_long_as_its_looks_take(folder: Folder) -> None:
    folder.slow = True
    with ThreadPoolExecutor(1) as session:
        first = session.submit(folder.get)
        wait_until(lambda: folder.looks == 1, "somebody looks")
        folder.now = 5.0  # so long it took
        folder.go_on.set()
        first.result(30)
    folder.now = 104.9
    assert folder.get() == ("one shard", False) and folder.looks == 1
    folder.now = 105.0
    folder.get()
    assert folder.looks == 2


def test_without_a_look_under_way_none_begins_where_none_is_wanted(folder: Folder) -> None:
    folder.get()
    folder.now, folder.holds = 1e6, "two shards"
    assert folder.get(math.inf) == ("one shard", False) and folder.looks == 1


def test_a_failed_look_is_told_and_the_next_one_begins_anew(folder: Folder) -> None:
    folder.fails = True
    with pytest.raises(TimeoutError, match="storage is away"):
        folder.get()
    folder.fails = False
    assert folder.get() == ("one shard", False) and folder.looks == 2
    folder.fails, folder.now = True, EVERY_S
    with pytest.raises(TimeoutError, match="storage is away"):  # not what was seen before
        folder.get()


def test_folders_that_nobody_asked_for_longest_are_forgotten(folder: Folder) -> None:
    folder.get()
    for n in range(CAPACITY):
        folder.listings.get(f"other {n}", lambda: "")
    folder.get()
    assert folder.looks == 2
