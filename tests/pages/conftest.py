"""Pages run by Streamlit's own test runner, on a hub with the real engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from tests.kit.web.pages import Be, Open, finished, until_shown

ROOT = Path(__file__).parents[2]


@pytest.fixture
def open_page(hub: Hub) -> Open:
    """Open a page with given URL parameters, and wait for a kind of element.

    Args:
        opened: keys of popovers to open, whose content is drawn only then.
    """

    def run(page: str, /, *, until: str = "", opened: Sequence[str] = (), **params: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        app.run()
        for name in list(app.query_params):
            del app.query_params[name]
        app.switch_page(f"pages/{page}.py")
        for name, value in params.items():
            app.query_params[name] = value
        for key in opened:
            app.session_state[key] = True
        app.run()
        assert not app.exception
        return until_shown(app, until) if until else app

    return run


@pytest.fixture
def be(monkeypatch: pytest.MonkeyPatch) -> Be:
    """Look at pages as somebody else."""

    def become(visitor: Visitor | None) -> None:
        monkeypatch.setattr(resources, "visitor_of_session", lambda _: visitor)

    return become


@pytest.fixture
def no_jobs(hub: Hub) -> Iterator[None]:
    """As on the first day: jobs of other tests are out of sight."""
    ledger = hub._runner.ledger
    count, jobs = ledger.count, ledger.jobs
    patch = pytest.MonkeyPatch()
    patch.setattr(ledger, "count", lambda *_: 0)
    patch.setattr(ledger, "jobs", lambda *_, **__: [])
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
