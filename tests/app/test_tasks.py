"""Background work: once a key, with progress, errors kept, old results dropped."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time

import pytest

from core.app.tasks import MOST_LEFT_BEHIND, THREADS, Report, Tasks


def test_work_of_a_key_is_done_once() -> None:
    tasks, runs = Tasks(), []

    def work(_: Report) -> int:
        runs.append(1)
        return len(runs)

    results = [tasks.start("a", work).future.result(5) for _ in range(10)]
    assert results == [1] * 10


def test_forgotten_key_is_done_again() -> None:
    tasks = Tasks()
    assert tasks.start("a", lambda _: 1).future.result(5) == 1
    tasks.forget("a")
    assert tasks.start("a", lambda _: 2).future.result(5) == 2


def test_progress_can_be_read_meanwhile() -> None:
    tasks, go, at_half = Tasks(), threading.Event(), threading.Event()

    def work(report: Report) -> str:
        report(5, 10)
        at_half.set()
        assert go.wait(5)
        return "done"

    task = tasks.start("a", work)
    assert at_half.wait(5)
    assert (task.count, task.total, task.done) == (5, 10, False)
    go.set()
    assert task.future.result(5) == "done"


def test_error_is_kept_for_the_page() -> None:
    def work(_: Report) -> int:
        raise ValueError("no")

    task = Tasks().start("a", work)
    with pytest.raises(ValueError, match="no"):
        task.future.result(5)
    assert task.done


def test_oldest_results_are_dropped() -> None:
    tasks = Tasks(capacity=2)
    for name in "abcd":
        tasks.start(name, lambda _, name=name: name).future.result(5)  # type: ignore[misc]
    runs: list[str] = []
    tasks.start("a", lambda _: runs.append("a")).future.result(5)
    tasks.start("d", lambda _: runs.append("d")).future.result(5)
    assert runs == ["a"]


class Stuck:
    """Work that reports nothing and ends only when it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Event()

    def __call__(self, _: Report) -> str:
        self.begun.set()
        self.go.wait(20)
        return "late"


def test_a_cancelled_task_ends_at_its_next_report() -> None:
    tasks, at_half, ended = Tasks(), threading.Event(), threading.Event()

    def work(report: Report) -> None:
        try:
            for done in range(10_000):
                with contextlib.suppress(Exception):  # as one bad picture does not stop a look
                    report(done, 10_000)
                at_half.set()
                time.sleep(0.001)
        finally:
            ended.set()

    task = tasks.start("a", work)
    assert at_half.wait(5)
    task.cancel()
    assert task.done and task.cancelled
    assert ended.wait(5)
    assert task.count < 9_999
    assert tasks.start("a", work) is task
    task.forget()
    assert tasks.start("a", lambda _: 2).future.result(5) == 2


def test_stuck_work_that_is_cancelled_makes_room_and_keeps_its_late_result() -> None:
    tasks, stuck = Tasks(), [Stuck() for _ in range(THREADS)]
    running = [tasks.start(str(n), work) for n, work in enumerate(stuck)]
    assert all(work.begun.wait(5) for work in stuck)
    waiting = tasks.start("next", lambda _: "next")
    assert not waiting.done
    running[0].cancel()
    assert waiting.future.result(5) == "next"
    for work in stuck:
        work.go.set()
    assert running[1].future.result(5) == "late"
    assert running[0].cancelled


def test_a_task_that_others_wait_for_goes_on() -> None:
    tasks, stuck = Tasks(), Stuck()
    task = tasks.start("a", stuck)
    task.watched_by("ada")
    task.watched_by("bob")
    task.given_up_by("ada")
    assert not task.done
    task.given_up_by("bob")
    assert task.cancelled
    stuck.go.set()


def test_threads_left_behind_are_not_without_bound() -> None:
    tasks, stuck = Tasks(capacity=1_000), Stuck()
    before = threading.active_count()
    for n in range(200):
        tasks.start(str(n), stuck).cancel()
    assert threading.active_count() - before <= MOST_LEFT_BEHIND + THREADS
    waiting = tasks.start("next", lambda _: "next")
    stuck.go.set()
    assert waiting.future.result(5) == "next"


def test_how_long_nothing_got_any_further() -> None:
    tasks, stuck = Tasks(), [Stuck() for _ in range(THREADS)]
    running = [tasks.start(str(n), work) for n, work in enumerate(stuck)]
    assert tasks.stuck_s() == 0  # nobody waits for a place
    tasks.start("next", lambda _: "next")
    for task in running:
        task.moved -= 100
    assert 0 < tasks.stuck_s() < 5  # as long as somebody has waited
    running[2].report(1, 2)
    assert tasks.stuck_s() < 1
    for work in stuck:
        work.go.set()


def test_no_thread_keeps_the_interpreter_from_ending() -> None:
    code = (
        "import time; from core.app.tasks import Tasks; t = Tasks(); "
        "[t.start(str(n), lambda _: time.sleep(60)) for n in range(9)]; time.sleep(0.2)"
    )
    subprocess.run([sys.executable, "-c", code], timeout=20, check=True)
