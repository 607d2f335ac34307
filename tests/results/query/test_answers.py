"""What is asked alike is answered once, also by many at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core.results.columns.map_area import area_of
from core.results.query.answers import AnswerCache
from core.results.query.filters import Filters
from tests.kit.results.labelled import labelled


def test_who_asks_meanwhile_waits_for_the_one_answer() -> None:
    answers, asked, may_end = AnswerCache(4), threading.Barrier(8), threading.Event()
    made: list[str] = []

    def make() -> str:
        may_end.wait(60)
        made.append("once")
        return "answer"

    def ask(_: int) -> str:
        asked.wait(60)
        return answers.get("question", make)

    with ThreadPoolExecutor(8) as pool:
        waiting = pool.map(ask, range(8))
        may_end.set()
        assert list(waiting) == ["answer"] * 8
    assert made == ["once"]
    assert answers.get("question", lambda: "another") == "answer"


def test_another_question_does_not_wait() -> None:
    answers, begun, may_end = AnswerCache(4), threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        may_end.wait(60)
        return 1

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(answers.get, "slow", slow)
        assert begun.wait(60)
        assert answers.get("quick", lambda: 2) == 2
        assert not first.done()
        may_end.set()
        assert first.result(60) == 1


def test_a_fault_reaches_who_waits_and_is_not_kept() -> None:
    answers, begun, may_fail = AnswerCache(4), threading.Event(), threading.Event()

    def fail() -> int:
        begun.set()
        may_fail.wait(60)
        raise ValueError("no such column")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(answers.get, "q", fail)
        assert begun.wait(60)
        second = pool.submit(answers.get, "q", fail)
        may_fail.set()
        for asked in (first, second):
            with pytest.raises(ValueError, match="no such column"):
                asked.result(60)
    assert answers.get("q", lambda: 3) == 3


def test_the_longest_unused_goes_first() -> None:
    answers = AnswerCache(2)
    for question in ("a", "b", "a", "c"):
        answers.get(question, lambda q=question: q)  # type: ignore[misc]
    assert answers.get("a", lambda: "again") == "a"
    assert answers.get("b", lambda: "again") == "again"


def test_a_store_answers_again_once_the_map_is_drawn() -> None:
    """Until then no area narrows: what was counted before is no answer any more."""
    store = labelled([["Cat"], ["Dog"]])
    now = Filters(area=area_of([0.5, 1.0, 1.0], [-0.5, -0.5, 0.5]))
    counted: list[int] = []

    def count() -> int:
        counted.append(store.count(now))
        return counted[-1]

    assert store.answer("count", count) == store.answer("count", count) == 2
    store.map_places = (np.array([0, 1]), np.array([[0.9, 0.0], [0.1, 0.9]], np.float32))
    assert store.answer("count", count) == 1
    assert counted == [2, 1]
