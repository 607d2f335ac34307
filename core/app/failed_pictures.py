"""Which pictures of a job, and pages of its files, have no good result, and why."""

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


Place = tuple[str, int]  # address and page, 0 of a picture


def failed_uris(
    jobs: Jobs, buckets: BucketReader, job_id: str, report: Report
) -> list[str | Place]:
    """Addresses of pictures, and places of pages, of ``failures``."""
    failed = failures(jobs, buckets, job_id, report)
    return [(uri, page) if page else uri for uri, page in failed]


def failures(jobs: Jobs, buckets: BucketReader, job_id: str, report: Report) -> dict[Place, str]:
    """Place -> reason, of the job's pictures that no attempt answered, or whose answer is gone.

    Pictures of operations that are still running are not counted as failed, nor those of one that
    is done whose results are still arriving. Those of a damaged shard, or of one that somebody has
    written over, are.

    Raises:
        BucketError: the shards cannot be read.
    """
    reasons: dict[Place, str] = {}  # "" for a good answer
    operations = [o for o in jobs.get(job_id).operations if o.state.final]
    for done, operation in enumerate(operations):
        uris = jobs.uris(operation.id)
        counted, said = _counted(buckets, operation, uris)
        answered = {number for _, number in counted.good}
        counted_numbers = answered | {number for _, number in counted.failed}
        for number, place in enumerate(jobs.places(operation.id), start=1):
            if number in answered or (operation.arriving and number not in counted_numbers):
                why = ""
            else:
                missing = (
                    OTHER_ANSWER if number in counted_numbers else operation.error or NO_ANSWER
                )
                why = said.get(number) or missing
            reasons[place] = why if reasons.get(place) != "" else ""
        report(done + 1, len(operations))
    failed = {place: why for place, why in reasons.items() if why}
    return failed | {place: GONE for place in jobs.reuse.gone(job_id) if place not in failed}


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
