"""Work that takes longer than a page should: done in threads, watched from fragments.

A task can be cancelled. Its work notices that at its next report; work that is stuck, in a read
that never answers for one, is left behind in its thread, which holds up neither other tasks nor
the end of the process.
"""

from __future__ import annotations

import copy
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, Generic, TypeVar, cast
from uuid import uuid4

T = TypeVar("T")
Report = Callable[[int, int], None]  # (done so far, all); all = 0 while it is not known

THREADS = 4
MOST_LEFT_BEHIND = 16  # threads of cancelled tasks; beyond that they take up places of others
WATCHED_FOR_S = 3.0  # after the last look, somebody is taken to be still there


class TaskCancelled(BaseException):
    """Somebody cancelled the task. No ``Exception``: what goes on after faults must not go on."""


class Task(Generic[T]):
    """One piece of work under way; its fields may be read from any thread.

    Attributes:
        id: unlike every other task's.
        moved: when the work last reported, or was started, ``time.monotonic``.
    """

    def __init__(self, forget: Callable[[], None] = lambda: None) -> None:
        self.id = uuid4().hex
        self.future: Future[T] = Future()
        self.count = 0
        self.total = 0
        self.moved = time.monotonic()
        self.forget = forget  # lets the next ``start`` of its key do the work again
        self._watchers: dict[str, float] = {}

    @property
    def done(self) -> bool:
        """Whether there is a result or an error."""
        return self.future.done()

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled before there was a result."""
        return self.done and isinstance(self.future.exception(), TaskCancelled)

    def report(self, count: int, total: int) -> None:
        """Called by the work itself to say how far it is.

        Raises:
            TaskCancelled: nobody waits for it any more; the work is to end.
        """
        if self.cancelled:
            raise TaskCancelled
        self.count, self.total, self.moved = count, total, time.monotonic()

    def watched_by(self, who: str) -> None:
        """A session waits for the result; to be said every second or so."""
        self._watchers[who] = time.monotonic()

    def given_up_by(self, who: str) -> None:
        """A session does not wait any more; without another one the task is cancelled."""
        self._watchers.pop(who, None)
        since = time.monotonic() - WATCHED_FOR_S
        if not any(seen > since for seen in list(self._watchers.values())):
            self.cancel()

    def cancel(self) -> None:
        """End it without a result, unless it has one."""
        with suppress(InvalidStateError):
            self.future.set_exception(TaskCancelled())


class Tasks:
    """Starts each key's work once, however often pages ask for it.

    Args:
        capacity: finished results that stay for reruns; the oldest go first.
    """

    def __init__(self, capacity: int = 64) -> None:
        self._capacity = capacity
        self._tasks: OrderedDict[str, Task[Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._threads = _Threads()
        self._scope = ""

    def within(self, scope: str) -> Tasks:
        """The same tasks under keys of somebody's own: they find no other's results."""
        own = copy.copy(self)
        own._scope = f"{scope}/" if scope else ""
        return own

    def start(self, key: str, work: Callable[[Report], T]) -> Task[T]:
        """The key's task: the one already there, or a new one started now."""
        with self._lock:
            known = self._tasks.get(self._scope + key)
            if known is not None:
                self._tasks.move_to_end(self._scope + key)
                return cast(Task[T], known)
            task: Task[T] = Task(lambda: self.forget(key))
            self._tasks[self._scope + key] = task
            self._drop_oldest()
        self._threads.run(task, work)
        return task

    def result(self, key: str) -> Any:
        """What a key's task has found; None if there is none, or none yet, or an error."""
        with self._lock:
            task = self._tasks.get(self._scope + key)
        if task is None or not task.done or task.future.exception() is not None:
            return None
        return task.future.result()

    def forget(self, key: str) -> None:
        """Let the next ``start`` of this key do the work again."""
        with self._lock:
            self._tasks.pop(self._scope + key, None)

    def forget_about(self, text: str) -> None:
        """The same for every key, of anybody, that has a text in it."""
        with self._lock:
            for key in [key for key in self._tasks if text in key]:
                del self._tasks[key]

    def stuck_s(self) -> float:
        """For how many seconds tasks have waited while none that runs got any further; else 0."""
        return self._threads.stuck_s()

    def _drop_oldest(self) -> None:
        for key in [k for k, t in self._tasks.items() if t.done][
            : max(0, len(self._tasks) - self._capacity)
        ]:
            del self._tasks[key]


class _Threads:
    """Runs so many tasks at once, each in a daemon thread: the interpreter waits for no such."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Task[Any]] = set()
        self._left_behind: set[Task[Any]] = set()
        self._waiting: deque[tuple[Task[Any], Callable[[Report], Any]]] = deque()

    def run(self, task: Task[T], work: Callable[[Report], T]) -> None:
        with self._lock:
            self._waiting.append((task, work))
        task.future.add_done_callback(lambda _: self._next())  # a cancelled one makes room
        self._next()

    def stuck_s(self) -> float:
        now = time.monotonic()
        with self._lock:
            waiting = [now - task.moved for task, _ in self._waiting if not task.done]
            running = [now - task.moved for task in self._running]
        return min([max(waiting), *running]) if waiting else 0.0

    def _next(self) -> None:
        with self._lock:
            given_up = {task for task in self._running if task.done}
            self._running -= given_up
            self._left_behind |= given_up
            while self._waiting and self._has_room():
                task, work = self._waiting.popleft()
                if not task.done:
                    task.moved = time.monotonic()
                    self._running.add(task)
                    run = threading.Thread(
                        target=self._work, args=(task, work), name="task", daemon=True
                    )
                    run.start()

    def _has_room(self) -> bool:
        too_many = max(0, len(self._left_behind) - MOST_LEFT_BEHIND)
        return len(self._running) + too_many < THREADS

    def _work(self, task: Task[T], work: Callable[[Report], T]) -> None:
        result: T
        error: BaseException | None = None
        try:
            result = work(task.report)
        except BaseException as fault:
            # The page that asked shows it; a thread has nobody to raise to.
            error = fault
        with self._lock:
            self._running.discard(task)
            self._left_behind.discard(task)
        with suppress(InvalidStateError):  # it was cancelled meanwhile
            if error is None:
                task.future.set_result(result)
            else:
                task.future.set_exception(error)
        self._next()
