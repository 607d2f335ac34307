"""What several test folders share: a home with the real models, and a hub on a real engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.app.hub import Hub
from core.buckets import Buckets, open_buckets
from core.engine.emulator import Emulator
from core.engine.home import free_ports
from tests.kit.leftover_check import (
    pytest_sessionfinish,
    pytest_sessionstart,
    pytest_terminal_summary,
)
from tests.kit.waiting import wait_until
from tests.kit.web.browser import make_home

__all__ = ["pytest_sessionfinish", "pytest_sessionstart", "pytest_terminal_summary"]

START_S = 300  # the first start of all fetches the models


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, Buckets]]:
    """A storage emulator with a bucket ``bkt``, and the buckets in it."""
    (port,) = free_ports([0])
    emulator = Emulator(tmp_path_factory.mktemp("storage"), port)
    emulator.start()
    buckets = open_buckets(emulator.address)
    buckets.make_bucket("bkt")
    yield emulator, buckets
    emulator.stop()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all page tests."""
    return make_home(tmp_path_factory.mktemp("dashboard") / "home")


@pytest.fixture(scope="session")
def hub(home: Path) -> Iterator[Hub]:
    """The hub that pages under test use, with the real engine running."""
    from core.ui.server import resources

    before = os.environ.get("CONTACT_SHEET_HOME")
    os.environ["CONTACT_SHEET_HOME"] = str(home)
    try:
        hub = resources.shared_hub()
        wait_until(lambda: not hub.starting(), "the engine starts", START_S)
        yield hub
        hub.stop()
    finally:
        if before is None:
            del os.environ["CONTACT_SHEET_HOME"]
        else:
            os.environ["CONTACT_SHEET_HOME"] = before
