"""The engine on pictures in Cloud Storage, for which a second storage server stands."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import vision

from core.app.engine_process import EngineProcess as EmbeddedEngine
from core.app.hub import Hub
from core.buckets import Buckets
from core.doctor.checkup import examine
from core.engine.emulator import Emulator
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import ImageRef, LocalPicture
from core.settings import Settings
from tests.kit.services.engine_process import (
    BUCKET,
    EngineProcess,
    batch,
    image,
    on_cloud,
    picture,
    shards,
    state,
    submit,
    until,
    upload,
    wait,
)
from tests.kit.waiting import wait_until
from tests.kit.web.pages import finished

COUNT = 40


@pytest.fixture
def cloud(
    emulated: tuple[Emulator, Buckets], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Emulator:
    for name, value in on_cloud(emulated[0].address).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CONTACT_SHEET_HOME", str(tmp_path / "home"))
    emulated[1].make_bucket(BUCKET)
    return emulated[0]


@pytest.fixture
def engine(cloud: Emulator, tmp_path: Path) -> Iterator[EngineProcess]:
    engine = EngineProcess(tmp_path / "home")
    engine.cloud = cloud.address
    engine.delay_s = 0.05
    yield engine
    engine.stop()


def workers_of(pid: int) -> list[int]:
    """Processes that annotate: children of the engine that are none of multiprocessing's own."""
    pids = []
    for entry in Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in (entry / "cmdline").read_bytes():
                pids.append(int(entry.name))
        except (OSError, ValueError, IndexError):
            continue
    return pids


def test_a_batch_outlives_one_of_two_workers_and_the_engine(engine: EngineProcess) -> None:
    engine.start("--workers", "2")
    uris = upload(engine, "in", [picture(100 + n, 20) for n in range(COUNT)])
    missing = f"gs://{BUCKET}/in/none.png"
    nowhere = "gs://no-such-bucket-here/a.png"
    prefix = f"gs://{BUCKET}/out-{os.getpid()}/"
    asked = [image(uri) for uri in (*uris, missing, nowhere)]
    name = submit(engine, batch(asked, prefix, 10))
    until(lambda: len(engine.annotated()) >= 5)
    assert engine.process is not None
    os.kill(workers_of(engine.process.pid)[0], signal.SIGKILL)
    until(lambda: len(engine.annotated()) >= 15)
    engine.kill()
    engine.start("--workers", "2")
    assert state(wait(engine, name)) is vision.OperationMetadata.State.DONE
    shards_by_name = shards(engine, prefix)
    said = [
        answer.error.code or answer.label_annotations[0].description
        for first in range(1, COUNT + 3, 10)
        for answer in shards_by_name[
            f"output-{first}-to-{min(first + 9, COUNT + 2)}.json"
        ].responses
    ]
    assert said == [*(f"{100 + n}x20" for n in range(COUNT)), 5, 7]
    assert engine.facts()["storage_address"] == ""
    assert not (engine.home / "engine" / "storage").exists()


def test_the_dashboard_sends_to_it_and_google_charges_no_unit(
    cloud: Emulator, emulated: tuple[Emulator, Buckets], tmp_path: Path
) -> None:
    settings = Settings.from_env()
    hub = Hub(settings, EmbeddedEngine(settings.home, 2, "tests.kit.services.fake_engine"))
    hub.start()
    try:
        wait_until(lambda: not hub.starting(), "the engine starts", 60)
        connection = hub.connection()
        assert connection.id == f"engine-on-cloud:{cloud.address}"
        assert not connection.prices.charged and connection.payer == ""
        (tmp_path / "a.png").write_bytes(picture(80, 20))
        emulated[1].write(f"gs://{BUCKET}/there/b.png", picture(90, 20), "image/png")
        pictures: list[ImageRef | LocalPicture] = [
            LocalPicture(tmp_path / "a.png", "a.png", 1),
            ImageRef(f"gs://{BUCKET}/there/b.png"),
        ]
        request = BatchRequest(("LABEL_DETECTION",))
        job = finished(hub, hub.jobs.create("oncloud000000000", pictures, request))
        assert (job.progress.pictures_done, job.progress.failed) == (2, 0)
        written = [info.uri for info in emulated[1].list_objects(job.prefix)]
        assert any("output-1-to-2.json" in uri for uri in written)
        assert hub.jobs.accounts.month().charged is False
        assert hub.galleries is not None
        findings = {one.name: one for one in examine()}
        assert {"Bucket", "Credentials", "Engine"} <= findings.keys()
        assert not {"Vision API", "Storage emulator"} & findings.keys()
        assert "without an account" in findings["Bucket"].what
        assert findings["Engine"].what == "running"
    finally:
        hub.stop()
