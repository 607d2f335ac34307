"""One asynchronous operation as work for the dispatcher: journal, shards, end."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from core.buckets import Buckets, GcsUri
from core.engine.operations.records import CANCELLED_CODE, Unfinished
from core.engine.operations.retrying import Retrying, Stopped
from core.engine.operations.shard_writer import OutputShard, shard_ranges, write_shard
from core.engine.operations.store import OperationStore
from core.engine.workers.vectors import parted
from core.engine.workers.worker import INTERNAL, PERMISSION_DENIED, source_uri
from core.errors import BucketError, BucketUnavailable
from core.logs import fields

log = logging.getLogger("engine.batch")


class OperationWork(ABC):
    """What operations on pictures and on files have in common.

    Responses are journalled as they come back; each shard is written as soon as its last response
    is there. A full disk and a storage that does not answer are waited for.

    Args:
        writer: one thread, on which shards are written in order.
        unfinished: the operation with what an earlier engine left of it.
        ended: called with the name at the end.
        patience: what waiting is done with.
    """

    urgent = False

    def __init__(
        self,
        store: OperationStore,
        buckets: Buckets,
        writer: ThreadPoolExecutor,
        unfinished: Unfinished,
        ended: Callable[[str], None],
        patience: Retrying,
    ) -> None:
        self._patience = patience
        self._store = store
        self._buckets = buckets
        self._writer = writer
        self._ended = ended
        self._record = unfinished.record
        self.label = unfinished.record.name
        self.cancelled = threading.Event()
        if unfinished.record.cancel:
            self.cancelled.set()
        self._journalled = unfinished.journalled
        self._written_before = unfinished.shards
        self._failed = threading.Event()
        self._halted = threading.Event()  # something was given up because the engine stops
        self._started = False
        self._missing: dict[OutputShard, int] = {}  # the dispatcher's thread alone
        self._shard_of: dict[int, OutputShard] = {}
        self._written: set[OutputShard] = set()  # the writer's thread alone
        self._queue: deque[int] = deque()

    @abstractmethod
    def _task(self, position: int) -> Any:
        """What the executor runs for a position."""

    @abstractmethod
    def _lost(self, position: int) -> bytes:
        """The JSON of a response that no worker survived."""

    @abstractmethod
    def _output_uris(self) -> list[str]:
        """Where results go."""

    def _fault(self) -> tuple[int, str]:
        """Code and message with which it ends although all its shards are written; 0 for well."""
        return 0, ""

    def _expect(self, shards: Iterable[OutputShard]) -> None:
        """These are to be written; what is left of them is put into the queue."""
        for shard in shards:
            if shard.positions.start + 1 in self._written_before:
                continue
            todo = [position for position in shard.positions if position not in self._journalled]
            self._missing[shard] = len(todo)
            self._shard_of.update(dict.fromkeys(todo, shard))
            self._queue.extend(todo)

    def waiting(self) -> bool:
        if self.cancelled.is_set() or self._failed.is_set():
            self._queue.clear()
        return bool(self._queue)

    def take(self) -> tuple[int, Any]:
        if not self._started:
            self._begin()
        position = self._queue.popleft()
        return position, self._task(position)

    def _begin(self) -> None:
        self._started = True
        self._keep(partial(self._store.start, self.label))
        # Nobody should pay for pictures whose results have no place to go.
        self._later(self._check_buckets)

    def settle(self, results: list[tuple[int, bytes | None]]) -> None:
        answers = {
            position: parted(self._lost(position) if outcome is None else outcome)
            for position, outcome in results
        }
        texts = [(position, text) for position, (text, _) in answers.items()]
        vectors = {position: vector for position, (_, vector) in answers.items() if vector}
        try:
            # Nothing more is handed out meanwhile: what is not kept would be paid for again.
            self._keep(partial(self._store.journal, self.label, texts, vectors))
        except Stopped:
            self._halted.set()  # the next life annotates these again
            return
        for position, _ in results:
            shard = self._shard_of.pop(position)
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
            except Stopped:
                self._halted.set()
                log.info("operation=%s goes on at the next start", self.label)
            except Exception:
                log.exception("operation=%s failed", self.label)
                self._failed.set()
                self._finish(INTERNAL, "Internal error.")
                self._ended(self.label)

        self._writer.submit(guarded)

    def _keep(self, step: Callable[[], None]) -> None:
        self._patience.until_done(step, f"operation={self.label}")

    def _finish(self, code: int = 0, message: str = "") -> None:
        self._keep(partial(self._store.finish, self.label, code, message))

    def _check_buckets(self) -> None:
        # One of each bucket: a hundred files mostly share theirs.
        for uri in {GcsUri.parse(uri).bucket: uri for uri in self._output_uris()}.values():
            try:
                self._buckets.check_bucket(GcsUri.parse(uri).bucket)
            except BucketUnavailable:
                continue  # it may be back by the time the first shard is ready
            except BucketError as error:
                self._fail(error, uri)

    def _write(self, shard: OutputShard) -> None:
        if self._failed.is_set() or shard in self._written:
            return
        try:
            self._patience.until_done(
                partial(self._put, shard),
                f"operation={self.label} {shard.numbers}",
                lambda: not self.cancelled.is_set(),
            )
        except BucketError as error:
            self._fail(error, shard.output_uri)
        except Stopped:
            if not self.cancelled.is_set():
                raise
        else:
            self._keep(partial(self._store.shard_written, self.label, shard.positions))
            self._written.add(shard)

    def _put(self, shard: OutputShard) -> None:
        responses = self._store.journalled(self.label, shard.positions)
        vectors = self._store.vectors(self.label, shard.positions)
        write_shard(self._buckets, shard, responses, vectors)

    def _fail(self, error: BucketError, output_uri: str) -> None:
        log.error("operation=%s its results cannot be written: %s", self.label, error)
        self._failed.set()
        self._finish(PERMISSION_DENIED, f"Error writing final output to: {output_uri}.")

    def _end(self) -> None:
        if self._halted.is_set():
            return
        # Once it has failed it is finished, and a second end has no effect.
        if self._all_written():
            outcome = self._fault()
        elif self.cancelled.is_set():
            outcome = (CANCELLED_CODE, "The operation was cancelled.")
        else:
            # Only a fault of ours, such as a journal that could not be written, leaves one out.
            outcome = (INTERNAL, "Internal error.")
        self._finish(*outcome)
        log.info(
            "ended",
            extra=fields(operation=self.label, code=outcome[0], shards=len(self._written)),
        )
        self._ended(self.label)

    def _all_written(self) -> bool:
        return all(shard in self._written for shard in self._missing)


class ImagesWork(OperationWork):
    """The pictures of one ``AsyncBatchAnnotateImagesRequest``."""

    def __init__(
        self,
        store: OperationStore,
        buckets: Buckets,
        writer: ThreadPoolExecutor,
        unfinished: Unfinished,
        ended: Callable[[str], None],
        patience: Retrying,
    ) -> None:
        from google.cloud import vision

        super().__init__(store, buckets, writer, unfinished, ended, patience)
        asked = vision.AsyncBatchAnnotateImagesRequest.pb().FromString(unfinished.request)
        self._requests: list[bytes] = [one.SerializeToString() for one in asked.requests]
        record = unfinished.record
        ranges = shard_ranges(len(self._requests), record.batch_size)
        self._expect(OutputShard(record.output_uri, numbers) for numbers in ranges)

    def _task(self, position: int) -> bytes:
        return self._requests[position]

    def _lost(self, position: int) -> bytes:
        return internal_error(self._requests[position])

    def _output_uris(self) -> list[str]:
        return [self._record.output_uri]


def internal_error(request: bytes | None) -> bytes:
    """The response of a picture that no worker survived.

    Args:
        request: for JSON with its address; None for serialised protobuf without.
    """
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
