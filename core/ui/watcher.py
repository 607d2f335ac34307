"""One thread that keeps every job moving: sends what waits, polls operations, counts shards.

However many browsers look on, each operation is asked about once an interval; when nobody looks the
interval is longer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from core.buckets import Buckets
from core.errors import BadShard, ContactSheetError
from core.jobs.answers import SeenShard
from core.jobs.connection import Connection
from core.jobs.operations import Jobs
from core.jobs.records import Operation, OperationState
from core.logs import about, fields
from core.results.shards import ShardFile, list_shards
from core.ui.shard_counts import ShardCount, altered, count_shard, lost_shard

LOOKED_AT_S = 2.0
UNWATCHED_S = 20.0
WATCHED_FOR_S = 10.0  # after the last look, somebody is taken to be still there
SENDERS = 2
AGAIN_S = 60.0  # between two looks at a finished job's shards
CAUGHT_UP = 50  # newest jobs whose counts are completed after a restart

log = logging.getLogger("core.ui.watcher")


class Watcher:
    """Starts with ``start``; pages call ``look`` while they show live state.

    Args:
        jobs: the jobs to move.
        connection: gives the backend; may raise ``ContactSheetError`` while there is none.
        keep_alive: called first in every round; starts the engine if it is down.
    """

    def __init__(
        self, jobs: Jobs, connection: Callable[[], Connection], keep_alive: Callable[[], None]
    ) -> None:
        self._jobs = jobs
        self._connection = connection
        self._keep_alive = keep_alive
        self._counts: dict[tuple[str, int], ShardCount] = {}
        self._owed: set[int] = set()  # operations whose last count did not succeed
        self._altered: set[int] = set()  # operations to be counted anew
        self._compared: dict[str, float] = {}  # finished jobs, when their shards were looked at
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="sender")
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._looked = 0.0
        self._caught_up = False
        self.engine_fault: ContactSheetError | None = None
        self.problems: list[ContactSheetError] = []  # of the last round, for pages to show
        self.rounded: float | None = None  # when the last round was over, ``time.monotonic``
        self._told: set[str] = set()

    def start(self) -> None:
        """Begin in a thread of its own."""
        threading.Thread(target=self._run, name="watcher", daemon=True).start()

    def stop(self) -> None:
        """End after the round under way."""
        self._ended.set()
        self._wake.set()
        self._senders.shutdown(wait=False, cancel_futures=True)

    def look(self) -> None:
        """Somebody looks on: poll at the shorter interval for a while."""
        waiting = time.monotonic() - self._looked > WATCHED_FOR_S
        self._looked = time.monotonic()
        if waiting:
            self._wake.set()

    def send_soon(self) -> None:
        """There is something new to send."""
        self._wake.set()

    def look_again(self, job_id: str) -> None:
        """Somebody opens a job: if it is over, see whether its shards are as they were counted."""
        now = time.monotonic()
        due = now - self._compared.get(job_id, -AGAIN_S) >= AGAIN_S
        if due and not self._ended.is_set():
            self._compared[job_id] = now
            self._senders.submit(self._compare, job_id)

    def _compare(self, job_id: str) -> None:
        try:
            job, connection = self._jobs.get(job_id), self._connection()
            if not job.final or job.backend != connection.id:
                return
            changed = altered(connection.buckets, job, self._jobs.reuse.counted(job_id))
        except ContactSheetError as error:
            log.info("its shards cannot be compared: %s", error, extra=fields(job=job_id))
            return
        if changed:
            told = fields(job=job_id, operations=len(changed))
            log.warning("shards were altered after they were counted", extra=told)
            self._altered |= set(changed)
            self._wake.set()

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
        told = {str(problem) for problem in self.problems}
        for problem in sorted(told - self._told):
            log.warning("%s", problem)  # once, not in every round that it lasts
        self._told = told

    def _move(self, connection: Connection) -> list[ContactSheetError]:
        for job_id in self._jobs.pending():
            self._senders.submit(self._send, job_id)
        # Taken before polling, so that an operation that ends in this round is counted once more.
        watched = self._to_count(connection.id)
        problems = list(self._jobs.poll())
        for operation in watched:
            try:
                with about(job=operation.job_id, operation=operation.name):
                    self._count(connection.buckets, operation)
                self._owed.discard(operation.id)
                self._altered.discard(operation.id)
            except ContactSheetError as error:
                self._owed.add(operation.id)
                problems.append(error)
        return problems

    def _send(self, job_id: str) -> None:
        with about(job=job_id):
            try:
                self._jobs.send(job_id)
            except Exception:  # the job itself says why; a fault of ours would go unseen
                log.exception("sending failed")

    def _to_count(self, backend: str) -> list[Operation]:
        jobs = list(self._jobs.ledger.open_jobs(backend))
        if not self._caught_up:
            # A dashboard that was killed may have noted an end and not the last count.
            jobs += [job for job in self._jobs.list(CAUGHT_UP) if job.final]
            self._caught_up = True
        found = {o.id: o for job in jobs for o in job.operations}
        altered_ids = set(self._altered)
        for key in (self._owed | altered_ids) - found.keys():
            if (operation := self._jobs.ledger.operation(key)) is not None:
                found[key] = operation
        return [o for o in found.values() if _may_grow(o) or o.id in altered_ids]

    def _count(self, buckets: Buckets, operation: Operation) -> None:
        now = self._jobs.ledger.operation(operation.id)
        over = now is None or now.state.final
        found = list_shards(buckets, operation.prefix)
        damaged = self._read(buckets, operation, found, over)
        counted = [c for s in found if (c := self._counts.get((s.uri, s.generation))) is not None]
        self._jobs.record_progress(
            operation.id,
            len(counted),
            sum(part.pictures for part in counted),
            sum(len(part.failed) for part in counted),
            anew=operation.id in self._altered,
        )
        if over:
            for shard in found:
                self._counts.pop((shard.uri, shard.generation), None)
        elif damaged:
            raise damaged[0]

    def _read(
        self, buckets: Buckets, operation: Operation, found: Sequence[ShardFile], over: bool
    ) -> list[BadShard]:
        """Count shards that are new; who got an answer is noted before the counts are.

        A damaged one may be half written while the operation runs; afterwards it stays damaged.
        """
        new = [s for s in found if (s.uri, s.generation) not in self._counts]
        uris = self._jobs.uris(operation.id) if new else []
        fresh: dict[tuple[str, int], ShardCount] = {}
        seen: list[SeenShard] = []
        damaged: list[BadShard] = []
        try:
            for shard in new:
                key = (shard.uri, shard.generation)
                try:
                    fresh[key] = told = count_shard(buckets, shard, uris)
                except BadShard as error:
                    damaged.append(error)
                    if not over:
                        continue
                    fresh[key] = told = lost_shard(shard)
                seen.append(SeenShard(*key, shard.first, told.pictures, told.failed))
        finally:
            if seen:
                self._jobs.reuse.record(operation.id, seen)
            self._counts |= fresh
        return damaged


def _may_grow(operation: Operation) -> bool:
    if operation.state is OperationState.PLANNED:
        return False
    counted = 0 < operation.pictures <= operation.pictures_done
    return not (operation.state.final and counted)
