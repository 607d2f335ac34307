"""Pages run by Streamlit's own test runner, on a hub with the real engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import LocalPicture
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.records import Job
from core.jobs.samples.samples import write_samples
from core.ui.server import resources
from tests.conftest import wait_until

ROOT = Path(__file__).parents[2]
Open = Callable[..., AppTest]
BOB = Visitor("https://id.example bob", "Bob")
GUEST = Visitor(read_only=True)
Be = Callable[[Visitor | None], None]


@pytest.fixture
def open_page(hub: Hub) -> Open:
    """Open a page with given URL parameters, and wait for a kind of element."""

    def run(page: str, /, *, until: str = "", **params: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        app.run()
        for name in list(app.query_params):
            del app.query_params[name]
        app.switch_page(f"pages/{page}.py")
        for name, value in params.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return until_shown(app, until) if until else app

    return run


def until_shown(app: AppTest, *kinds: str) -> AppTest:
    """Run again until there is an element of these kinds; in a browser, fragments do so."""
    for _ in range(200):
        if any(len(app.get(kind)) for kind in kinds):
            return app
        time.sleep(0.05)
        app.run()
        assert not app.exception
    raise AssertionError(f"there never was any {kinds}")


@pytest.fixture
def be(monkeypatch: pytest.MonkeyPatch) -> Be:
    """Look at pages as somebody else."""

    def become(visitor: Visitor | None) -> None:
        monkeypatch.setattr(resources, "visitor_of_session", lambda _: visitor)

    return become


@pytest.fixture
def no_jobs(hub: Hub) -> Iterator[None]:
    """As on the first day: jobs of other tests are out of sight."""
    ledger = hub.jobs.ledger
    count, jobs = ledger.count, ledger.jobs
    patch = pytest.MonkeyPatch()
    patch.setattr(ledger, "count", lambda: 0)
    patch.setattr(ledger, "jobs", lambda *_: [])
    yield
    patch.undo()
    assert ledger.count == count and ledger.jobs == jobs


@pytest.fixture(scope="session")
def done_job(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A finished job: three samples and a file that is no picture."""
    folder = tmp_path_factory.mktemp("pictures")
    samples = [s.path for s in write_samples(folder) if s.path.stem in ("chelsea", "coffee")]
    broken = folder / "broken & <b>bold.jpg"
    broken.write_bytes(b"not a picture")
    paths = [*samples, broken]
    pictures = [LocalPicture(path, path.name, path.stat().st_size) for path in paths]
    request = BatchRequest(
        ("LABEL_DETECTION", "IMAGE_PROPERTIES", "SAFE_SEARCH_DETECTION"), batch_size=2
    )
    return finished(
        hub, hub.jobs.create("donejob000000000", pictures, request, title="Three *pictures*")
    )


def finished(hub: Hub, job: Job) -> Job:
    """Send a job that was created, and wait until all its pictures are counted."""
    hub.watcher.look()
    hub.watcher.send_soon()
    wait_until(
        lambda: (
            hub.jobs.get(job.id).final
            and hub.jobs.get(job.id).progress.pictures_done == job.pictures
        ),
        "the job is done",
    )
    return hub.jobs.get(job.id)
