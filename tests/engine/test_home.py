"""The engine's files: lock, ports, announcement."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path

import pytest

from core.engine.home import OWN_PORTS, AlreadyRunning, EngineHome, free_ports
from core.errors import EngineNotRunning


def test_one_engine_a_home(tmp_path: Path) -> None:
    lock = EngineHome(tmp_path).lock()
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        EngineHome(tmp_path).lock()
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        EngineHome(tmp_path).lock()  # the first refusal did not wipe out the number
    lock.close()
    EngineHome(tmp_path).lock().close()


def test_a_port_that_is_freed_in_a_moment_is_waited_for(tmp_path: Path) -> None:
    home = EngineHome(tmp_path)
    ports = home.ports()
    taken = socket.socket()
    taken.bind(("127.0.0.1", ports[1]))
    taken.listen()
    timer = threading.Timer(0.2, taken.close)
    timer.start()
    assert home.ports() == ports
    timer.join()


def test_ports_are_kept_while_they_are_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.engine.home.PORT_PATIENCE_S", 0.0)
    home = EngineHome(tmp_path)
    vision, storage, rest = home.ports()
    assert len({vision, storage, rest}) == 3
    assert home.ports() == (vision, storage, rest)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", vision))
        taken.listen()
        other, *same = home.ports()
    assert other not in (vision, storage, rest)
    assert same == [storage, rest]


def test_ports_of_an_engine_before_rest_are_kept(tmp_path: Path) -> None:
    home = EngineHome(tmp_path)
    vision, storage, _ = home.ports()
    (home.folder / "ports.json").write_text(json.dumps({"vision": vision, "storage": storage}))
    assert home.ports()[:2] == (vision, storage)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "[]", '{"vision": "x"}', '{"vision": 99999999, "storage": -4}']
)
def test_a_damaged_note_of_ports_is_made_again(tmp_path: Path, text: str) -> None:
    home = EngineHome(tmp_path)
    (home.folder / "ports.json").write_text(text)
    assert all(0 < port < 65536 for port in home.ports())


def test_ports_are_all_different() -> None:
    assert len(set(free_ports([0, 0, 0, 0]))) == 4


def test_ports_are_not_of_those_for_outgoing_connections() -> None:
    assert all(port in OWN_PORTS for port in free_ports([0] * 20))


def test_no_port_at_all_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        only = taken.getsockname()[1]
        monkeypatch.setattr("core.engine.home.OWN_PORTS", range(only, only + 1))
        with pytest.raises(EngineNotRunning, match="No free port"):
            free_ports([0])


def test_announcement_is_whole_or_not_there(tmp_path: Path) -> None:
    home = EngineHome(tmp_path)
    home.announce({"pid": 1})
    assert json.loads((home.folder / "engine.json").read_text()) == {"pid": 1}
    home.withdraw()
    home.withdraw()
    assert not (home.folder / "engine.json").exists()
    assert list(home.folder.iterdir()) == []
