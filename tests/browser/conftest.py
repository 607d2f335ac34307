"""A dashboard started as a user starts it, and a window of headless Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.kit.web.browser import Dashboard, chromium, make_home

SHOTS = Path(__file__).parents[2] / "test-output" / "screenshots"
# A picture that is gone has no file; a killed dashboard answers nothing;
# a picture that cannot be opened has no thumbnail (422).
EXPECTED_CONSOLE = (
    "404 (Not Found)",
    "status of 422",
    "ERR_CONNECTION_REFUSED",
    "disconnected from server",
)


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where screenshots go, to be looked at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """One dashboard a module."""
    dashboard = Dashboard(make_home(tmp_path_factory.mktemp("browser") / "home"))
    dashboard.start()
    yield dashboard
    dashboard.stop()


@pytest.fixture
def page() -> Iterator[Page]:
    """A fresh window; a fault on its console fails the test."""
    faults: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(text in message.text for text in EXPECTED_CONSOLE):
            faults.append(message.text)

    with chromium() as window:
        window.on("console", listen)
        yield window
    assert not faults
