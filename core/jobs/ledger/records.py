"""Jobs and operations as the pages see them: one frozen record per noun, with what follows from it.

A job is what the user sent; each of its operations is one request to the service, of at most 2,000
pictures or of one file of as many pages, that writes under a prefix of its own. Retrying failed
pictures adds an attempt. Where pictures are counted, a page of a file counts as one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.jobs.batch.request import BatchRequest


class OperationState(StrEnum):
    """Where one operation stands; see ``OperationState.final``."""

    PLANNED = "PLANNED"  # not sent
    SENDING = "SENDING"  # claimed by one sender; perhaps on the wire
    UNCONFIRMED = "UNCONFIRMED"  # sent perhaps; being looked for, or for the user to decide
    RUNNING = "RUNNING"  # accepted
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self in (OperationState.SUCCEEDED, OperationState.FAILED, OperationState.CANCELLED)


class JobState(StrEnum):
    """Where a job stands, from its operations."""

    UPLOADING = "UPLOADING"
    WAITING = "WAITING"  # for its turn, or for quota
    STOPPED = "STOPPED"  # a fault that the user must look at; ``send`` goes on from there
    SENDING = "SENDING"
    UNCONFIRMED = "UNCONFIRMED"
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    UNREADABLE = "UNREADABLE"  # its record in the ledger is damaged


@dataclass(frozen=True, slots=True)
class Operation:
    """One request to the service.

    Attributes:
        attempt, part: 1-based.
        prefix: where its shards go; no other operation's.
        pictures: 0 if not known (taken up by name).
        name: the service's name for it; "" before it is known.
        service_state: CREATED, RUNNING, DONE or CANCELLED as the service says; "" if it does not.
        error: why it failed, or what is unclear, as text for people.
        cancel: "" | "asked" | "sent" | "refused" (the service does not cancel).
        shards_done, pictures_done, errors: as counted from the shards by ``record_progress``.
        not_found, not_found_at: answers in succession that the service does not know it, and when
            the first of them came; 0 and None once it was found again.
        owed_until: it is over and not all its shards were seen; until then they are looked for.
        marks: of this ledger's own tries to send it, see ``send_marks``.
        also: what else may have been accepted for it and be charged, a line each; "" normally.
        file_type: media type of the one file whose pages it annotates; "" for pictures.
        cut: address of the copy of some of its pages that is sent in the file's place; "" for none.
    """

    id: int
    job_id: str
    attempt: int
    part: int
    prefix: str
    pictures: int
    batch_size: int
    state: OperationState
    name: str
    sender: str
    service_state: str
    error: str
    cancel: str
    sending_at: datetime | None
    sent_at: datetime | None
    ended_at: datetime | None
    shards_done: int
    pictures_done: int
    errors: int
    progress_at: datetime | None
    not_found: int = 0
    not_found_at: datetime | None = None
    owed_until: datetime | None = None
    marks: str = ""
    also: str = ""
    file_type: str = ""
    cut: str = ""

    @property
    def paged(self) -> bool:
        """Whether it annotates the pages of a file."""
        return bool(self.file_type)

    @property
    def ids(self) -> dict[str, str]:
        """What names it in the log; the service's name only once it is known."""
        return {
            "job": self.job_id,
            "part": f"{self.attempt}.{self.part}",
            "operation": self.name,
        }

    @property
    def nameless(self) -> bool:
        """Whether it runs as far as its results tell, and nobody can be asked about it."""
        return self.state is OperationState.RUNNING and not self.name

    @property
    def shards(self) -> int:
        """Shards it will write; 0 if not known."""
        return math.ceil(self.pictures / self.batch_size) if self.batch_size else 0

    @property
    def complete(self) -> bool:
        """Whether all its pictures were seen in its shards; False if their number is not known."""
        return 0 < self.pictures <= self.pictures_done

    @property
    def arriving(self) -> int:
        """Pictures whose results are still to be seen although the service says that it is done.

        A listing may be behind the service by minutes.
        """
        owed = self.state is OperationState.SUCCEEDED and self.owed_until is not None
        return max(0, self.pictures - self.pictures_done) if owed else 0

    @property
    def waiting(self) -> int:
        """Pictures whose result is still to come."""
        return self.arriving if self.state.final else max(0, self.pictures - self.pictures_done)

    @property
    def missing(self) -> int:
        """Pictures that will get no result any more, as far as is known."""
        left = max(0, self.pictures - self.pictures_done) if self.state.final else 0
        return left - self.arriving


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        pictures: what the user sent, those that are reused or left out among them, however often
            they are retried; 0 if not known.
        pictures_done: of them, those with an answer as things stand, good or bad.
        waiting: of them, those whose answer is still to come.
        shards: that all attempts together write; 0 if not known.
        pages, pages_done: those of ``pictures`` and ``pictures_done`` that are pages of files.
        failed: pictures without a good result as things stand; retrying makes it fall.
        rate: pictures a second since the work in hand was sent; 0 before the first shard.
        seconds_left: None if unknown.
    """

    pictures: int
    pictures_done: int
    waiting: int
    shards: int
    shards_done: int
    failed: int
    rate: float
    seconds_left: float | None
    pages: int = 0
    pages_done: int = 0

    @property
    def fraction(self) -> float:
        """0 to 1."""
        return min(1.0, self.pictures_done / self.pictures) if self.pictures else 0.0


@dataclass(frozen=True, slots=True)
class Job:
    """What the user sent.

    Attributes:
        prefix: ``gs://.../JOBID/``; all its results are below. Of one taken up by name the
            operation's own prefix.
        backend: ``Connection.id`` of the backend it belongs to.
        request: None if taken up by name.
        source: where its pictures came from, for people.
        pictures: pictures of the first attempt; 0 if not known.
        uploads, uploaded: pictures that had to be uploaded, and those that have been.
        lost: pictures left out because their file could not be read any more.
        fault: what stopped it, as text for people; "" if nothing did.
        retry_at: when it goes on by itself after a fault; None if it waits for the user.
        operations: by attempt and part.
        work: what was asked, see ``work``; "" if its answers cannot be used again.
        question, models: the same whatever model answers, and which do, see ``asked_values``.
        reused: pictures that earlier jobs had answered; they are not sent.
        twins: pictures that are the same as another one of the job; they are not sent either.
        twins_failed, twins_missing: of them, those whose answer is an error, and those of which
            there is none although the job is over.
        saved_usd: what not sending them has saved, by the price list.
        pages: those of ``pictures`` that are pages of files.
        owner, owner_name: who sent it, see ``access``, and what they are called; "" is everybody's.
        shared: whether others may see it.
        archived: whether lists show it only when they are asked to.
        deleted_at: from when on its data are removed; None unless it was deleted.
        deletion: "" | "begun" (its data are being removed) | "kept" (all but what others use).
        unreadable: what is wrong with its record in the ledger, naming column and value; then only
            id, title, prefix and owner are as they were. "" normally.
    """

    id: str
    draft_id: str
    title: str
    created_at: datetime
    prefix: str
    backend: str
    request: BatchRequest | None
    source: str
    attempt: int
    pictures: int
    uploads: int
    uploaded: int
    lost: int
    cancelled: bool
    fault: str
    retry_at: datetime | None
    operations: tuple[Operation, ...]
    work: str = ""
    question: str = ""
    models: str = ""
    reused: int = 0
    twins: int = 0
    twins_failed: int = 0
    twins_missing: int = 0
    saved_usd: float = 0.0
    pages: int = 0
    owner: str = ""
    owner_name: str = ""
    shared: bool = False
    archived: bool = False
    deleted_at: datetime | None = None
    deletion: str = ""
    unreadable: str = ""

    @property
    def saved(self) -> int:
        """Pictures that are not sent, since the same was answered before or is asked once."""
        return self.reused + self.twins

    @property
    def has_results(self) -> bool:
        """Whether there is anything to explore."""
        return bool(self.reused or any(o.shards_done for o in self.operations))

    @property
    def final(self) -> bool:
        """Whether nothing more will happen unless the user does something."""
        return all(operation.state.final for operation in self.operations)

    @property
    def arriving(self) -> int:
        """Pictures whose results are still to be seen, see ``Operation.arriving``."""
        return sum(operation.arriving for operation in self.operations)

    @property
    def owed(self) -> bool:
        """Whether shards of an operation that succeeded are still looked for."""
        return any(
            o.state is OperationState.SUCCEEDED and o.owed_until is not None
            for o in self.operations
        )

    @property
    def settled(self) -> bool:
        """Whether it is over and counted: a page that shows it need not look again."""
        return self.final and not self.owed

    @property
    def not_found(self) -> bool:
        """Whether the service did not know an operation that runs, and it is still looked for."""
        return any(o.not_found for o in self.operations if not o.state.final)

    @property
    def state(self) -> JobState:
        """One word for all operations; of several attempts, the last one's word counts."""
        if self.unreadable:
            return JobState.UNREADABLE
        if self.final:
            return self._last_word()
        states = {operation.state for operation in self.operations}
        if OperationState.UNCONFIRMED in states:
            return JobState.UNCONFIRMED
        if self.cancelled:
            return JobState.CANCELLING
        if OperationState.PLANNED in states and (waiting := self._before_sending()):
            return waiting
        if OperationState.SENDING in states:
            return JobState.SENDING
        return JobState.RUNNING if OperationState.RUNNING in states else JobState.WAITING

    def _before_sending(self) -> JobState | None:
        if self.fault and self.retry_at is None:
            return JobState.STOPPED
        return JobState.UPLOADING if self.uploaded + self.lost < self.uploads else None

    def _last_word(self) -> JobState:
        states = {o.state for o in self.operations if o.attempt == self.attempt}
        if OperationState.FAILED in states:
            return JobState.FAILED
        return JobState.CANCELLED if OperationState.CANCELLED in states else JobState.SUCCEEDED

    @property
    def progress(self) -> Progress:
        """Counted from the shards seen so far."""
        operations = self.operations
        waiting = sum(o.waiting for o in operations)
        twins = self.twins if waiting else 0  # answered with the pictures that they are the same as
        pages = sum(o.pictures for o in operations if o.paged and o.attempt == 1)
        pages_done = sum(o.pictures_done for o in operations if o.paged)
        # A retry's own pictures are among those that failed before.
        retried = sum(o.pictures_done + o.arriving for o in operations if o.attempt > 1)
        missing = sum(o.missing for o in operations if o.attempt == 1)
        failed = self.lost + missing + sum(o.errors for o in operations) - retried
        failed += self.twins_failed + self.twins_missing
        rate = self._rate()
        left = sum(
            o.pictures - o.pictures_done for o in operations if o.pictures and not o.state.final
        )
        return Progress(
            pictures=self.pictures or sum(o.pictures for o in operations if o.attempt == 1),
            pictures_done=max(0, self._answered() - twins - self.twins_missing),
            waiting=waiting + twins,
            shards=sum(o.shards for o in operations),
            shards_done=sum(o.shards_done for o in operations),
            failed=max(0, failed),
            rate=rate,
            seconds_left=max(0, left) / rate if rate and left > 0 else (None if left else 0.0),
            pages=pages,
            pages_done=min(pages, pages_done),
        )

    def _answered(self) -> int:
        """Pictures with an answer, each once whatever attempts it took; all twins among them."""
        first = [o for o in self.operations if o.attempt == 1]
        later = [o for o in self.operations if o.attempt > 1]
        own = sum(o.pictures for o in first)
        # Earlier answers that are gone are asked for by a later attempt alone.
        gone = max(0, self.pictures - self.saved - self.lost - own) if self.pictures else 0
        missing = gone + sum(o.missing for o in first)
        again = min(missing, sum(o.pictures_done for o in later))
        # What is asked again and had an answer, an error for one, has none until it comes.
        asked = max(0, sum(o.waiting for o in later) - (missing - again))
        return self.saved + sum(o.pictures_done for o in first) + again - asked

    def _rate(self) -> float:
        seen = [o for o in self.operations if o.sent_at and o.progress_at and o.pictures_done]
        running = [o for o in seen if not o.state.final] or seen
        if not running:
            return 0.0
        start = min(o.sent_at for o in running if o.sent_at)
        end = max(o.ended_at or o.progress_at for o in running if o.progress_at)
        seconds = (end - start).total_seconds()
        return sum(o.pictures_done for o in running) / seconds if seconds > 0 else 0.0
