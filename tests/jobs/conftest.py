"""The rig: a fake Vision service, the real storage emulator, a ledger in a file, a clock to set."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from core.engine.emulator import Emulator
from core.engine.home import free_ports
from core.jobs.ledger.ledger import Ledger
from core.jobs.runner import Runner
from core.jobs.service.connection import Backend, Connection
from tests.kit.services import postgres
from tests.kit.services.fake_vision import FakeVision, serving
from tests.kit.services.jobs_rig import Clock, Rig

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


@pytest.fixture
def rig(
    vision_service: FakeVision, storage_address: str, tmp_path: Path, ledger_url: str
) -> Iterator[Rig]:
    connection = Connection(Backend(vision_service.address, storage_address))
    bucket = f"b-{uuid4().hex[:12]}"
    clock = Clock()
    base = f"gs://{bucket}/contact-sheet/"
    jobs = Runner(Ledger(ledger_url), lambda: connection, base=base, clock=clock)
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
