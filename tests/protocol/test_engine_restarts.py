"""Sudden ends with real processes: nothing is lost, nothing finished is done again."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections import Counter
from pathlib import Path

import pytest
from google.cloud import vision
from google.longrunning import operations_pb2 as pb

from core.engine.emulator.process import MODULE as EMULATOR
from tests.kit.services.engine_process import (
    BUCKET,
    EngineProcess,
    batch,
    image,
    picture,
    shards,
    state,
    submit,
    until,
    upload,
    wait,
)

State = vision.OperationMetadata.State
COUNT = 60
WORKERS = 2


def alive(pid: int) -> bool:
    """Whether a process is there and not merely unburied."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rsplit(")", 1)[1].split()[0] != "Z"


def children(pid: int) -> list[int]:
    """A process's children."""
    pids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and parent(int(entry.name)) == pid:
            pids.append(int(entry.name))
    return pids


def parent(pid: int) -> int:
    """A process's parent; 0 if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(text.rsplit(")", 1)[1].split()[1])


def command(pid: int) -> str:
    """A process's command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def batch_in_work(engine: EngineProcess, annotated: int) -> tuple[str, str]:
    """A batch of pictures of different sizes, about ``annotated`` of which are done."""
    uris = upload(engine, "in", [picture(100 + n, 20) for n in range(COUNT)])
    prefix = f"gs://{BUCKET}/out/"
    name = submit(engine, batch((image(uri) for uri in uris), prefix, 5))
    until(lambda: len(engine.annotated()) >= annotated)
    return name, prefix


def complete(engine: EngineProcess, name: str, prefix: str) -> None:
    """The batch is whole, in order, without an error, and hardly anything was done twice."""
    done = wait(engine, name)
    assert state(done) is State.DONE
    assert not done.HasField("error")
    shards_by_name = shards(engine, prefix)
    assert len(shards_by_name) == COUNT / 5
    for number in range(COUNT):
        shard = shards_by_name[f"output-{number // 5 * 5 + 1}-to-{number // 5 * 5 + 5}.json"]
        answer = shard.responses[number % 5]
        assert answer.label_annotations[0].description == f"{100 + number}x20"
        assert answer.context.uri.endswith(f"/{number:04d}.png")


