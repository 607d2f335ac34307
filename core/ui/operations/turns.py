"""When a batch that waits for room starts, in words: after which one, and in about how long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.jobs.billing.quota_queue import Waiting
from core.jobs.ledger.records import Job
from core.ui.components import times

NEXT = "Starts next"


def turns(queue: Sequence[Waiting], jobs: Iterable[Job]) -> dict[str, str]:
    """Job id -> when it starts, for jobs that have sent nothing yet and wait in the queue.

    An operation goes as soon as there is room for it, which may be before the batches ahead of it
    are over. How long that takes is said only where all that is ahead has a rate.

    Args:
        jobs: those that are not over, as far as the visitor sees them.
    """
    said: dict[str, str] = {}
    known = {job.id: job for job in jobs}
    running = [job for job in known.values() if _left(job)]
    for waiting in queue:
        job = known.get(waiting.job_id)
        if job is None or job.id in said or any(o.sent_at for o in job.operations):
            continue
        ahead = [
            known[one.job_id].title
            for one in queue
            if one.position < waiting.position
            and one.paged == waiting.paged
            and one.job_id in known
            and one.job_id != job.id
        ]
        said[job.id] = NEXT if waiting.fits else _after(waiting, running, ahead)
    return said


def _after(waiting: Waiting, running: Sequence[Job], ahead: Sequence[str]) -> str:
    needed = min(
        waiting.processing + waiting.ahead,
        waiting.processing + waiting.ahead + waiting.pictures - waiting.allowed,
    )
    noun = "pages" if waiting.paged else "pictures"
    names = list(dict.fromkeys([*(job.title for job in running), *ahead]))
    if len(names) == 1 and needed >= waiting.processing + waiting.ahead:
        start = f"Starts when {names[0]} is done"
    elif len(names) == 1:
        start = f"Starts when {needed:,} more {noun} of {names[0]} are done"
    elif names:
        start = f"Starts when {needed:,} more {noun} of {len(names):,} batches are done"
    else:  # those of others, which this visitor does not see
        return f"Starts when {needed:,} more {noun} that are ahead of it are done"
    rate = sum(job.progress.rate for job in running)
    return f"{start}, in {times.estimate(needed / rate)}" if rate else start


def _left(job: Job) -> int:
    """Pictures and pages of a job that are at the service now."""
    return sum(o.waiting for o in job.operations if o.sent_at and not o.state.final)
