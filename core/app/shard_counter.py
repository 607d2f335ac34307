"""Counts the shards of operations while they run, and afterwards until all were seen.

A job's folder is listed once for all its operations, and each shard is read once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from os.path import commonprefix

from core.app.shard_counts import ShardCount, count_shard, lost_shard, together
from core.buckets import BucketReader
from core.errors import BadShard
from core.jobs.ledger.records import Operation
from core.jobs.reuse.answers import SeenShard
from core.jobs.runner import Runner
from core.jobs.service.backoff import Backoff
from core.logs import about
from core.results.shards.runs import newest_runs
from core.results.shards.shard_files import ShardFile, list_shards, shards_beginning

_Counts = dict[tuple[str, int], ShardCount]  # by address and generation


class ShardCounter:
    """Safe to share between threads, as long as a job is counted by one at a time."""

    def __init__(self, jobs: Runner, clock: Callable[[], float]) -> None:
        self._jobs = jobs
        self._pauses = Backoff(clock)  # of shards that may be half written
        self._faults: dict[tuple[str, int], BadShard] = {}  # theirs
        self._counts: dict[int, _Counts] = {}  # of operations that may get more shards

    def count(
        self, buckets: BucketReader, operations: Sequence[Operation], again: AbstractSet[int]
    ) -> None:
        """Count some operations of one job.

        Args:
            again: ids of operations that were counted before, and may have changed since.

        Raises:
            BucketError: they cannot be listed, or a shard not be read.
            BadShard: a shard is damaged, of an operation that may still write it again.
        """
        # Asked before the listing: what is over by then has nothing in it that is half written.
        now = {o.id: self._jobs.ledger.operation(o.id) for o in operations}
        prefix = commonprefix([o.prefix for o in operations])  # noqa: RUF071 - as listings take it
        shards = shards_beginning(buckets, prefix)
        damaged: list[BadShard] = []
        for operation in operations:
            mine = [shard for shard in shards if shard.folder == operation.prefix]
            if not operation.pictures:  # taken up by its name: its folder may have been used before
                mine = newest_runs(mine or list_shards(buckets, operation.prefix))
            current = now[operation.id]
            over = current is None or current.state.final
            with about(job=operation.job_id, operation=operation.name):
                faults = self._operation(buckets, operation, mine, over, operation.id in again)
            damaged += [] if over else faults
        if damaged:
            raise damaged[0]

    def _operation(
        self,
        buckets: BucketReader,
        operation: Operation,
        shards: Sequence[ShardFile],
        over: bool,
        again: bool,
    ) -> list[BadShard]:
        counts = self._counts.setdefault(operation.id, {})
        damaged = self._read(buckets, operation, shards, counts, over)
        known = [(s, c) for s in shards if (c := counts.get((s.uri, s.generation))) is not None]
        counted = together(known)
        whole = 0 < operation.pictures <= counted.pictures
        self._jobs.record_progress(
            operation.id,
            len(known),
            counted.pictures,
            len(counted.failed),
            recounted=again or whole,
        )
        now = self._jobs.ledger.operation(operation.id)
        if now is None or (now.state.final and now.owed_until is None):
            self._counts.pop(operation.id, None)
        return damaged

    def _read(
        self,
        buckets: BucketReader,
        operation: Operation,
        shards: Sequence[ShardFile],
        counts: _Counts,
        over: bool,
    ) -> list[BadShard]:
        """Count shards that are new; who got an answer is noted before the counts are.

        A damaged one may be half written while the operation runs; afterwards it stays damaged.
        """
        new = [s for s in shards if (s.uri, s.generation) not in counts]
        uris = self._jobs.ledger.uris(operation.id) if new else []
        fresh: _Counts = {}
        seen: list[SeenShard] = []
        damaged: list[BadShard] = []
        try:
            for shard in new:
                key = (shard.uri, shard.generation)
                if not over and not self._pauses.due(key):
                    damaged.append(self._faults[key])
                    continue
                try:
                    count = count_shard(buckets, shard, uris, paged=operation.paged)
                    fresh[key] = count
                except BadShard as error:
                    damaged.append(error)
                    if not over:
                        self._faults[key] = error
                        self._pauses.grow(key)
                        continue
                    fresh[key] = count = lost_shard(shard)
                size = len(count.numbers) or shard.last - shard.first + 1
                seen.append(SeenShard(*key, shard.first, size, count.failed, count.numbers))
        finally:
            if seen:
                self._jobs.record_answers(operation.id, seen)
            counts |= fresh
        return damaged
