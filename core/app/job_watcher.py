"""One thread that keeps every job moving: sends what waits, polls operations, counts shards.

However many browsers look on, each operation is asked about once an interval; when nobody looks the
interval is longer. What may take long goes on in threads of its own, so that a storage that is away
holds up neither a round nor another job; a job that is in trouble is tried with growing pauses.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

from core.app.shard_counter import ShardCounter
from core.app.shard_counts import altered
from core.errors import BadShard, ContactSheetError, EngineNotRunning
from core.jobs.ledger.records import Operation, OperationState
from core.jobs.runner import Runner
from core.jobs.service.backoff import Backoff
from core.jobs.service.connection import Connection
from core.logs import about, fields

LOOKED_AT_S = 2.0
UNWATCHED_S = 20.0
WATCHED_FOR_S = 10.0  # after the last look, somebody is taken to be still there
SENDERS = 2
COUNTERS = 4
COUNTED_IN_S = 2.0  # a round waits so long for its counts; what takes longer goes on by itself
STORAGE_S = 5.0  # for an answer of the storage, which is asked again later
AGAIN_S = 60.0  # between two looks at a finished job's shards

log = logging.getLogger("core.ui.watcher")


class JobWatcher:
    """Starts with ``start``; pages call ``look`` while they show live state.

    Args:
        jobs: the jobs to move.
        connection: gives the backend; may raise ``ContactSheetError`` while there is none.
        keep_alive: called first in every round; starts the engine if it is down.
        clock: seconds, for tests.
        also: called in every round that has a backend.
    """

    def __init__(
        self,
        jobs: Runner,
        connection: Callable[[], Connection],
        keep_alive: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        self._also = also
        self._jobs = jobs
        self._connection = connection
        self._keep_alive = keep_alive
        self._clock = clock
        self._counter = ShardCounter(jobs, clock)
        self._again: set[int] = set()  # operations that are over and have other shards than before
        self._counting: set[str] = set()  # jobs
        self._sending: set[str] = set()  # jobs
        self._troubles: dict[str, ContactSheetError] = {}  # job -> why it cannot be counted
        self._pauses = Backoff(clock)  # of jobs in trouble, and of operations that are owed shards
        self._compared: dict[str, float] = {}  # jobs, when their shards were looked at
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="sender")
        self._counters = ThreadPoolExecutor(COUNTERS, thread_name_prefix="counter")
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._looked = 0.0
        self.engine_fault: ContactSheetError | None = None
        self.problems: list[ContactSheetError] = []  # of the last round, for pages to show
        self.rounded: float | None = None  # when the last round was over, ``time.monotonic``
        self._reported: set[str] = set()
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """False once the thread has ended by itself."""
        thread = self._thread
        return thread is None or thread.is_alive() or self._ended.is_set()

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the round under way."""
        self._ended.set()
        self._wake.set()
        for pool in (self._senders, self._counters):
            pool.shutdown(wait=False, cancel_futures=True)

    def look(self) -> None:
        """Somebody looks on: poll at the shorter interval for a while."""
        waiting = time.monotonic() - self._looked > WATCHED_FOR_S
        self._looked = time.monotonic()
        if waiting:
            self._wake.set()

    def send_soon(self) -> None:
        """There is something new to send."""
        self._wake.set()

    def trouble(self, job_id: str) -> ContactSheetError | None:
        """Why a job's results cannot be counted now; None if they can. It is tried again."""
        return self._troubles.get(job_id)

    def look_again(self, job_id: str) -> None:
        """Somebody opens a job: count at once what is due, and if it is over, what has changed."""
        now = self._clock()
        due = now - self._compared.get(job_id, -AGAIN_S) >= AGAIN_S
        if due and not self._ended.is_set():
            self._compared[job_id] = now
            self._counters.submit(self._compare, job_id)

    def _compare(self, job_id: str) -> None:
        try:
            job, connection = self._jobs.get(job_id), self._connection()
            if job.backend != connection.id:
                return
            for key in (job_id, *(o.id for o in job.operations)):
                self._pauses.end(key)
            if not job.final:
                self._wake.set()
            else:
                counted = self._jobs.counted_shards(job_id)
                changed = altered(connection.buckets.hurried(STORAGE_S), job, counted)
                if changed:
                    extra = fields(job=job_id, operations=len(changed))
                    log.info("shards have changed since they were counted", extra=extra)
                    self._again |= set(changed)
                    self._wake.set()
        except ContactSheetError as error:
            log.info("its shards cannot be compared: %s", error, extra=fields(job=job_id))

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.round()
                self.rounded = time.monotonic()
            except Exception:
                # The thread must outlive any fault, or every job would stand still.
                log.exception("a round of the watcher failed")
            watched = time.monotonic() - self._looked < WATCHED_FOR_S
            self._wake.wait(LOOKED_AT_S if watched or self.problems else UNWATCHED_S)
            self._wake.clear()

    def round(self) -> None:
        """Do once what the thread does over and over."""
        try:
            self._keep_alive()
            self.engine_fault = None
        except ContactSheetError as error:
            self.engine_fault = error
        try:
            self.problems = self._move(self._connection())
        except ContactSheetError as error:
            self.problems = [error]
        reported = {str(problem): problem for problem in self.problems}
        for said, problem in sorted(reported.items()):
            if said not in self._reported:  # once, not in every round that it lasts
                starting = isinstance(problem, EngineNotRunning) and self.engine_fault is None
                log.log(logging.INFO if starting else logging.WARNING, "%s", said)
        self._reported = set(reported)

    def _move(self, connection: Connection) -> list[ContactSheetError]:
        for job_id in self._jobs.pending():
            if job_id not in self._sending:
                self._sending.add(job_id)
                self._senders.submit(self._send, job_id)
        # Taken before polling, so that an operation that ends in this round is counted once more.
        due = self._to_count(connection.id)
        problems = list(self._jobs.poll())
        self._counting |= due.keys()
        started = [self._counters.submit(self._count, connection, *one) for one in due.items()]
        wait(started, COUNTED_IN_S)
        self._also()
        return problems

    def _send(self, job_id: str) -> None:
        with about(job=job_id):
            try:
                self._jobs.send(job_id)
            except Exception:  # the job itself says why; a fault of ours would go unseen
                log.exception("sending failed")
            finally:
                self._sending.discard(job_id)

    def _to_count(self, backend: str) -> dict[str, list[Operation]]:
        """Operations whose shards may be other than they were counted, by job."""
        jobs = self._jobs.ledger.uncounted_jobs(backend)
        operations = {o.id: o for job in jobs for o in job.operations}
        for key in self._again - operations.keys():
            if (operation := self._jobs.ledger.operation(key)) is not None:
                operations[key] = operation
            else:  # forgotten with its job
                self._again.discard(key)
        theirs = {operation.job_id for operation in operations.values()}
        self._pauses.keep([*operations, *theirs])
        for job_id in set(self._troubles) - theirs:
            self._troubles.pop(job_id, None)
        due: dict[str, list[Operation]] = {}
        for operation in operations.values():
            free = operation.job_id not in self._counting and self._pauses.due(operation.job_id)
            if free and self._may_have_changed(operation):
                due.setdefault(operation.job_id, []).append(operation)
        return due

    def _may_have_changed(self, operation: Operation) -> bool:
        # One in doubt is looked for elsewhere, and runs as soon as it has a shard.
        owed = operation.owed_until is not None and self._pauses.due(operation.id)
        running = operation.state is OperationState.RUNNING
        return running or owed or operation.id in self._again

    def _count(self, connection: Connection, job_id: str, operations: list[Operation]) -> None:
        try:
            self._count_now(connection, job_id, operations)
        except Exception:  # a fault of ours would go unseen
            log.exception("counting failed", extra=fields(job=job_id))
            self._pauses.grow(job_id)
        finally:
            self._counting.discard(job_id)

    def _count_now(self, connection: Connection, job_id: str, operations: list[Operation]) -> None:
        again = self._again & {operation.id for operation in operations}
        trouble: ContactSheetError | None = None
        try:
            self._counter.count(connection.buckets.hurried(STORAGE_S), operations, again)
        except ContactSheetError as error:
            trouble = error
        if trouble is None:
            self._troubles.pop(job_id, None)
        else:
            if str(trouble) != str(self._troubles.get(job_id, "")):
                log.warning("cannot be counted: %s", trouble, extra=fields(job=job_id))
            self._troubles[job_id] = trouble
            if not isinstance(trouble, BadShard):  # beside which the others were counted
                self._pauses.grow(job_id)
                return
        self._pauses.end(job_id)
        self._again -= again
        for operation in operations:
            if operation.state.final:
                self._pauses.grow(operation.id)
