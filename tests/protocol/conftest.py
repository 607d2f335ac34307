"""Engines for the protocol tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.services.engine_process import EngineProcess
from tests.kit.services.rest_client import Rest


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """One engine with fake annotators for all tests that leave it alive."""
    engine = EngineProcess(tmp_path_factory.mktemp("engine")).start("--workers", "2")
    yield engine
    assert engine.stop() == 0, engine.stderr()


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine of this test's own, not started, to be killed at will."""
    engine = EngineProcess(tmp_path / "home")
    yield engine
    engine.stop()


@pytest.fixture
def rest(engine: EngineProcess) -> Iterator[Rest]:
    """Plain HTTP to the shared engine."""
    rest = Rest(engine)
    yield rest
    rest.session.close()
