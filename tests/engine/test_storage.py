"""The emulator as a process: what it keeps, and which process may be ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.buckets import open_buckets
from core.engine import storage
from core.engine.home import free_ports
from core.engine.emulator import Emulator
from core.errors import BucketNotFound, EngineNotRunning

NAMES = ["plain.png", "two words.png", "a#b?c=d&e%20f+g.png", "漢字/ñandú 🙂.png", "dots..ok.png"]


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    (port,) = free_ports([0])
    emulator = Emulator(tmp_path, port)
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.mark.parametrize("name", NAMES)
def test_hostile_but_allowed_names_come_back(emulator: Emulator, name: str) -> None:
    buckets = open_buckets(emulator.address)
    buckets.make_bucket("bkt")
    buckets.write(f"gs://bkt/{name}", b"bytes")
    assert buckets.read(f"gs://bkt/{name}") == b"bytes"
    assert [found.uri for found in buckets.list_objects("gs://bkt/")] == [f"gs://bkt/{name}"]


def test_a_restart_keeps_everything(emulator: Emulator) -> None:
    buckets = open_buckets(emulator.address)
    buckets.make_bucket("bkt")
    buckets.write("gs://bkt/o", b"bytes", "image/png")
    emulator.stop()
    assert not emulator.answers()
    emulator.start()
    assert buckets.read("gs://bkt/o") == b"bytes"
    assert buckets.info("gs://bkt/o").content_type == "image/png"


def test_a_missing_bucket_is_told(emulator: Emulator) -> None:
    with pytest.raises(BucketNotFound):
        open_buckets(emulator.address).check_bucket("nowhere")


def test_it_listens_on_loopback_only(emulator: Emulator) -> None:
    with urllib.request.urlopen(emulator.address + "/storage/v1/b", timeout=5) as response:
        assert response.status == 200
    port = int(emulator.address.rsplit(":", 1)[1])
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if int(line.split()[1].split(":")[1], 16) == port and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F:{port:04X}"]


def test_an_orphan_is_ended(emulator: Emulator, tmp_path: Path) -> None:
    process = emulator._process
    assert process is not None
    end_orphan(tmp_path)
    assert process.wait(10) is not None
    assert not (tmp_path / "emulator.json").exists()


def test_somebody_elses_process_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (tmp_path / "emulator.json").write_text(json.dumps({"pid": other.pid}))
        end_orphan(tmp_path)
        assert other.poll() is None
    finally:
        other.communicate(b"\n")


def test_an_emulator_of_another_home_is_left_alone(emulator: Emulator, tmp_path: Path) -> None:
    assert emulator._process is not None
    folder = tmp_path / "another"
    folder.mkdir()
    (folder / "emulator.json").write_text(json.dumps({"pid": emulator._process.pid}))
    end_orphan(folder)
    assert emulator.answers()


@pytest.mark.parametrize("note", ["", "{}", "[]", '{"pid": "x"}', '{"pid": 999999999}'])
def test_a_damaged_note_ends_nobody(tmp_path: Path, note: str) -> None:
    (tmp_path / "emulator.json").write_text(note)
    end_orphan(tmp_path)


def test_a_taken_port_is_told_with_the_log(emulator: Emulator, tmp_path: Path) -> None:
    second = Emulator(tmp_path / "second", int(emulator.address.rsplit(":", 1)[1]))
    with pytest.raises(EngineNotRunning) as caught:
        second.start()
    assert "emulator.log" in str(caught.value)


def test_a_machine_without_a_binary_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "vax")
    with pytest.raises(EngineNotRunning, match="vax"):
        storage._binary()


def test_the_tests_own_process_is_no_emulator(tmp_path: Path) -> None:
    assert not storage._is_emulator(os.getpid(), tmp_path)
