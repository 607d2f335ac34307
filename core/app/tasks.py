"""Work that takes longer than a page should: done in threads, watched from fragments."""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")
Report = Callable[[int, int], None]  # (done so far, all); all = 0 while it is not known

THREADS = 4


class Task(Generic[T]):
    """One piece of work under way; its fields may be read from any thread."""

    def __init__(self) -> None:
        self.future: Future[T] = Future()
        self.count = 0
        self.total = 0

    @property
    def done(self) -> bool:
        """Whether there is a result or an error."""
        return self.future.done()

    def report(self, count: int, total: int) -> None:
        """Called by the work itself to say how far it is."""
        self.count, self.total = count, total


class Tasks:
    """Starts each key's work once, however often pages ask for it.

    Args:
        kept: finished results kept for reruns; the oldest go first.
    """

    def __init__(self, kept: int = 64) -> None:
        self._kept = kept
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="task")
        self._tasks: OrderedDict[str, Task[Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._scope = ""

    def within(self, scope: str) -> Tasks:
        """The same tasks under keys of somebody's own: they find no other's results."""
        own = copy.copy(self)
        own._scope = f"{scope}/" if scope else ""
        return own

    def start(self, key: str, work: Callable[[Report], T]) -> Task[T]:
        """The key's task: the one already there, or a new one started now."""
        key = self._scope + key
        with self._lock:
            if key in self._tasks:
                self._tasks.move_to_end(key)
                return cast(Task[T], self._tasks[key])
            task: Task[T] = Task()
            self._tasks[key] = task
            self._drop_oldest()
        self._pool.submit(_run, task, work)
        return task

    def forget(self, key: str) -> None:
        """Let the next ``start`` of this key do the work again."""
        with self._lock:
            self._tasks.pop(self._scope + key, None)

    def _drop_oldest(self) -> None:
        for key in [k for k, t in self._tasks.items() if t.done][
            : max(0, len(self._tasks) - self._kept)
        ]:
            del self._tasks[key]


def _run(task: Task[T], work: Callable[[Report], T]) -> None:
    try:
        task.future.set_result(work(task.report))
    except BaseException as error:
        # The page that asked shows it; a thread has nobody to raise to.
        task.future.set_exception(error)
