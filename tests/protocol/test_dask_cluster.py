"""The engine on a real Dask cluster: a scheduler and two workers, processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import vision

from core.buckets import Buckets
from core.engine.emulator import Emulator
from core.engine.home import free_ports
from core.engine.workers.dask_executor import DaskExecutor
from core.errors import EngineNotRunning
from tests.kit.services.engine_process import (
    BUCKET,
    ROOT,
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
from tests.kit.services.fake_kit import COLOURS

pytest.importorskip("distributed", reason="pip install -r requirements-cluster.txt")

COUNT = 60


class Cluster:
    """``dask scheduler`` and ``dask worker`` on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_ports([0])[0]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start_scheduler()

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        """The scheduler, always at the same address."""
        return self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port))

    def add_worker(self) -> subprocess.Popen[bytes]:
        """One worker, one thread, and no nanny, so that the process started is the one to kill."""
        options = ("--nthreads", "1", "--no-nanny", "--host", "127.0.0.1")
        folder = ("--local-directory", str(self.folder))
        return self._start("worker", self.address, *options, *folder)

    def log(self) -> str:
        """What all of them said."""
        return (self.folder / "cluster.log").read_text(errors="replace")

    def stop(self) -> None:
        """End all."""
        for process in self.processes:
            process.kill()
            process.wait(10)

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "FAKE_KIT_LOG": str(self.folder / "annotated.log"),
            "FAKE_KIT_DELAY_S": "0.05",
            "CONTACT_SHEET_LOG": "json",
            # Two deaths are enough to give a picture up: one in company, one alone.
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
        }
        with (self.folder / "cluster.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *command, "--no-dashboard"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    (tmp_path / "home").mkdir()
    cluster = Cluster(tmp_path / "home")
    yield cluster
    cluster.stop()


@pytest.fixture
def engine(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EngineProcess]:
    monkeypatch.setenv("CONTACT_SHEET_DASK", cluster.address)
    engine = EngineProcess(tmp_path / "home")
    yield engine
    engine.stop()


def workers_ready(engine: EngineProcess, count: int) -> None:
    """Wait until the engine has met so many workers."""
    until(lambda: engine.stderr().count("is there and reaches the storage") >= count, 60)


def start_batch(engine: EngineProcess, odd: dict[int, str] | None = None) -> tuple[str, str]:
    """A batch of pictures of different sizes."""
    colours = {number: COLOURS[name] for number, name in (odd or {}).items()}
    files = [picture(100 + n, 20, colours.get(n, "white")) for n in range(COUNT)]
    uris = upload(engine, "in", files)
    prefix = f"gs://{BUCKET}/out/"
    return submit(engine, batch((image(uri) for uri in uris), prefix, 5)), prefix


def answers(engine: EngineProcess, prefix: str) -> list[str]:
    """The label of each picture in order; its error's message where it has one."""
    shards_by_name = shards(engine, prefix)
    assert len(shards_by_name) == COUNT / 5
    outcomes = []
    for number in range(COUNT):
        first = number // 5 * 5 + 1
        answer = shards_by_name[f"output-{first}-to-{first + 4}.json"].responses[number % 5]
        assert answer.context.uri.endswith(f"/{number:04d}.png")
        labels = [label.description for label in answer.label_annotations]
        outcomes.append(answer.error.message or " ".join(labels))
    return outcomes


EXPECTED = [f"{100 + number}x20" for number in range(COUNT)]


def test_a_worker_killed_in_mid_batch_costs_no_picture(
    cluster: Cluster, engine: EngineProcess
) -> None:
    victim, _ = cluster.add_worker(), cluster.add_worker()
    engine.start()
    workers_ready(engine, 2)
    name, prefix = start_batch(engine)
    until(lambda: len(engine.annotated()) >= 10)
    victim.send_signal(signal.SIGKILL)
    done = wait(engine, name)
    assert state(done) is vision.OperationMetadata.State.DONE
    assert answers(engine, prefix) == EXPECTED
    # Only what the victim had begun and not brought back was annotated once more.
    times = Counter(line.partition(" ")[0] for line in engine.annotated())
    assert set(times) == set(EXPECTED)
    assert sum(times.values()) <= COUNT + 2


def test_workers_read_cloud_storage_without_a_tunnel(
    cluster: Cluster,
    engine: EngineProcess,
    emulated: tuple[Emulator, Buckets],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A storage of its own stands for the cloud: workers read it, and the engine writes it."""
    for name, value in on_cloud(emulated[0].address).items():
        monkeypatch.setenv(name, value)
    emulated[1].make_bucket(BUCKET)
    engine.cloud = emulated[0].address
    victim, _ = cluster.add_worker(), cluster.add_worker()
    engine.start()
    workers_ready(engine, 2)
    assert engine.facts()["storage_address"] == ""
    name, prefix = start_batch(engine)
    until(lambda: len(engine.annotated()) >= 10)
    victim.send_signal(signal.SIGKILL)
    assert state(wait(engine, name)) is vision.OperationMetadata.State.DONE
    assert answers(engine, prefix) == EXPECTED
    assert not (engine.home / "engine" / "storage").exists()


def test_a_picture_that_kills_every_worker_costs_no_other(
    cluster: Cluster, engine: EngineProcess
) -> None:
    for _ in range(3):
        cluster.add_worker()
    engine.start()
    workers_ready(engine, 3)
    name, prefix = start_batch(engine, {7: "kill"})
    assert state(wait(engine, name)) is vision.OperationMetadata.State.DONE
    assert answers(engine, prefix) == [*EXPECTED[:7], "Internal error.", *EXPECTED[8:]]


def test_workers_log_as_all_do_and_name_the_operation(
    cluster: Cluster, engine: EngineProcess
) -> None:
    worker = cluster.add_worker()
    engine.start()
    workers_ready(engine, 1)
    name, prefix = start_batch(engine, {7: "raise"})
    wait(engine, name)
    assert answers(engine, prefix) == [*EXPECTED[:7], "Internal error.", *EXPECTED[8:]]
    worker.terminate()
    worker.wait(20)
    ours = [json.loads(line) for line in cluster.log().splitlines() if line.startswith("{")]
    (failed,) = [line for line in ours if line["logger"] == "engine.worker"]
    assert failed["operation"] == name and failed["picture"] == f"{name}#7"
    assert any(line["logger"].startswith("distributed.worker") for line in ours)


def test_a_scheduler_that_is_gone_is_awaited(cluster: Cluster, engine: EngineProcess) -> None:
    cluster.add_worker()
    engine.start()
    workers_ready(engine, 1)
    name, prefix = start_batch(engine)
    until(lambda: len(engine.annotated()) >= 5)
    cluster.scheduler.kill()
    cluster.scheduler.wait(10)
    cluster.scheduler = cluster.start_scheduler()
    cluster.add_worker()  # workers of a scheduler that is gone end by themselves
    wait(engine, name, 90)
    assert answers(engine, prefix) == EXPECTED


def test_no_scheduler_is_said_with_a_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.engine.workers.dask_executor.CONNECT_S", 0.5)
    address = f"tcp://127.0.0.1:{free_ports([0])[0]}"
    with pytest.raises(EngineNotRunning, match="The Dask scheduler does not answer") as caught:
        DaskExecutor(address, "http://127.0.0.1:1")
    assert caught.value.where == address
