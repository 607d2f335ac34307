"""The rig: a fake Vision service, the real storage emulator, a ledger in a file, a clock to set."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image

from core.buckets import Buckets
from core.engine.emulator import Emulator
from core.engine.home import free_ports
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import ImageRef, LocalPicture
from core.jobs.jobs import Jobs
from core.jobs.ledger.ledger import Ledger
from core.jobs.service.connection import Backend, Connection
from tests.jobs import postgres
from tests.jobs.fake_vision import FakeVision, serving

LEDGERS = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests marked ``both_ledgers`` run on both databases, unless the run names one for all.

    Where PostgreSQL is not installed, its half is skipped and says so.
    """
    if "ledger_kind" in metafunc.fixturenames:
        only = os.environ.get("CONTACT_SHEET_TEST_LEDGER")
        both = metafunc.definition.get_closest_marker("both_ledgers") is not None
        metafunc.parametrize("ledger_kind", [only] if only else LEDGERS if both else LEDGERS[:1])


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of a real PostgreSQL server."""
    with postgres.server() as url:
        yield url


@pytest.fixture
def ledger_url(ledger_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Where a ledger may be made; nothing is there."""
    if ledger_kind == "postgresql":
        return postgres.new_schema(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'deep' / 'down' / 'ledger.sqlite3'}"


@pytest.fixture(scope="session")
def storage_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The storage emulator over a temporary folder."""
    emulator = Emulator(tmp_path_factory.mktemp("storage"), free_ports([0])[0])
    emulator.start()
    yield emulator.address
    emulator.stop()


@pytest.fixture
def vision_service() -> Iterator[FakeVision]:
    yield from serving()


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
    jobs: Jobs
    ledger_url: str

    @property
    def buckets(self) -> Buckets:
        return self.connection.buckets

    def restarted(self) -> Jobs:
        """A new dashboard over the same ledger."""
        self.jobs.ledger.close()
        self.jobs = self.make_jobs(Ledger(self.ledger_url))
        return self.jobs

    def make_jobs(self, ledger: Ledger, connection: Connection | None = None) -> Jobs:
        base = f"gs://{self.bucket}/contact-sheet/"
        return Jobs(ledger, lambda: connection or self.connection, base=base, clock=self.clock)

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

    def draft(self) -> str:
        return uuid4().hex


@pytest.fixture
def rig(
    vision_service: FakeVision, storage_address: str, tmp_path: Path, ledger_url: str
) -> Iterator[Rig]:
    connection = Connection(Backend(vision_service.address, storage_address))
    bucket = f"b-{uuid4().hex[:12]}"
    clock = Clock()
    base = f"gs://{bucket}/contact-sheet/"
    jobs = Jobs(Ledger(ledger_url), lambda: connection, base=base, clock=clock)
    rig = Rig(vision_service, connection, bucket, tmp_path, clock, jobs, ledger_url)
    connection.buckets.make_bucket(bucket)
    yield rig
    rig.jobs.ledger.close()
    connection.close()


@pytest.fixture
def small_operations(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make operations take fewer pictures than 2,000."""

    def set_size(size: int) -> None:
        monkeypatch.setattr("core.jobs.batch.request.PICTURES_PER_OPERATION", size)

    return set_size
