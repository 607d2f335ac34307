"""The stand-in Google in front of the engine that page tests use, and hubs that call it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.app.hub import Hub
from core.settings import Settings
from tests.kit.standin.dashboards import Dashboard, LogIn, StandIn
from tests.kit.standin.desk import BUCKET, Desk, make_keys
from tests.kit.standin.vision import Vision
from tests.kit.standin.web import Web


@pytest.fixture(scope="session")
def google_servers(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """The servers, once for all tests."""
    engine = hub.connection().backend
    assert engine.vision_address and engine.storage_address
    desk = Desk()
    web = Web(desk, engine.storage_address)
    keys = make_keys(tmp_path_factory.mktemp("keys"), web.token_url)
    desk.public_key = keys.public_key
    web.start(keys)
    vision = Vision(desk, keys, engine.vision_address)
    hub.connection().buckets.make_bucket(BUCKET)
    yield StandIn(desk, vision, web, keys)
    vision.stop()
    web.stop()


@pytest.fixture
def standin(google_servers: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The stand-in as new, trusted and named by this process's environment."""
    google_servers.desk.clear()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(google_servers.keys.ca))
    for name in ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_QUOTA_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    # The address for people's logins cannot be set.
    url = google_servers.web.token_url
    monkeypatch.setattr("google.oauth2.credentials._GOOGLE_OAUTH2_TOKEN_ENDPOINT", url)
    return google_servers


@pytest.fixture
def log_in(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> LogIn:
    """Use one of the credentials files, by name."""

    def use(name: str) -> None:
        path = standin.keys.folder / f"{name}.json"
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))

    return use


@pytest.fixture
def dashboard(standin: StandIn, tmp_path: Path) -> Iterator[Dashboard]:
    """Make a dashboard on the stand-in; its watcher moves only when it is told to."""
    made: list[Hub] = []

    def make(**env: str) -> Hub:
        hub = Hub(Settings.from_env(standin.env(tmp_path / "home", **env)), None)
        made.append(hub)
        return hub

    yield make
    for hub in made:
        hub.stop()
        for pool in (hub.watcher._senders, hub.watcher._counters):
            pool.shutdown()  # no call of this test comes in during the next one
        hub._runner.ledger.close()
