"""What a drill left behind: is every picture there, once, and was the state reported truthfully?"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from core.errors import ContactSheetError
from core.jobs.ledger.records import Job, JobState
from core.jobs.ledger.schema import pictures
from core.results.tables import tables
from core.results.tables.cache import ResultsCache
from core.results.tables.run_choice import ATTEMPTS
from core.results.tables.tables import Tables
from scripts.drill.rig import SHARD, WORKERS, DrillFailed, Rig, until

RECOVERY_S = 300.0
LAST_COUNT_S = 30.0
LOOK_S = 0.1
COLOUR_TOLERANCE = 2  # of 255, a channel
IN_HAND = 2 * WORKERS  # pictures that an engine has under way at a time


@dataclass
class Outcome:
    """One drill's result.

    Attributes:
        lost: pictures without any row in the tables.
        repeated: further rows of pictures that have one.
        errors: pictures whose row is an error.
        again: annotations beyond one for each picture.
        faults: whatever else was not as it should be.
    """

    pictures: int = 0
    lost: int = 0
    repeated: int = 0
    errors: int = 0
    again: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is to be said against it."""
        return not (self.lost or self.repeated or self.faults)


class Onlooker:
    """Looks at one job as a page would, and notes what was shown but not true."""

    def __init__(self, rig: Rig, job: Job) -> None:
        self._rig = rig
        self._id = job.id
        self.untrue: list[str] = []
        self.states: list[JobState] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(LOOK_S):
            try:
                job = self._rig.hub.jobs.get(self._id)
            except ContactSheetError:
                continue  # the page would show the error
            if not self.states or self.states[-1] is not job.state:
                self.states.append(job.state)
                if job.state is JobState.SUCCEEDED:
                    self._look_closely(job)

    def _look_closely(self, job: Job) -> None:
        there = answered_on_disk(self._rig, job)
        wanted = job.pictures - job.lost
        if there < wanted:
            self.untrue.append(f"SUCCEEDED was shown with {there} of {wanted} answers")


def answered_on_disk(rig: Rig, job: Job) -> int:
    """Responses in the job's shards, read without the storage's help."""
    count = 0
    for shard in rig.shards(job).values():
        try:
            count += len(json.loads(shard.read_bytes())["responses"])
        except (OSError, ValueError, KeyError):
            continue
    return count


def recovered(rig: Rig, job: Job) -> Job:
    """The job once nothing more happens by itself, and its last shards are counted.

    Raises:
        DrillFailed: it does not come to an end.
    """

    def now() -> Job:
        return rig.patiently(lambda: rig.hub.jobs.get(job.id))

    def moved() -> object:
        current = now()
        return current.state, current.progress.pictures_done, len(rig.annotated(job))

    try:
        until(lambda: now().final, "the job is over", RECOVERY_S, moved)
    except DrillFailed as error:
        left = now()
        errors = "; ".join(f"{o.state} {o.error}" for o in left.operations)
        raise DrillFailed(f"{error}; still {left.state}: {errors} {left.fault}") from error
    with suppress(DrillFailed):  # ``check`` says what is missing
        until(lambda: _counted(now()), "its last shards are counted", LAST_COUNT_S, moved)
    return now()


def _counted(job: Job) -> bool:
    return job.progress.pictures_done + job.lost >= job.progress.pictures


def check(rig: Rig, job: Job, colours: Sequence[int], allowed: int, outcome: Outcome) -> None:
    """Count what is in the tables, and compare it with what the job says of itself.

    Args:
        allowed: annotations beyond one for each picture that the drill has a right to cost.
    """
    outcome.pictures = len(colours)
    choice = replace(ATTEMPTS, cuts=lambda uris: _cuts(rig, uris))
    loaded = tables.load(rig.hub.buckets, job.prefix, choice=choice)
    _count(rig, job, loaded, colours, outcome)
    cached = ResultsCache(rig.home / "results-cache").load(rig.hub.buckets, job.prefix, choice)
    if cached["pictures"].num_rows != loaded["pictures"].num_rows:
        outcome.faults.append("the results cache has other pictures than the shards")
    _compare(job, outcome)
    times = Counter(rig.annotated(job))
    outcome.again = sum(times.values()) - len(times)
    if outcome.again > allowed:
        outcome.faults.append(f"{outcome.again} annotated again, {allowed} at most are right")
    for prefix, sent in _accepted(rig, job).items():
        if sent > 1:
            outcome.faults.append(f"{prefix} was sent {sent} times")