def test_killed_in_mid_batch_goes_on_where_it_was(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 0.05
    own_engine.start("--workers", str(WORKERS))
    before = own_engine.facts()
    name, prefix = batch_in_work(own_engine, 23)
    channel_made_before = own_engine.operations()
    written = shards(own_engine, prefix)
    assert written  # the kill comes after some shards and amid another
    generations = {info.uri: info.generation for info in own_engine.buckets().list_objects(prefix)}
    process = own_engine.process
    assert process is not None
    offspring = children(process.pid)
    workers = [pid for pid in offspring if "spawn_main" in command(pid)]
    (emulator,) = [pid for pid in offspring if EMULATOR in command(pid)]
    assert len(workers) == WORKERS

    own_engine.kill()
    # Nobody could end the storage: it sees by itself that its engine is gone.
    until(lambda: not any(alive(pid) for pid in [*workers, emulator]), 10)

    own_engine.start("--workers", str(WORKERS))
    after = own_engine.facts()
    assert after["pid"] != before["pid"]
    assert after["vision_address"] == before["vision_address"]
    assert after["storage_address"] == before["storage_address"]
    complete(own_engine, name, prefix)
    # At most what the workers had in hand at the kill was annotated again.
    times = Counter(own_engine.annotated())
    assert sum(times.values()) <= COUNT + 2 * WORKERS
    assert max(times.values()) <= 2
    now = {info.uri: info.generation for info in own_engine.buckets().list_objects(prefix)}
    redone = [uri for uri, generation in generations.items() if now[uri] != generation]
    assert redone == []
    # A client that was connected before just goes on.
    operation = channel_made_before.GetOperation(
        pb.GetOperationRequest(name=name), timeout=20, wait_for_ready=True
    )
    assert operation.done


def test_killed_again_and_again(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 0.05
    own_engine.start("--workers", str(WORKERS))
    name, prefix = batch_in_work(own_engine, 5)
    for count in (15, 30, 45):
        own_engine.kill()
        own_engine.start("--workers", str(WORKERS))
        until(lambda count=count: len(own_engine.annotated()) >= count)  # type: ignore[misc]
    complete(own_engine, name, prefix)
    assert len(own_engine.annotated()) <= COUNT + 3 * 2 * WORKERS


def test_stopped_in_mid_batch_repeats_nothing(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 0.1
    own_engine.start("--workers", str(WORKERS))
    name, prefix = batch_in_work(own_engine, 12)
    process = own_engine.process
    assert process is not None
    offspring = children(process.pid)
    assert own_engine.stop() == 0
    # A worker looks only now and then whether its engine is still there.
    until(lambda: not any(alive(pid) for pid in offspring), 10)
    folder = own_engine.home / "engine"
    assert not (folder / "engine.json").exists()
    assert (folder / "status.txt").read_text() == "Stopped\n"
    own_engine.start("--workers", str(WORKERS))
    complete(own_engine, name, prefix)
    assert len(own_engine.annotated()) == COUNT


def test_cancelled_and_killed_before_it_could_end(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 2
    own_engine.start("--workers", "1")
    uris = upload(own_engine, "in", [picture()] * 9)
    name = submit(own_engine, batch((image(uri) for uri in uris), f"gs://{BUCKET}/o/"))
    stub = own_engine.operations()
    get = pb.GetOperationRequest(name=name)
    until(lambda: state(stub.GetOperation(get, timeout=5)) is State.RUNNING)
    stub.CancelOperation(pb.CancelOperationRequest(name=name), timeout=5)
    own_engine.kill()
    own_engine.delay_s = 0
    own_engine.start("--workers", "1")
    done = wait(own_engine, name)
    assert (state(done), done.error.code) == (State.CANCELLED, 1)
    assert len(own_engine.annotated()) <= 1


def test_every_worker_killed_in_mid_batch(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 0.05
    own_engine.start("--workers", str(WORKERS))
    name, prefix = batch_in_work(own_engine, 12)
    process = own_engine.process
    assert process is not None
    for pid in children(process.pid):
        if "spawn_main" in command(pid):
            os.kill(pid, signal.SIGKILL)
    complete(own_engine, name, prefix)


def test_emulator_killed_in_mid_batch(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 0.1
    own_engine.start("--workers", str(WORKERS))
    name, prefix = batch_in_work(own_engine, 12)
    process = own_engine.process
    assert process is not None
    (emulator,) = [pid for pid in children(process.pid) if EMULATOR in command(pid)]
    os.kill(emulator, signal.SIGKILL)
    complete(own_engine, name, prefix)


def test_a_second_engine_of_a_home_leaves_the_first_alone(own_engine: EngineProcess) -> None:
    own_engine.start("--workers", "1")
    facts = own_engine.facts()
    second = own_engine.launch("--workers", "1")
    assert second.wait(30) == 3
    assert re.search(rf"Another engine, process {facts['pid']}, is running", own_engine.stderr())
    assert own_engine.facts() == facts
    (uri,) = upload(own_engine, "in", [picture()])
    wait(own_engine, submit(own_engine, batch([image(uri)], f"gs://{BUCKET}/o/")))


def test_two_engines_started_at_once(own_engine: EngineProcess) -> None:
    engines = [own_engine.launch("--workers", "1") for _ in range(3)]
    codes: list[int] = []
    waiters = [
        threading.Thread(target=lambda process=process: codes.append(process.wait(60)))
        for process in engines
    ]
    for waiter in waiters:
        waiter.start()
    until(lambda: len(codes) == 2)
    assert codes == [3, 3]
    (running,) = [process for process in engines if process.poll() is None]
    until((own_engine.home / "engine" / "engine.json").exists)
    assert own_engine.facts()["pid"] == running.pid
    running.terminate()
    for waiter in waiters:
        waiter.join(30)
    assert sorted(codes) == [0, 3, 3]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_it_starts_is_a_clean_end(own_engine: EngineProcess, number: int) -> None:
    process = own_engine.launch("--workers", "1")
    until((own_engine.home / "engine" / "status.txt").exists)
    process.send_signal(number)
    assert process.wait(30) == 0
    assert not (own_engine.home / "engine" / "engine.json").exists()


@pytest.mark.parametrize("workers", ["0", "-1", "x"])
def test_a_number_of_workers_that_cannot_be(own_engine: EngineProcess, workers: str) -> None:
    assert own_engine.launch("--workers", workers).wait(30) == 2
