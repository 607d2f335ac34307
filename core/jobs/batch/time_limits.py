"""Many files looked at side by side, none of them for longer than a time: a disk may not answer.

A read from a dead network disk cannot be ended from outside. Its thread is left behind and does not
keep the process from ending; the file is named, and the others go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

THREADS = 8
MOST_STUCK = 16  # threads left behind by one call, after which nothing more is tried


@dataclass(slots=True)
class _Call(Generic[T, R]):
    item: T
    began: float = 0.0  # ``time.monotonic``; 0 until a thread takes it
    done: threading.Event = field(default_factory=threading.Event)
    answer: R | None = None
    error: Exception | None = None


def within(
    seconds: float, look: Callable[[T], R], items: Sequence[T], late: Callable[[T], R]
) -> Iterator[R]:
    """Each item's answer, in order.

    Args:
        seconds: for one item, from the moment a thread takes it.
        late: the answer for an item that took longer, or was not tried since too many did.

    Raises:
        whatever ``look`` raises.
    """
    looks: list[_Call[T, R]] = [_Call(item) for item in items]
    waiting: SimpleQueue[_Call[T, R]] = SimpleQueue()
    for one in looks:
        waiting.put(one)
    for _ in range(min(THREADS, len(looks))):
        _start(look, waiting)
    stuck = 0
    try:
        for one in looks:
            if stuck >= MOST_STUCK:
                _drain(waiting)
            if one.done.is_set() or (stuck < MOST_STUCK and _finished(one, seconds)):
                if one.error is not None:
                    raise one.error
                yield one.answer  # type: ignore[misc]  # of a look without error
                continue
            stuck += 1
            if stuck < MOST_STUCK:
                _start(look, waiting)  # in place of the thread that does not come back
            yield late(one.item)
    finally:
        _drain(waiting)


def _start(look: Callable[[T], R], waiting: SimpleQueue[_Call[T, R]]) -> None:
    threading.Thread(target=_work, args=(look, waiting), name="look", daemon=True).start()


def _work(look: Callable[[T], R], waiting: SimpleQueue[_Call[T, R]]) -> None:
    while True:
        try:
            one = waiting.get_nowait()
        except Empty:
            return
        one.began = time.monotonic()
        try:
            one.answer = look(one.item)
        except Exception as error:  # raised in the caller
            one.error = error
        one.done.set()


def _finished(one: _Call[T, R], seconds: float) -> bool:
    while not one.done.is_set():
        left = one.began + seconds - time.monotonic() if one.began else seconds
        if left <= 0:
            return False
        one.done.wait(min(left, 0.5))
    return True


def _drain(waiting: SimpleQueue[_Call[T, R]]) -> None:
    while True:
        try:
            waiting.get_nowait()
        except Empty:
            return
