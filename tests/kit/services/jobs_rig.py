"""Runner against the fake service and the real storage emulator, with a clock to set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from PIL import Image

from core.buckets import Buckets
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import ImageRef, LocalPicture, Picture
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job
from core.jobs.reuse.answers import SeenShard
from core.jobs.runner import Runner
from core.jobs.sending.submission.claims import PROCESS
from core.jobs.service.connection import Connection
from tests.kit.services.fake_vision import FakeVision


@dataclass
class Clock:
    """Stands still until told."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


REQUEST = BatchRequest(features=("LABEL_DETECTION", "CROP_HINTS"), batch_size=2)


@dataclass
class Rig:
    """A dashboard's jobs against the fake service and the real emulator."""

    service: FakeVision
    connection: Connection
    bucket: str
    folder: Path
    clock: Clock
    jobs: Runner
    ledger_url: str
    process: str = PROCESS

    @property
    def buckets(self) -> Buckets:
        return self.connection.buckets

    def restarted(self) -> Runner:
        """A new dashboard over the same ledger."""
        self.jobs.ledger.close()
        self.jobs = self.make_jobs(Ledger(self.ledger_url))
        return self.jobs

    def become(self, process: str) -> None:
        """A dashboard of another process, as ``claims.PROCESS``, goes on."""
        self.process = process
        self.restarted()

    def make_jobs(self, ledger: Ledger, connection: Connection | None = None) -> Runner:
        base = f"gs://{self.bucket}/contact-sheet/"
        return Runner(
            ledger,
            lambda: connection or self.connection,
            base=base,
            clock=self.clock,
            process=self.process,
        )

    def refs(self, count: int) -> list[ImageRef]:
        return [ImageRef(f"gs://{self.bucket}/in/{n:05d}.jpg", 10) for n in range(1, count + 1)]

    def files(self, count: int, *, spooled: bool = False) -> list[LocalPicture]:
        folder = self.folder / "pictures"
        folder.mkdir(exist_ok=True)
        pictures = []
        for number in range(1, count + 1):
            path = folder / f"picture {number}.png"
            if not path.exists():
                Image.new("RGB", (4, 4), (number, 0, 0)).save(path)
            size = path.stat().st_size
            pictures.append(LocalPicture(path, path.name, size, spooled=spooled))
        return pictures

    def of_contents(self, letters: str) -> list[Picture]:
        """A picture for each letter, which is its content."""
        return [
            ImageRef(f"gs://{self.bucket}/in/{n}.jpg", 10, content=f"md5:{letter}:10")
            for n, letter in enumerate(letters, start=1)
        ]

    def answered(self, job: Job, failing: Iterable[int] = ()) -> Job:
        """Send a job and answer it whole, a shard an operation; those numbers get errors."""
        failed = frozenset(failing)
        self.jobs.send(job.id)
        self.service.finish()
        self.jobs.poll()
        for operation in self.jobs.get(job.id).operations:
            count = len(self.jobs.uris(operation.id))
            uri = f"{operation.prefix}output-1-to-{count}.json"
            self.buckets.write(uri, b"{}")
            seen = SeenShard(uri, self.buckets.info(uri).generation, 1, count, failed)
            self.jobs.record_answers(operation.id, [seen])
            self.jobs.record_progress(operation.id, 1, count, len(failed))
        return self.jobs.get(job.id)

    def draft(self) -> str:
        return uuid4().hex
