"""Answers that many people ask for alike: worked out once, and kept while they are asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar, cast

_Made = TypeVar("_Made")


class AnswerCache:
    """At most ``most`` answers; the one that was asked for longest ago is forgotten first.

    Who asks while an answer is being made waits for it (single flight). Answers are shared between
    threads, so nobody may change them.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._futures: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, question: Hashable, make: Callable[[], _Made]) -> _Made:
        """The answer to a question; ``make`` is called unless it is known or being made.

        ``make`` may ask other questions, but not this one. What it raises goes to everybody who
        waits, and the next one who asks has it made again.
        """
        with self._lock:
            known = self._futures.get(question)
            if known is None:
                future = self._futures[question] = Future()
                while len(self._futures) > self._most:
                    self._futures.popitem(last=False)
            else:
                self._futures.move_to_end(question)
        if known is not None:
            return cast(_Made, known.result())
        try:
            made = make()
        except BaseException as error:
            with self._lock:
                if self._futures.get(question) is future:
                    del self._futures[question]
            future.set_exception(error)
            raise
        future.set_result(made)
        return made
