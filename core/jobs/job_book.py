"""Looking jobs up, and what of a job's own row its owner sets; sends and asks nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from core.errors import RequestError
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job
from core.logs import fields

log = logging.getLogger("core.jobs.job_book")


class JobBook:
    """The part of ``Jobs`` that needs the ledger alone."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def list(self, limit: int = 100, offset: int = 0) -> list[Job]:
        """Newest first."""
        return self.ledger.jobs(limit, offset)

    def count(self) -> int:
        """How many there are."""
        return self.ledger.count()

    def get(self, job_id: str) -> Job:
        """One job.

        Raises:
            RequestError: there is none of that id.
        """
        job = self.ledger.job(job_id)
        if job is None:
            raise RequestError("There is no such job", where=repr(job_id)[:80])
        return job

    def by_draft(self, draft_id: str) -> Job | None:
        """The job that a draft has become; None if it was not sent yet."""
        return self.ledger.job_by_draft(draft_id)

    def uris(self, operation_id: int) -> Sequence[str]:
        """An operation's pictures in request order: number N of its shards is item N - 1."""
        return self.ledger.uris(operation_id)

    def names(self, job_id: str) -> Mapping[str, str]:
        """What the user calls each picture (a path below the folder that was sent), by address."""
        return self.ledger.names(job_id)

    def lost(self, job_id: str) -> Sequence[tuple[str, str]]:
        """Pictures left out because their file could not be read: (name, why)."""
        return self.ledger.lost(job_id)

    def share(self, job_id: str, shared: bool) -> Job:
        """Let others see a job, or hide it from them again.

        Raises:
            RequestError: there is none of that id.
        """
        self.ledger.set_job(self.get(job_id).id, shared=shared)
        log.info("shared" if shared else "made private", extra=fields(job=job_id))
        return self.get(job_id)
