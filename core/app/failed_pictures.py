"""Which pictures of a job have no good result: told by address, so it works for any shard."""

from __future__ import annotations

from collections.abc import Sequence

from core.app.shard_counts import Counted, count_shard, lost_shard, together
from core.app.tasks import Report
from core.buckets import Buckets
from core.errors import BadShard
from core.jobs.jobs import Jobs
from core.jobs.ledger.records import Operation
from core.results.shards.shard_files import list_operation


def failed_uris(jobs: Jobs, buckets: Buckets, job_id: str, report: Report) -> list[str]:
    """Addresses of the job's pictures that have no answer: no attempt gave one, or it is gone.

    Pictures of operations that are still running are not counted as failed, nor those of one that
    is done whose results are still arriving. Those of a damaged shard, or of one that somebody has
    written over, are.

    Raises:
        BucketError: the shards cannot be read.
    """
    good: dict[str, bool] = {}
    operations = [o for o in jobs.get(job_id).operations if o.state.final]
    for done, operation in enumerate(operations):
        uris = jobs.uris(operation.id)
        counted = _counted(buckets, operation, uris)
        answered = {number for _, number in counted.good}
        told = answered | {number for _, number in counted.failed}
        for number, uri in enumerate(uris, start=1):
            arriving = operation.arriving and number not in told
            good[uri] = good.get(uri, False) or number in answered or bool(arriving)
        report(done + 1, len(operations))
    failed_here = [uri for uri, is_good in good.items() if not is_good]
    return list(dict.fromkeys([*failed_here, *jobs.reuse.gone(job_id)]))


def _counted(buckets: Buckets, operation: Operation, uris: Sequence[str]) -> Counted:
    counts = []
    for shard in list_operation(buckets, operation.prefix):
        try:
            counts.append((shard, count_shard(buckets, shard, uris)))
        except BadShard:
            counts.append((shard, lost_shard(shard)))
    return together(counts)
