"""Which pictures of a job have no good result: told by position, so it works for any shard."""

from __future__ import annotations

from core.buckets import Buckets
from core.jobs.operations import Jobs
from core.results.shards import list_shards, tally
from core.ui.tasks import Report


def failed_uris(jobs: Jobs, buckets: Buckets, job_id: str, report: Report) -> list[str]:
    """Addresses of the job's pictures that have no answer: no attempt gave one, or it is gone.

    Pictures of operations that are still running are not counted as failed.

    Raises:
        BucketError: the shards cannot be read.
        BadShard: a shard is damaged, so that nothing can be said of its pictures.
    """
    good: dict[str, bool] = {}
    operations = [o for o in jobs.get(job_id).operations if o.state.final]
    for done, operation in enumerate(operations):
        uris = jobs.uris(operation.id)
        failed = set(range(1, len(uris) + 1))
        for shard in list_shards(buckets, operation.prefix):
            counted = tally(buckets.read(shard.uri), shard)
            faults = {fault.position for fault in counted.errors}
            failed -= set(range(shard.first, shard.first + counted.pictures)) - faults
        for position, uri in enumerate(uris, start=1):
            good[uri] = good.get(uri, False) or position not in failed
        report(done + 1, len(operations))
    failed_here = [uri for uri, is_good in good.items() if not is_good]
    return list(dict.fromkeys([*failed_here, *jobs.reuse.gone(job_id)]))
