"""Which jobs a visitor sees and may change; a hidden one is answered for as a missing one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from core.errors import OperationNotFound, RequestError
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job
from core.jobs.service.connection import Connection


class Rights:
    """One visitor's. Safe to share between threads."""

    def __init__(self, ledger: Ledger, connect: Callable[[], Connection], visitor: Visitor) -> None:
        self._ledger = ledger
        self._connect = connect
        self._visitor = visitor

    def get(self, job_id: str) -> Job:
        """A job; ``RequestError`` alike if there is none and if it is hidden."""
        job = self._ledger.job(job_id)
        if job is None or not self._visitor.sees(job):
            raise RequestError("There is no such job", where=repr(job_id)[:80])
        return job

    def mine(self, job_id: str) -> Job:
        """A job that the visitor may change; ``NotAllowed`` if they only see it."""
        job = self.get(job_id)
        self._visitor.check_change(job)
        return job

    def sees(self, job_id: str) -> bool:
        """Whether there is such a job for the visitor."""
        if self._visitor.unrestricted:
            return True
        try:
            self.get(job_id)
        except RequestError:
            return False
        return True

    def of_operation(self, operation_id: int) -> Job:
        """An operation's job; ``RequestError`` if there is none or it is hidden."""
        operation = self._ledger.operation(operation_id)
        if operation is None:
            raise RequestError("There is no such operation", where=str(operation_id))
        return self.get(operation.job_id)

    def check_operation(self, operation_id: int) -> None:
        """``NotAllowed`` unless the visitor may change the operation's job."""
        self._visitor.check_change(self.of_operation(operation_id))

    def known(self, name: str, typed: str = "") -> Job | None:
        """The job of an operation's name; a hidden one's is answered for as unknown.

        Args:
            typed: what the visitor called it; by default the same.
        """
        job = self._ledger.job_by_name(name)
        if job is not None and not self._visitor.sees(job):
            raise self.unknown(typed or name)
        return job

    def unknown(self, name: str) -> OperationNotFound:
        """What the service says of a name that it does not know, in its own words."""
        head, _, last = name.rpartition("/")
        other = f"{head}/{hashlib.sha256(name.encode()).hexdigest()[: len(last)]}"
        try:
            self._connect().status(other)
        except OperationNotFound as error:
            said = (text.replace(other, name) for text in (error.what, error.where, error.then))
            what, where, then = said
            return OperationNotFound(what, where=where, then=then)
        return OperationNotFound("The service does not know it", where=name)
