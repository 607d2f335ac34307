"""What a row of Operations shows of a batch while it runs: some of its pictures, and the rate.

No Streamlit here, and nothing is read from a bucket: what was counted stands in the ledger.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import sqlalchemy as sa

from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job, JobState, Operation, OperationState
from core.jobs.ledger.schema import ERROR, GOOD, UNANSWERED, entries, pictures

WINDOW_S = 60.0  # of the rate's line
STEP_S = 3.0  # between two of its points
POINTS = int(WINDOW_S / STEP_S) + 1
SMOOTHED_S = 9.0  # a shard of twenty pictures at once is no burst of speed
MOST_JOBS = 200  # whose rate is remembered
_KEPT = 500  # settled batches whose cells are remembered


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture that stands for its share of a batch.

    "working" is one with pictures in its share that the next shard will answer: of pictures that
    were sent nobody says which are at work, and the embedded engine takes them in the order of the
    request.

    Attributes:
        name: what the user calls it; hostile text.
        uri, page: where it lies; the address is "" before it is uploaded.
        path: its file on this machine until then; None if there is none.
        state: "done", "failed", "working" or "waiting".
    """

    name: str
    uri: str
    page: int
    path: Path | None
    state: str


class LiveRows:
    """Safe to share between threads.

    Args:
        clock: seconds, for tests.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger, self._clock = ledger, clock
        self._samples: OrderedDict[str, deque[tuple[float, int]]] = OrderedDict()
        self._cells: OrderedDict[tuple[object, ...], list[Cell]] = OrderedDict()
        self._lock = Lock()

    def note(self, job_id: str, done: int) -> None:
        """So many of a job's pictures have an answer now."""
        now = self._clock()
        with self._lock:
            samples = self._samples.setdefault(job_id, deque())
            self._samples.move_to_end(job_id)
            samples.append((now, done))
            while samples[0][0] < now - WINDOW_S - SMOOTHED_S - 20:
                samples.popleft()
            while len(self._samples) > MOST_JOBS:
                self._samples.popitem(last=False)

    def round(self, backend: str) -> None:
        """Note all jobs of a backend that run."""
        for job in self._ledger.open_jobs(backend):
            self.note(job.id, job.progress.pictures_done)

    def rates(self, job_id: str) -> list[float]:
        """Pictures a second over the last minute, oldest first, as far as it was watched."""
        now = self._clock()
        with self._lock:
            samples = list(self._samples.get(job_id, ()))
        if not samples:
            return []
        times = [now - STEP_S * n for n in range(POINTS - 1, -1, -1)]
        first = samples[0][0]
        spans = [(max(first, at - SMOOTHED_S), at) for at in times if at >= first + STEP_S]
        return [
            round((_done(samples, at) - _done(samples, since)) / (at - since), 2)
            for since, at in spans
        ]

    def cells(self, job: Job, most: int) -> list[Cell]:
        """Pictures at equal distances in a batch; those that failed come before their neighbours.

        Of a batch of ``most`` pictures or fewer all; of one whose pictures are not known none.
        """
        count = job.progress
        key = (job.id, job.attempt, most, count.pictures_done, count.failed, job.state)
        with self._lock:
            if key in self._cells:
                return self._cells[key]
        cells = self._read(job, most) if job.pictures else []
        with self._lock:
            self._cells[key] = cells
            while len(self._cells) > _KEPT:
                self._cells.popitem(last=False)
        return cells

    def _read(self, job: Job, most: int) -> list[Cell]:
        count = min(most, job.pictures)
        places = {1 + n * job.pictures // count: n for n in range(count)}
        leader = pictures.alias()
        twin = sa.and_(
            leader.c.job_id == pictures.c.job_id, leader.c.position == pictures.c.twin_of
        )
        answer = sa.func.coalesce(leader.c.answer, pictures.c.answer).label("given")
        asked = (
            sa.select(pictures, answer)
            .outerjoin(leader, twin)
            .where(pictures.c.job_id == job.id)
            .order_by(pictures.c.position)
        )
        failed = sa.or_(answer == ERROR, pictures.c.fault != "")
        with self._ledger.reading() as db:
            rows = {
                places[row["position"]]: row
                for row in db.execute(asked.where(pictures.c.position.in_(places))).mappings()
            }
            if job.progress.failed or job.lost:
                for row in db.execute(asked.where(failed).limit(count)).mappings():
                    rows[(row["position"] - 1) * count // job.pictures] = row
            working = {
                (position - 1) * count // job.pictures
                for operation in job.operations
                if operation.state is OperationState.RUNNING
                for position in _next_shard(db, operation)
            }
        return [self._cell(job, rows[n], n in working) for n in sorted(rows)]

    def _cell(self, job: Job, row: sa.RowMapping, working: bool) -> Cell:
        own, state = row["path"] or row["origin"], _state(job, row)
        return Cell(
            name=str(row["name"]),
            uri=str(row["uri"]),
            page=int(row["page"]),
            path=Path(self._ledger.absolute(str(own))) if own and not row["uri"] else None,
            state="working" if working and state != "failed" else state,
        )


def _next_shard(db: sa.Connection, operation: Operation) -> list[int]:
    """Positions in the job of what the first shard without an answer is for."""
    unanswered = (
        sa.select(entries.c.number, entries.c.position)
        .join(
            pictures,
            sa.and_(
                pictures.c.job_id == operation.job_id, pictures.c.position == entries.c.position
            ),
        )
        .where(entries.c.operation_id == operation.id, pictures.c.answer == UNANSWERED)
        .order_by(entries.c.number)
        .limit(operation.batch_size)
    )
    rows = db.execute(unanswered).all()
    shards = [(row.number - 1) // operation.batch_size for row in rows]
    return [row.position for row, shard in zip(rows, shards, strict=True) if shard == shards[0]]


def _state(job: Job, row: sa.RowMapping) -> str:
    if row["fault"] or row["given"] == ERROR:
        return "failed"
    if row["given"] == GOOD:
        return "done"
    ended = job.settled and job.state is not JobState.CANCELLED
    return "failed" if ended else "waiting"


def _done(samples: list[tuple[float, int]], at: float) -> int:
    """How many were done at a time; before the first sample as many as at that."""
    return next((done for when, done in reversed(samples) if when <= at), samples[0][1])
