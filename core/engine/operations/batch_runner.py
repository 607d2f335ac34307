"""Asynchronous operations and direct requests, run over one executor.

What is on disk is always enough to go on from: see ``operation_work``.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from core.buckets import Buckets
from core.engine.operations.dispatcher import Dispatcher
from core.engine.operations.files_work import FilesWork, copy_stem
from core.engine.operations.operation_work import ImagesWork, internal_error
from core.engine.operations.records import OperationRecord, Unfinished
from core.engine.operations.retrying import Retrying
from core.engine.operations.store import OperationStore
from core.engine.workers.executors import Executors
from core.engine.workers.file_pages import run
from core.engine.workers.worker import WorkerConfig

log = logging.getLogger("engine.batch")


class BatchRunner:
    """Runs operations and direct requests over one executor.

    Args:
        store: where operations live.
        buckets: where shards go.
        executors: makes the executor whose processes annotate.
        config: what each worker needs.
        copies: a folder for the copies of files that are worked on; made when it is not there.
    """

    def __init__(
        self,
        store: OperationStore,
        buckets: Buckets,
        executors: Executors,
        config: WorkerConfig,
        copies: Path,
    ) -> None:
        copies.mkdir(parents=True, exist_ok=True)
        self.copies = copies
        self._store = store
        self._buckets = buckets
        self._patience = Retrying()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="shards")
        self._dispatcher = Dispatcher(
            executors, partial(run, config), window=lambda: 2 * executors.width()
        )
        self._running: dict[str, ImagesWork | FilesWork] = {}
        self._direct: set[_DirectWork] = set()
        self._stopped = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin, with everything that an earlier engine left unfinished."""
        waiting = self._store.unfinished()
        self._sweep({copy_stem(unfinished.record.name) for unfinished in waiting})
        for unfinished in waiting:
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
        self._patience.stop()
        if not self._dispatcher.stop(grace_s):
            log.warning("pictures were still under way; they will be annotated again")
        with self._lock:  # calls that still wait would keep the process from ending
            self._stopped = True
            for work in self._direct:
                work.ready.set()
        self._writer.shutdown(wait=True, cancel_futures=True)

    def submit(self, record: OperationRecord, request: bytes) -> None:
        """Run a new operation that is already in the store."""
        self._add(Unfinished(record, request, frozenset(), frozenset()))

    def cancel(self, name: str) -> None:
        """End an operation after the pictures that are being annotated now."""
        name = self._store.cancel(name).name
        with self._lock:
            work = self._running.get(name)
        log.info("operation=%s is to be cancelled", name)
        if work is not None:
            work.cancelled.set()
            self._dispatcher.drop(work)

    def annotate(
        self,
        tasks: Sequence[Any],
        timeout: float | None,
        lost: Callable[[int], bytes] = lambda _: internal_error(None),
    ) -> list[bytes]:
        """Annotate pictures or pages before all others; serialised responses, in order.

        Args:
            tasks: each as ``file_pages.run`` takes it.
            lost: the response of a task, by its place, that no worker survived.

        Raises:
            TimeoutError: they were not done in time, or before ``stop``; those not begun are
                dropped.
        """
        work = _DirectWork(tasks, lost)
        with self._lock:
            self._direct.add(work)
            if self._stopped:
                work.ready.set()
        self._dispatcher.add(work)
        work.ready.wait(timeout)
        with self._lock:
            self._direct.remove(work)
        if not work.complete():
            work.dropped.set()
            self._dispatcher.drop(work)
            raise TimeoutError
        return [work.responses[position] for position in range(len(tasks))]

    def _add(self, unfinished: Unfinished) -> None:
        parts = (self._store, self._buckets, self._writer, unfinished, self._ended, self._patience)
        files = unfinished.record.response is not None
        work = FilesWork(*parts, copies=self.copies) if files else ImagesWork(*parts)
        with self._lock:
            self._running[work.label] = work
        self._dispatcher.add(work)

    def _ended(self, name: str) -> None:
        with self._lock:
            work = self._running.pop(name, None)
        if isinstance(work, FilesWork):
            work.clean()

    def _sweep(self, stems: set[str]) -> None:
        # What a killed engine left: copies for direct requests, and halves of copies.
        for path in self.copies.iterdir():
            if path.suffix or path.name.rpartition("-")[0] not in stems:
                path.unlink()


class _DirectWork:
    """Pictures or pages that a client waits for."""

    urgent = True
    label = "direct"

    def __init__(self, tasks: Sequence[Any], lost: Callable[[int], bytes]) -> None:
        self.responses: dict[int, bytes] = {}
        self.ready = threading.Event()
        self.dropped = threading.Event()
        self._queue = deque(enumerate(tasks))
        self._count = len(tasks)
        self._lost = lost

    def waiting(self) -> bool:
        if self.dropped.is_set():
            self._queue.clear()
        return bool(self._queue)

    def take(self) -> tuple[int, Any]:
        return self._queue.popleft()

    def settle(self, results: list[tuple[int, bytes | None]]) -> None:
        for position, outcome in results:
            # An empty response is serialised to no bytes at all.
            self.responses[position] = self._lost(position) if outcome is None else outcome

    def rest(self) -> None:
        if self.complete():
            self.ready.set()

    def complete(self) -> bool:
        """Whether every task has its response."""
        return len(self.responses) == self._count
