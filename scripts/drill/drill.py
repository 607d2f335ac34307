"""One drill: a job during which something is broken, and what its user does."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

from core.app.failed_pictures import failed_uris
from core.jobs.ledger.records import Job
from scripts.drill.rig import DrillFailed, Rig, until

UPLOADING = 0.2  # of a job's time, measured by its pictures, goes into their upload
MOMENT_S = 300.0  # other work on the machine only makes it slower


@dataclass
class Drill:
    """One drill under way.

    Attributes:
        kills: engines and workers that were killed: each may cost what it had in hand.
        sent_again: pictures that the user sent once more.
        details: what was done and when, for people.
        web: whether the dashboard with its web server is running in the headless one's place.
        retry: whether the user has to press "Retry failed pictures" at the end.
    """

    rig: Rig
    job: Job
    count: int
    chance: random.Random
    kills: int = 0
    sent_again: int = 0
    details: list[str] = field(default_factory=list)
    web: bool = False
    retry: bool = False

    def at(self, moment: float) -> None:
        """Wait for a moment of the job, 0 to 1: first its upload, then its annotations."""
        if moment < UPLOADING:
            wanted = int(moment / UPLOADING * self.count)
            self.details.append(f"at {wanted} uploaded")
            done = self._uploaded
        else:
            wanted = int((moment - UPLOADING) / (1 - UPLOADING) * self.count)
            self.details.append(f"at {wanted} annotated")
            done = self._annotated
        until(lambda: done() >= wanted, self.details[-1], MOMENT_S, done)

    def at_random(self, earliest: float = 0.0, latest: float = 0.98) -> None:
        """Wait for a random moment."""
        self.at(self.chance.uniform(earliest, latest))

    def hold(self, least: float, most: float) -> None:
        """Leave it broken for a random time."""
        seconds = self.chance.uniform(least, most)
        self.details.append(f"for {seconds:.1f} s")
        time.sleep(seconds)

    def _uploaded(self) -> int:
        return self.rig.uploaded(self.job)

    def _annotated(self) -> int:
        return len(self.rig.annotated(self.job))


def retry(drill: Drill) -> Job:
    """What "Retry failed pictures" does; which is offered only while some are shown as failed."""
    rig = drill.rig
    job = rig.hub.jobs.get(drill.job.id)
    uris = failed_uris(rig.hub.jobs, rig.hub.buckets, job.id, lambda *_: None)
    drill.sent_again = len(uris)
    drill.details.append(f"{job.progress.failed} shown as failed, {len(uris)} sent again")
    if job.progress.failed != len(uris):
        raise DrillFailed(drill.details[-1])
    return rig.hub.jobs.retry_failed(job, uris) if uris else job
