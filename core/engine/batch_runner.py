"""Asynchronous operations and direct requests as work for the dispatcher.

An operation's pictures are journalled as they come back, and each shard is written as soon as its
last picture is there. What is on disk is always enough to go on from.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

from core.buckets import Buckets, GcsUri
from core.engine.dispatcher import Dispatcher
from core.engine.operation_records import CANCELLED_CODE, OperationRecord, Unfinished
from core.engine.operation_store import OperationStore
from core.engine.shard_writer import shard_ranges, write_shard
from core.engine.worker import (
    INTERNAL,
    PERMISSION_DENIED,
    UNAVAILABLE,
    WorkerConfig,
    annotate,
    source_uri,
)
from core.errors import BucketError, BucketUnavailable

log = logging.getLogger("engine.batch")

SHARD_TRIES = 5  # with the client's own retries: about half a minute without the emulator


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
        self._running: dict[str, _OperationWork] = {}
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
        self._writer.shutdown(wait=True)

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
        work = _OperationWork(self._store, self._buckets, self._writer, unfinished, self._ended)
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
            self.responses[position] = _internal_error(None) if outcome is None else outcome

    def rest(self) -> None:
        if len(self.responses) == len(self._requests):
            self.ready.set()


class _OperationWork:
    """One operation: journal, shards, end."""

    urgent = False

    def __init__(
        self,
        store: OperationStore,
        buckets: Buckets,
        writer: ThreadPoolExecutor,
        unfinished: Unfinished,
        ended: Callable[[str], None],
    ) -> None:
        from google.cloud import vision

        self._store = store
        self._buckets = buckets
        self._writer = writer
        self._ended = ended
        self._record = unfinished.record
        self.label = unfinished.record.name
        self.cancelled = threading.Event()
        if unfinished.record.cancel:
            self.cancelled.set()
        asked = vision.AsyncBatchAnnotateImagesRequest.deserialize(unfinished.request)
        serialise = vision.AnnotateImageRequest.serialize
        self._requests: list[bytes] = [serialise(request) for request in asked.requests]
        self._failed = threading.Event()
        self._started = False
        self._missing: dict[range, int] = {}  # the dispatcher's thread alone
        self._written: set[range] = set()  # the writer's thread alone
        self._queue: deque[int] = deque()
        self._plan(unfinished)

    def _plan(self, unfinished: Unfinished) -> None:
        for shard in shard_ranges(len(self._requests), self._record.batch_size):
            if shard.start + 1 in unfinished.shards:
                continue
            todo = [position for position in shard if position not in unfinished.journalled]
            self._missing[shard] = len(todo)
            self._queue.extend(todo)

    def waiting(self) -> bool:
        if self.cancelled.is_set() or self._failed.is_set():
            self._queue.clear()
        return bool(self._queue)

    def take(self) -> tuple[int, bytes]:
        if not self._started:
            self._begin()
        position = self._queue.popleft()
        return position, self._requests[position]

    def _begin(self) -> None:
        self._started = True
        self._store.start(self.label)
        # Nobody should pay for pictures whose results have no place to go.
        self._later(self._check_bucket)

    def settle(self, results: list[tuple[int, bytes | None]]) -> None:
        texts = [
            (position, _internal_error(self._requests[position]) if outcome is None else outcome)
            for position, outcome in results
        ]
        self._store.journal(self.label, [(position, text.decode()) for position, text in texts])
        for position, _ in results:
            start = position - position % self._record.batch_size
            shard = range(start, min(start + self._record.batch_size, len(self._requests)))
            self._missing[shard] -= 1
            if self._missing[shard] == 0:
                self._later(partial(self._write, shard))

    def rest(self) -> None:
        # After a restart a shard can be all annotated and not written.
        for shard, missing in self._missing.items():
            if missing == 0:
                self._later(partial(self._write, shard))
        self._later(self._end)

    def _later(self, step: Callable[[], None]) -> None:
        """On the writer's one thread, in order; a fault of ours ends the operation, visibly."""

        def guarded() -> None:
            try:
                step()
            except Exception:
                log.exception("operation=%s failed", self.label)
                self._failed.set()
                self._store.finish(self.label, INTERNAL, "Internal error.")
                self._ended(self.label)

        self._writer.submit(guarded)

    def _check_bucket(self) -> None:
        try:
            self._buckets.check_bucket(GcsUri.parse(self._record.output_uri).bucket)
        except BucketUnavailable:
            return  # it may be back by the time the first shard is ready
        except BucketError as error:
            self._fail(error)

    def _write(self, shard: range) -> None:
        if self._failed.is_set() or shard in self._written:
            return
        for attempt in range(1, SHARD_TRIES + 1):
            try:
                responses = self._store.journalled(self.label, shard)
                write_shard(self._buckets, self._record.output_uri, shard, responses)
                break
            except BucketError as error:
                log.warning("operation=%s shard from %d: %s", self.label, shard.start + 1, error)
                if attempt == SHARD_TRIES or not isinstance(error, BucketUnavailable):
                    self._fail(error)
                    return
        self._store.shard_written(self.label, shard)
        self._written.add(shard)

    def _fail(self, error: BucketError) -> None:
        log.error("operation=%s its results cannot be written: %s", self.label, error)
        self._failed.set()
        code = UNAVAILABLE if isinstance(error, BucketUnavailable) else PERMISSION_DENIED
        self._store.finish(
            self.label, code, f"Error writing final output to: {self._record.output_uri}."
        )

    def _end(self) -> None:
        if self.cancelled.is_set():
            self._store.finish(self.label, CANCELLED_CODE, "The operation was cancelled.")
        elif not self._failed.is_set():
            self._store.finish(self.label)
        log.info("operation=%s ended", self.label)
        self._ended(self.label)


def _internal_error(request: bytes | None) -> bytes:
    """The response of a picture that no worker survived."""
    from google.cloud import vision
    from google.protobuf import json_format

    response = vision.AnnotateImageResponse()
    response.error.code, response.error.message = INTERNAL, "Internal error."
    if request is None:
        serialised: bytes = vision.AnnotateImageResponse.serialize(response)
        return serialised
    response.context.uri = source_uri(vision.AnnotateImageRequest.deserialize(request))
    text = json_format.MessageToJson(vision.AnnotateImageResponse.pb(response), indent=None)
    return text.encode()
