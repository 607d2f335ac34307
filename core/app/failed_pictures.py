"""Which pictures of a job, and pages of its files, have no good result, and why."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from core.app.shard_counts import Place, ShardCount, count_shard, lost_shard, together
from core.app.tasks import Report
from core.buckets import BucketReader
from core.errors import BadShard
from core.jobs.jobs import Jobs
from core.jobs.ledger.records import Operation
from core.results.shards.shard_files import ShardFile, list_operation

GONE = "The earlier job's answer is gone, or was changed in the bucket"
NO_ANSWER = "There is no answer to it in the shards"
OTHER_ANSWER = "Another picture's answer stands in its place"


AGAIN = "Trying again can help."
# By google.rpc.Code; of what has no answer, and of other codes, ``AGAIN``.
REMEDIES = {
    3: "Save it again as JPEG or PNG, smaller if it is large, and send the new file.",
    5: "It is not at its address any more: put it back, then try again.",
    7: "Let the service read it (role Storage Object Viewer), then try again.",
    9: "Put right what the reason names, then try again.",
    12: "This backend does not do it: send it with other features, or to another backend.",
}
BAD_FILE = "Save the file again, whole and without a password, and send the new one."
_LASTING = (3, 12)  # the same picture and features get them again
UNREADABLE = "Is it at its address, and may the service read it? Then try again."


class Failure(NamedTuple):
    """Why a picture has no good result.

    Attributes:
        why: untrusted text.
        code: of google.rpc.Code; 0 is none.
        paged: whether it is a page of a file, or a file whose pages cannot be counted.
    """

    why: str
    code: int = 0
    paged: bool = False

    @property
    def remedy(self) -> str:
        """What to do next, so that the picture gets a result."""
        if self._unreadable:
            return UNREADABLE
        return BAD_FILE if self.paged and self.code == 3 else REMEDIES.get(self.code, AGAIN)

    @property
    def may_pass(self) -> bool:
        """Whether the same picture, sent again with the same features, may get a result."""
        return self._unreadable or self.code not in _LASTING

    @property
    def _unreadable(self) -> bool:
        return "opening file" in self.why.lower()


_Answer = tuple[Place, Failure | None]  # None for a good one


def failed_uris(
    jobs: Jobs, buckets: BucketReader, job_id: str, report: Report
) -> list[str | Place]:
    """Addresses of pictures, and places of pages, of ``failures`` that a retry has to send."""
    failed = _unanswered(jobs, buckets, job_id, report, jobs.twins(job_id))
    return [(uri, page) if page else uri for uri, page in failed]


def failures(
    jobs: Jobs, buckets: BucketReader, job_id: str, report: Report
) -> dict[Place, Failure]:
    """Place -> reason and remedy, of a job's pictures without an answer, or whose answer is gone.

    Pictures of operations that are still running are not counted as failed, nor those of one that
    is done whose results are still arriving. Those of a damaged shard, or of one that somebody has
    written over, are.

    Raises:
        BucketError: the shards cannot be read.
    """
    twins = jobs.twins(job_id)
    failed = _unanswered(jobs, buckets, job_id, report, twins)
    return failed | {twin: failed[sent] for twin, sent in twins.items() if sent in failed}


def _unanswered(
    jobs: Jobs, buckets: BucketReader, job_id: str, report: Report, twins: Container[Place]
) -> dict[Place, Failure]:
    """``failures`` but for the twins, which get their answers with what is sent in their place."""
    reasons: dict[Place, Failure | None] = {}  # None for a good answer
    operations = [o for o in jobs.get(job_id).operations if o.state.final]
    for done, operation in enumerate(operations):
        places, uris = jobs.places(operation.id), jobs.uris(operation.id)
        # Of one that was taken up by name nothing but its shards tells which its pictures are.
        answers = (
            _answers(buckets, operation, uris, places)
            if places
            else _named_by_shards(buckets, operation)
        )
        for place, failure in answers:
            good = place in reasons and reasons[place] is None
            reasons[place] = None if good else failure
        report(done + 1, len(operations))
    failed = {place: failure for place, failure in reasons.items() if failure is not None}
    gone = Failure(GONE)
    lost = [place for place in jobs.reuse.gone(job_id) if place not in twins]
    return failed | {place: gone for place in lost if place not in failed}


def _answers(
    buckets: BucketReader, operation: Operation, uris: Sequence[str], places: Sequence[Place]
) -> Iterator[_Answer]:
    """Each place of an operation that was sent: why it has no good answer, None where it has."""
    counts, said = [], dict[int, tuple[str, int]]()
    for shard, count, damage in _counted(buckets, operation, uris):
        counts.append((shard, count))
        said |= {n: (why, count.codes.get(n, 0)) for n, why in count.reasons.items()}
        said |= dict.fromkeys(count.failed if damage else (), (damage, 0))
    counted = together(counts)
    answered = {number for _, number in counted.good}
    counted_numbers = answered | {number for _, number in counted.failed}
    for number, place in enumerate(places, start=1):
        failure = None
        if number not in answered and (number in counted_numbers or not operation.arriving):
            missing = OTHER_ANSWER if number in counted_numbers else operation.error or NO_ANSWER
            why, code = said.get(number) or ("", 0)
            failure = Failure(why or missing, code, operation.paged or _is_pdf(place))
        yield place, failure


def _is_pdf(place: Place) -> bool:
    """Whether it is a PDF by its name: one that is locked is sent among the pictures."""
    return place[0].lower().endswith(".pdf")


def _named_by_shards(buckets: BucketReader, operation: Operation) -> Iterator[_Answer]:
    """Failed pictures of an operation as its shards name them, and the shards that are damaged."""
    counts, said = [], dict[Place, Failure]()
    for shard, count, damage in _counted(buckets, operation, ()):
        if damage:
            yield (shard.uri, 0), Failure(damage)
            continue
        counts.append((shard, count))
        called = count.called()
        for n, why in count.reasons.items():
            if place := called.get(n):
                paged = operation.paged or _is_pdf(place)
                said[place] = Failure(why, count.codes.get(n, 0), paged)
    failed = {place for _, place in together(counts).failed}
    for place, failure in said.items():
        if place in failed:
            yield place, failure


def _counted(
    buckets: BucketReader, operation: Operation, uris: Sequence[str]
) -> Iterator[tuple[ShardFile, ShardCount, str]]:
    """Each shard of an operation as it counts, and what is wrong with it if it is damaged."""
    for shard in list_operation(buckets, operation.prefix):
        try:
            yield shard, count_shard(buckets, shard, uris, paged=operation.paged), ""
        except BadShard as error:
            yield shard, lost_shard(shard), str(error)
