"""Background work: once a key, with progress, errors kept, old results dropped."""

from __future__ import annotations

import threading

import pytest

from core.app.tasks import Report, Tasks


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
    tasks = Tasks(kept=2)
    for name in "abcd":
        tasks.start(name, lambda _, name=name: name).future.result(5)  # type: ignore[misc]
    runs: list[str] = []
    tasks.start("a", lambda _: runs.append("a")).future.result(5)
    tasks.start("d", lambda _: runs.append("d")).future.result(5)
    assert runs == ["a"]
