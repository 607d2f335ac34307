"""Hands pictures of many works to one executor, fairly, and lives through dying workers.

One thread owns all state here, so there are no locks: whatever happens is an event in one queue.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from core.logs import fields

log = logging.getLogger("engine.dispatcher")


class Work(Protocol):
    """Some pictures that belong together; every method is called on the dispatcher's thread."""

    urgent: bool  # goes before work that is not: somebody waits for the answer
    label: str  # names it in the log

    def waiting(self) -> bool:
        """Whether there are pictures to take."""

    def take(self) -> tuple[int, Any]:
        """The next picture's position and request, as ``run`` takes it."""

    def settle(self, results: list[tuple[int, bytes | None]]) -> None:
        """Pictures that came back; None for one that no worker survived, or that raised."""

    def rest(self) -> None:
        """Nothing to take and nothing under way: now it may end."""


Run = Callable[[Any, bool, str], bytes]


@dataclass(slots=True)
class _Task:
    work: Work
    position: int
    request: Any


class Dispatcher:
    """Keeps an executor busy with at most ``window`` pictures under way.

    A process pool breaks as a whole when one of its processes dies, and does not tell which
    picture did it. So all that were under way are suspects: each is tried once more, alone; the
    one that breaks the pool again is given up, the others never notice.

    Args:
        executors: makes an executor; called again after one broke.
        run: what the executor runs: (request, as_json, label) -> response; must be picklable.
        window: pictures under way at once, as things are: enough that no worker waits, few enough
            that cancel is prompt.
    """

    def __init__(
        self, executors: Callable[[], Executor], run: Run, window: Callable[[], int]
    ) -> None:
        self._executors = executors
        self._run = run
        self._window = window
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._works: deque[Work] = deque()
        self._under_way: dict[Future[bytes], _Task] = {}
        self._suspects: deque[_Task] = deque()
        self._on_trial = False
        self._broken = False
        self._came_back: list[tuple[_Task, bytes | None]] = []
        self._stopping = False
        self._executor = executors()
        self._thread = threading.Thread(target=self._loop, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Begin; works may be added before."""
        self._thread.start()

    def add(self, work: Work) -> None:
        """Take a work in; from any thread."""
        self._events.put(lambda: self._works.append(work))

    def call(self, function: Callable[[], None]) -> None:
        """Run a short function on the dispatcher's thread, then look for pictures again."""
        self._events.put(function)

    def drop(self, work: Work) -> None:
        """Take back pictures of a work that no process has begun; from any thread."""
        self._events.put(lambda: self._drop(work))

    def _drop(self, work: Work) -> None:
        for future, task in list(self._under_way.items()):
            if task.work is work:
                future.cancel()
        self._suspects = deque(task for task in self._suspects if task.work is not work)

    def stop(self, grace_s: float) -> bool:
        """Hand out nothing more and let what is under way come back.

        Returns:
            False if something was still under way after ``grace_s`` seconds.
        """
        self._events.put(self._stop)
        self._thread.join(grace_s)
        self._executor.shutdown(wait=False, cancel_futures=True)
        return not self._thread.is_alive()

    def _stop(self) -> None:
        self._stopping = True
        for future in list(self._under_way):
            future.cancel()

    def _loop(self) -> None:
        while not (self._stopping and not self._under_way):
            self._guarded(self._events.get())
            while not self._events.empty():  # what came together is journalled together
                self._guarded(self._events.get())
            self._settle()
            if not self._stopping:
                self._guarded(self._fill)
                self._rest()

    def _guarded(self, event: Callable[[], None]) -> None:
        try:
            event()
        except Exception:  # one work's fault must not stop all the others
            log.exception("an event failed")

    def _settle(self) -> None:
        by_work: dict[int, tuple[Work, list[tuple[int, bytes | None]]]] = {}
        for task, outcome in self._came_back:
            entry = by_work.setdefault(id(task.work), (task.work, []))
            entry[1].append((task.position, outcome))
        self._came_back.clear()
        for work, results in by_work.values():
            self._guarded(partial(work.settle, results))

    def _fill(self) -> None:
        self._hand_out()
        while self._broken and not self._under_way:  # nobody else would tell us to go on
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor, self._broken = self._executors(), False
            self._hand_out()

    def _hand_out(self) -> None:
        if self._broken or self._on_trial:
            return  # the rest of the broken pool's futures are about to come back
        if self._suspects:
            if not self._under_way:
                self._on_trial = self._submit(self._suspects.popleft())
            return
        while len(self._under_way) < self._window() and not self._broken:
            task = self._next()
            if task is None:
                return
            self._submit(task)

    def _next(self) -> _Task | None:
        for urgent in (True, False):
            for _ in range(len(self._works)):
                work = self._works[0]
                self._works.rotate(-1)  # one picture each in turn
                if work.urgent == urgent and work.waiting():
                    return _Task(work, *work.take())
        return None

    def _rest(self) -> None:
        busy = {id(task.work) for task in (*self._under_way.values(), *self._suspects)}
        for work in list(self._works):
            if id(work) not in busy and not work.waiting():
                self._works.remove(work)
                self._guarded(work.rest)

    def _submit(self, task: _Task) -> bool:
        try:
            future = self._executor.submit(
                self._run, task.request, not task.work.urgent, label_of(task)
            )
        except BrokenExecutor:
            self._broken = True
            self._suspects.append(task)
            return False
        self._under_way[future] = task
        future.add_done_callback(lambda done: self._events.put(lambda: self._back(done)))
        return True

    def _back(self, future: Future[bytes]) -> None:
        task = self._under_way.pop(future)
        on_trial, self._on_trial = self._on_trial, False
        if future.cancelled():
            return  # its work was dropped, or the engine stops
        error = future.exception()
        if error is None:
            self._came_back.append((task, future.result()))
        elif isinstance(error, BrokenExecutor) and not on_trial:
            self._broken = True
            self._suspects.append(task)
            log.warning("a worker died; it is tried once more", extra=_named(task))
        else:
            self._broken = self._broken or isinstance(error, BrokenExecutor)
            self._came_back.append((task, None))
            log.error("given up: %r", error, extra=_named(task))


def _named(task: _Task) -> dict[str, Any]:
    return fields(operation=task.work.label, picture=label_of(task))


def label_of(task: _Task) -> str:
    """``operation#position`` for the log."""
    return f"{task.work.label}#{task.position}"