def _cuts(rig: Rig, uris: Sequence[str]) -> dict[str, tuple[str, Sequence[int]]]:
    """Of which document the copies among some addresses are, with which page numbers."""
    return {uri: (cut.document, cut.pages) for uri, cut in rig.hub.cuts.find(uris).items()}


def _count(rig: Rig, job: Job, loaded: Tables, colours: Sequence[int], outcome: Outcome) -> None:
    table = loaded["pictures"]
    uris, codes = table["uri"].to_pylist(), table["error_code"].to_pylist()
    keys = list(zip(uris, table["page"].to_pylist(), strict=True))
    rows = Counter(keys)
    shown = _colours(loaded)
    positions = _positions(rig, job)
    left_out = {name for name, _ in rig.hub.jobs.lost(job.id)}
    row_of = {key: row for row, key in enumerate(keys)}
    wrong = 0
    for key, position in positions.items():
        outcome.lost += key not in rows
        outcome.repeated += max(0, rows[key] - 1)
        if key in row_of and codes[row_of[key]]:
            outcome.errors += 1
        elif key in row_of:
            wrong += not _alike(shown.get(row_of[key], -1), colours[position - 1])
    outcome.lost += len(colours) - len(positions) - len(left_out)
    if wrong:
        outcome.faults.append(f"{wrong} pictures with another one's answer")


def _positions(rig: Rig, job: Job) -> dict[tuple[str, int], int]:
    """(Address, page; 0 of a picture) -> position, of all that is in the bucket."""
    columns = (pictures.c.uri, pictures.c.page, pictures.c.position)
    there = (pictures.c.job_id == job.id, pictures.c.uri != "")
    with rig.hub._runner.ledger.reading() as db:
        rows = db.execute(sa.select(*columns).where(*there)).all()
    return {(uri, page): position for uri, page, position in rows}


def _compare(job: Job, outcome: Outcome) -> None:
    """The job's own words against what was counted."""
    progress = job.progress
    attempts = job.attempt > 1
    if progress.pictures_done + job.lost < progress.pictures:
        outcome.faults.append(f"shows {progress.pictures_done} of {progress.pictures} done")
    if progress.failed != outcome.errors + job.lost and not attempts:
        outcome.faults.append(f"shows {progress.failed} failed, {outcome.errors} have errors")
    if job.state is not JobState.SUCCEEDED:
        errors = "; ".join(o.error for o in job.operations if o.error)
        outcome.faults.append(f"ended {job.state}: {errors}")


def _colours(loaded: Tables) -> dict[int, int]:
    """Of each row the colour with the largest share."""
    best: dict[int, tuple[float, int]] = {}
    colors = loaded["colors"]
    columns = (colors[name].to_pylist() for name in ("picture", "fraction", "color"))
    for row, fraction, color in zip(*columns, strict=True):
        best[row] = max(best.get(row, (0.0, 0)), (fraction, color))
    return {row: color for row, (_, color) in best.items()}


def _alike(one: int, other: int) -> bool:
    return one >= 0 and all(
        abs((one >> shift & 255) - (other >> shift & 255)) <= COLOUR_TOLERANCE
        for shift in (0, 8, 16)
    )


def _accepted(rig: Rig, job: Job) -> dict[str, int]:
    """How often the engine took a batch for each prefix of the job."""
    file = rig.home / "engine" / "operations.sqlite3"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10) as db:
        rows = db.execute("SELECT output_uri FROM operations").fetchall()
    return Counter(uri for (uri,) in rows if uri.startswith(job.prefix))


def shards_of(count: int) -> int:
    """How many shards a job of that many pictures has."""
    return -(-count // SHARD)
