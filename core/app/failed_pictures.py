"""Which pictures of a job have no good result, and why: by address, so for any shard.

A file of pages is one of them as soon as one of its pages has none: it can only be sent whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.app.shard_counts import Counted, count_shard, lost_shard, together
from core.app.tasks import Report
from core.buckets import BucketReader
from core.errors import BadShard
from core.jobs.jobs import Jobs
from core.jobs.ledger.records import Operation
from core.results.shards.shard_files import list_operation

GONE = "The earlier job's answer is gone, or was changed in the bucket"
NO_ANSWER = "There is no answer to it in the shards"
OTHER_ANSWER = "Another picture's answer stands in its place"


def failed_uris(jobs: Jobs, buckets: BucketReader, job_id: str, report: Report) -> list[str]:
    """Addresses of ``failures``."""
    return list(failures(jobs, buckets, job_id, report))


def failures(jobs: Jobs, buckets: BucketReader, job_id: str, report: Report) -> dict[str, str]:
    """Address -> reason, of the job's pictures that no attempt answered, or whose answer is gone.

    Pictures of operations that are still running are not counted as failed, nor those of one that
    is done whose results are still arriving. Those of a damaged shard, or of one that somebody has
    written over, are.

    Raises:
        BucketError: the shards cannot be read.
    """
    reasons: dict[str, str] = {}  # "" for a good answer
    operations = [o for o in jobs.get(job_id).operations if o.state.final]
    for done, operation in enumerate(operations):
        uris = jobs.uris(operation.id)
        counted, said = _counted(buckets, operation, uris)
        answered = {number for _, number in counted.good}
        counted_numbers = answered | {number for _, number in counted.failed}
        here: dict[str, str] = {}  # by this operation; a file's pages all have one address
        for number, uri in enumerate(uris, start=1):
            if number in answered or (operation.arriving and number not in counted_numbers):
                why = ""
            else:
                missing = (
                    OTHER_ANSWER if number in counted_numbers else operation.error or NO_ANSWER
                )
                why = said.get(number) or missing
            here[uri] = here.get(uri) or why  # of a file, the first page that has none tells
        for uri, why in here.items():
            reasons[uri] = why if reasons.get(uri) != "" else ""
        report(done + 1, len(operations))
    failed = {uri: why for uri, why in reasons.items() if why}
    return failed | {uri: GONE for uri in jobs.reuse.gone(job_id) if uri not in failed}


def _counted(
    buckets: BucketReader, operation: Operation, uris: Sequence[str]
) -> tuple[Counted, dict[int, str]]:
    """What the operation's shards hold, and number -> reason of what has none."""
    counts, said = [], dict[int, str]()
    for shard in list_operation(buckets, operation.prefix):
        try:
            count = count_shard(buckets, shard, uris, paged=operation.paged)
            said |= count.reasons
        except BadShard as error:
            count = lost_shard(shard)
            said |= dict.fromkeys(count.failed, str(error))
        counts.append((shard, count))
    return together(counts), said
