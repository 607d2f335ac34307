"""How fast a batch will be annotated: as fast as the last one that asked the same."""

from __future__ import annotations

from collections.abc import Iterable

from core.jobs.ledger.records import Job

LEAST_SENT = 5  # pictures: of fewer most of the time is the start of the operation


def usual_rate(jobs: Iterable[Job], features: tuple[str, ...], backend: str) -> float:
    """Pictures a second of the newest finished batch of a backend that asked these features.

    Nothing is guessed from other features, whose models take other times.

    Args:
        jobs: the newest first.
        backend: ``Connection.id``.

    Returns:
        0 if there is none that annotated at least ``LEAST_SENT`` pictures.
    """
    for job in jobs:
        if not job.settled or job.backend != backend or job.request is None:
            continue
        sent = sum(operation.pictures_done for operation in job.operations)
        alike = set(job.request.features) == set(features) and sent >= LEAST_SENT
        if alike and (rate := job.progress.rate):
            return rate
    return 0.0
