"""One asynchronous operation as work for the dispatcher: journal, shards, end."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from core.buckets import Buckets, GcsUri
from core.engine.operation_records import CANCELLED_CODE, Unfinished
from core.engine.operation_store import OperationStore
from core.engine.shard_writer import shard_ranges, write_shard
from core.engine.worker import INTERNAL, PERMISSION_DENIED, UNAVAILABLE, source_uri
from core.errors import BucketError, BucketUnavailable

log = logging.getLogger("engine.batch")

SHARD_TRIES = 5  # with the client's own retries: about half a minute without the emulator


class OperationWork:
    """The pictures of one operation.

    Journalled as they come back; each shard is written as soon as its last picture is there.

    Args:
        writer: one thread, on which shards are written in order.
        unfinished: the operation with what an earlier engine left of it.
        ended: called with the name at the end.
    """

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
        asked = vision.AsyncBatchAnnotateImagesRequest.pb().FromString(unfinished.request)
        self._requests: list[bytes] = [one.SerializeToString() for one in asked.requests]
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
            (position, internal_error(self._requests[position]) if outcome is None else outcome)
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
        # Once it has failed it is finished, and a second end has no effect.
        if all(shard in self._written for shard in self._missing):
            self._store.finish(self.label)
        elif self.cancelled.is_set():
            self._store.finish(self.label, CANCELLED_CODE, "The operation was cancelled.")
        else:
            # Only a fault of ours, such as a journal that could not be written, leaves one out.
            self._store.finish(self.label, INTERNAL, "Internal error.")
        log.info("operation=%s ended", self.label)
        self._ended(self.label)


def internal_error(request: bytes | None) -> bytes:
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
