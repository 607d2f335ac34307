"""Asynchronous operations and direct requests, run over one executor.

What is on disk is always enough to go on from: see ``operation_work``.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

from core.buckets import Buckets
from core.engine.dispatcher import Dispatcher
from core.engine.operation_records import OperationRecord, Unfinished
from core.engine.operation_store import OperationStore
from core.engine.operation_work import OperationWork, internal_error
from core.engine.worker import WorkerConfig, annotate

log = logging.getLogger("engine.batch")


class BatchRunner:
    """Runs operations and direct requests over one executor.

    Args:
        store: where operations live.
        buckets: where shards go.
        executors: makes the executor whose processes annotate.
        workers: how many pictures that executor annotates at once.
        config: what each worker needs.
    """

    def __init__(
        self,
        store: OperationStore,
        buckets: Buckets,
        executors: Callable[[], Executor],
        workers: int,
        config: WorkerConfig,
    ) -> None:
        self._store = store
        self._buckets = buckets
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="shards")
        self._dispatcher = Dispatcher(executors, partial(annotate, config), window=2 * workers)
        self._running: dict[str, OperationWork] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin, with everything that an earlier engine left unfinished."""
        for unfinished in self._store.unfinished():
            log.info(
                "operation=%s goes on: %d of %d pictures are kept, %d shards are written",
                unfinished.record.name,
                len(unfinished.journalled),
                unfinished.record.pictures,
                len(unfinished.shards),
            )
            self._add(unfinished)
        self._dispatcher.start()

    def stop(self, grace_s: float = 10.0) -> None:
        """Let what is under way come back and be kept, then rest."""
        if not self._dispatcher.stop(grace_s):
            log.warning("pictures were still under way; they will be annotated again")
        self._writer.shutdown(wait=True, cancel_futures=True)

    def submit(self, record: OperationRecord, request: bytes) -> None:
        """Run a new operation that is already in the store."""
        self._add(Unfinished(record, request, frozenset(), frozenset()))

    def cancel(self, name: str) -> None:
        """End an operation after the pictures that are being annotated now."""
        self._store.cancel(name)
        with self._lock:
            work = self._running.get(name)
        if work is not None:
            work.cancelled.set()
            self._dispatcher.drop(work)

    def annotate(self, requests: list[bytes], timeout: float | None) -> list[bytes]:
        """Annotate pictures before all others; serialised responses, in order.

        Raises:
            TimeoutError: they were not done in time; those not begun are dropped.
        """
        work = _DirectWork(requests)
        self._dispatcher.add(work)
        if not work.ready.wait(timeout):
            work.dropped.set()
            self._dispatcher.drop(work)
            raise TimeoutError
        return [work.responses[position] for position in range(len(requests))]

    def _add(self, unfinished: Unfinished) -> None:
        work = OperationWork(self._store, self._buckets, self._writer, unfinished, self._ended)
        with self._lock:
            self._running[work.label] = work
        self._dispatcher.add(work)

    def _ended(self, name: str) -> None:
        with self._lock:
            self._running.pop(name, None)


class _DirectWork:
    """Pictures that a client waits for."""

    urgent = True
    label = "direct"

    def __init__(self, requests: list[bytes]) -> None:
        self.responses: dict[int, bytes] = {}
        self.ready = threading.Event()
        self.dropped = threading.Event()
        self._queue = deque(enumerate(requests))
        self._requests = requests

    def waiting(self) -> bool:
        if self.dropped.is_set():
            self._queue.clear()
        return bool(self._queue)

    def take(self) -> tuple[int, bytes]:
        return self._queue.popleft()

    def settle(self, results: list[tuple[int, bytes | None]]) -> None:
        for position, outcome in results:
            # An empty response is serialised to no bytes at all.
            self.responses[position] = internal_error(None) if outcome is None else outcome

    def rest(self) -> None:
        if len(self.responses) == len(self._requests):
            self.ready.set()
