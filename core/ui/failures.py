"""Which pictures of a job have no good result: told by position, so it works for any shard."""

from __future__ import annotations

from core.buckets import Buckets
from core.errors import BadShard
from core.jobs.operations import Jobs
from core.results.shards import list_shards
from core.ui.shard_counts import count_shard
from core.ui.tasks import Report


def failed_uris(jobs: Jobs, buckets: Buckets, job_id: str, report: Report) -> list[str]:
    """Addresses of the job's pictures that have no answer: no attempt gave one, or it is gone.

    Pictures of operations that are still running are not counted as failed. Those of a damaged
    shard, or of one that somebody has written over, are.

    Raises:
        BucketError: the shards cannot be read.
    """
    good: dict[str, bool] = {}
    operations = [o for o in jobs.get(job_id).operations if o.state.final]
    for done, operation in enumerate(operations):
        uris = jobs.uris(operation.id)
        failed = set(range(1, len(uris) + 1))
        for shard in list_shards(buckets, operation.prefix):
            try:
                counted = count_shard(buckets, shard, uris)
            except BadShard:
                continue
            failed -= set(range(shard.first, shard.first + counted.pictures)) - counted.failed
        for position, uri in enumerate(uris, start=1):
            good[uri] = good.get(uri, False) or position not in failed
        report(done + 1, len(operations))
    failed_here = [uri for uri, is_good in good.items() if not is_good]
    return list(dict.fromkeys([*failed_here, *jobs.reuse.gone(job_id)]))
