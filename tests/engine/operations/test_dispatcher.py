"""Fairness, the window, and dying workers, with executors that do what the test says."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any

import pytest

from core.engine.operations.dispatcher import Dispatcher


class StepExecutor(Executor):
    """Runs one submitted picture when told to; breaks as a process pool does."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Future[Any], bytes]] = deque()
        self.most = 0
        self.submitted: list[bytes] = []
        self.changed = threading.Condition()
        self.broken = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Keep it for later."""
        with self.changed:
            if self.broken:
                raise BrokenExecutor
            future: Future[Any] = Future()
            self.waiting.append((future, args[0]))
            self.submitted.append(args[0])
            self.most = max(self.most, len(self.waiting))
            self.changed.notify_all()
            return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing to do."""

    def step(self, error: Exception | None = None) -> bytes:
        """Finish the oldest picture."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.waiting, 10)
            future, request = self.waiting.popleft()
        if not future.set_running_or_notify_cancel():
            return b"cancelled"
        if error is None:
            future.set_result(b"done " + request)
        else:
            future.set_exception(error)
        return request

    def break_down(self) -> list[bytes]:
        """A process died: everything under way fails."""
        with self.changed:
            self.broken = True
            lost, self.waiting = list(self.waiting), deque()
        for future, _ in lost:
            if not future.done() and future.set_running_or_notify_cancel():
                future.set_exception(BrokenExecutor())
        return [request for _, request in lost]


class Pictures:
    """A work of a few pictures named after it."""

    def __init__(self, name: str, count: int, *, urgent: bool = False) -> None:
        self.urgent = urgent
        self.label = name
        self.queue = deque((i, f"{name}{i}".encode()) for i in range(count))
        self.results: dict[int, bytes | None] = {}
        self.settled = Counter[int]()
        self.ended = threading.Event()

    def waiting(self) -> bool:
        """Whether any is left."""
        return bool(self.queue)

    def take(self) -> tuple[int, bytes]:
        """The next."""
        return self.queue.popleft()

    def settle(self, results: list[tuple[int, bytes | None]]) -> None:
        """Keep them."""
        self.results.update(results)
        self.settled.update(position for position, _ in results)

    def rest(self) -> None:
        """All done."""
        self.ended.set()


def echo(request: bytes, as_json: bool, label: str) -> bytes:
    """Never called: StepExecutor answers itself."""
    raise AssertionError


class Rig:
    """A dispatcher over step executors."""

    def __init__(self, window: int) -> None:
        self.executors: list[StepExecutor] = []
        self.made = threading.Condition()
        self.dispatcher = Dispatcher(self._make, echo, lambda: window)

    def _make(self) -> Executor:
        with self.made:
            self.executors.append(StepExecutor())
            self.made.notify_all()
            return self.executors[-1]

    def executor(self, number: int) -> StepExecutor:
        """The executor of that number, once it is made."""
        with self.made:
            assert self.made.wait_for(lambda: len(self.executors) > number, 10)
            return self.executors[number]

    def wait_submitted(self, executor: StepExecutor, count: int) -> list[bytes]:
        """The first ``count`` requests, once they are submitted."""
        with executor.changed:
            assert executor.changed.wait_for(lambda: len(executor.submitted) >= count, 10)
            return executor.submitted[:count]


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig(window=4)
    yield rig
    for executor in rig.executors:
        executor.break_down()
    rig.dispatcher.stop(5)


def test_works_take_turns_and_urgent_ones_go_first(rig: Rig) -> None:
    works = [Pictures("a", 3), Pictures("b", 3), Pictures("u", 2, urgent=True)]
    for work in works:
        rig.dispatcher.add(work)
    rig.dispatcher.start()
    executor = rig.executor(0)
    for _ in range(8):
        executor.step()
    for work in works:
        assert work.ended.wait(10)
    # The first event may have brought in "a" alone; from then on the rule shows.
    order = [request.decode() for request in executor.submitted]
    assert order.index("u0") < order.index("b0")
    assert order.index("b0") < order.index("a2")
    assert works[0].results == {0: b"done a0", 1: b"done a1", 2: b"done a2"}


def test_never_more_than_the_window(rig: Rig) -> None:
    work = Pictures("a", 20)
    rig.dispatcher.add(work)
    rig.dispatcher.start()
    for _ in range(20):
        rig.executor(0).step()
    assert work.ended.wait(10)
    assert rig.executor(0).most == 4


def test_an_empty_work_rests_at_once(rig: Rig) -> None:
    work = Pictures("a", 0)
    rig.dispatcher.add(work)
    rig.dispatcher.start()
    assert work.ended.wait(10)


def test_a_breaking_pool_costs_only_the_picture_that_breaks_it_twice(rig: Rig) -> None:
    work = Pictures("a", 6)
    rig.dispatcher.add(work)
    rig.dispatcher.start()
    first = rig.executor(0)
    rig.wait_submitted(first, 4)
    assert first.break_down() == [b"a0", b"a1", b"a2", b"a3"]
    # Each suspect is tried alone.
    second = rig.executor(1)
    assert second.step() == b"a0"
    assert second.step() == b"a1"
    rig.wait_submitted(second, 3)
    assert second.break_down() == [b"a2"]
    third = rig.executor(2)
    assert third.step() == b"a3"
    assert third.most == 1
    for _ in range(2):
        third.step()
    assert work.ended.wait(10)
    assert work.results == {
        0: b"done a0",
        1: b"done a1",
        2: None,
        3: b"done a3",
        4: b"done a4",
        5: b"done a5",
    }
    assert set(work.settled.values()) == {1}


def test_a_pool_that_breaks_between_pictures_is_replaced(rig: Rig) -> None:
    rig.executor(0).broken = True
    work = Pictures("a", 2)
    rig.dispatcher.add(work)
    rig.dispatcher.start()
    rig.executor(1).step()
    rig.executor(1).step()
    assert work.ended.wait(10)
    assert work.results == {0: b"done a0", 1: b"done a1"}


def test_any_other_fault_is_that_pictures_own(rig: Rig) -> None:
    work = Pictures("a", 2)
    rig.dispatcher.add(work)
    rig.dispatcher.start()
    rig.executor(0).step(ValueError("cannot be sent"))
    rig.executor(0).step()
    assert work.ended.wait(10)
    assert work.results == {0: None, 1: b"done a1"}


def test_a_work_whose_settling_fails_does_not_stop_the_others(rig: Rig) -> None:
    class Faulty(Pictures):
        def settle(self, results: list[tuple[int, bytes | None]]) -> None:
            raise OSError("disk full")

    faulty, good = Faulty("f", 1), Pictures("a", 1)
    rig.dispatcher.add(faulty)
    rig.dispatcher.add(good)
    rig.dispatcher.start()
    rig.executor(0).step()
    rig.executor(0).step()
    assert good.ended.wait(10)
    assert good.results == {0: b"done a0"}


def test_dropped_pictures_are_taken_back(rig: Rig) -> None:
    work = Pictures("a", 4)
    rig.dispatcher.add(work)
    rig.dispatcher.start()
    executor = rig.executor(0)
    rig.wait_submitted(executor, 4)
    rig.dispatcher.drop(work)
    assert work.ended.wait(10)
    assert work.results == {}
    assert executor.step() == b"cancelled"


def test_stop_waits_for_what_is_under_way(rig: Rig) -> None:
    work = Pictures("a", 1)
    rig.dispatcher.add(work)
    rig.dispatcher.start()
    executor = rig.executor(0)
    rig.wait_submitted(executor, 1)
    future, _ = executor.waiting[0]
    future.set_running_or_notify_cancel()
    stopper = threading.Thread(target=rig.dispatcher.stop, args=(10,))
    stopper.start()
    future.set_result(b"in time")
    stopper.join(10)
    assert work.results == {0: b"in time"}
    executor.waiting.clear()
