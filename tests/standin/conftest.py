"""The stand-in Google in front of the engine that page tests use, and hubs that call it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from core.app.hub import Hub
from core.engine.home import free_ports
from core.jobs.sending.submission.claims import PROCESS
from core.settings import Settings
from tests.kit.standin.dashboards import OTHER_CERTIFICATES, Dashboard, LogIn, StandIn
from tests.kit.standin.desk import BUCKET, Desk, make_keys
from tests.kit.standin.metadata import Metadata
from tests.kit.standin.vision import Vision
from tests.kit.standin.web import Web

STUCK: set[threading.Thread] = set()  # that hang for good, as other folders' tests make them
METADATA = "google.auth.compute_engine._metadata"  # reads its variables when it is imported


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
    metadata = Metadata(desk)
    metadata.start()
    hub.connection().buckets.make_bucket(BUCKET)
    yield StandIn(desk, vision, web, metadata, keys)
    vision.stop()
    web.stop()
    metadata.stop()


@pytest.fixture
def standin(google_servers: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The stand-in as new, trusted and named by this process's environment."""
    # Checks and looks of an earlier test that came too late still call, with their own logins.
    for thread in threading.enumerate():
        if thread.name in ("check", "look") and thread not in STUCK:
            thread.join(60)
            STUCK.update([thread] if thread.is_alive() else [])
    google_servers.desk.clear()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(google_servers.keys.ca))
    for name in OTHER_CERTIFICATES:
        monkeypatch.delenv(name, raising=False)
    for name in ("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_QUOTA_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    # The address for people's logins cannot be set.
    url = google_servers.web.token_url
    monkeypatch.setattr("google.oauth2.credentials._GOOGLE_OAUTH2_TOKEN_ENDPOINT", url)
    return google_servers


@pytest.fixture
def log_in(standin: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LogIn:
    """Use one of the credentials files by name, a machine of the cloud's, or "" for nothing."""

    def use(name: str) -> None:
        if name in ("machine", ""):
            where = standin.metadata.address if name else f"127.0.0.1:{free_ports([0])[0]}"
            monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
            monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "no-gcloud"))
            monkeypatch.setenv("GCE_METADATA_IP", where)
            monkeypatch.setattr(f"{METADATA}._GCE_METADATA_HOST", where)
            monkeypatch.setattr(f"{METADATA}.detect_gce_residency_linux", lambda: False)
            return
        path = standin.keys.folder / f"{name}.json"
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))

    return use


@pytest.fixture
def dashboard(standin: StandIn, tmp_path: Path) -> Iterator[Dashboard]:
    """Make a dashboard on the stand-in; its watcher moves only when it is told to."""
    made: list[Hub] = []

    def make(
        clock: Callable[[], datetime] | None = None, /, process: str = PROCESS, **env: str
    ) -> Hub:
        settings = Settings.from_env(standin.env(tmp_path / "home", **env))
        hub = Hub(settings, None, **({"clock": clock} if clock else {}), process=process)
        made.append(hub)
        return hub

    yield make
    for hub in made:
        hub.stop()
        for pool in (hub.watcher._senders, hub.watcher._counters):
            pool.shutdown()  # no call of this test comes in during the next one
        hub._runner.ledger.close()


@pytest.fixture
def cloud(dashboard: Dashboard, log_in: LogIn) -> Hub:
    """A dashboard on the stand-in with a service account's key, as most have it."""
    log_in("robot")
    return dashboard()
