"""The engine's files under its home: what others read of it, and the lock.

::

    HOME/engine/
    ├── engine.json       written when it is ready, removed on a clean exit
    ├── status.txt        one line: what it is doing while it starts
    ├── ports.json        kept, so that clients of a restarted engine just reconnect
    ├── lock              held while an engine runs
    ├── operations.sqlite3
    ├── models/
    ├── files/            copies of the PDF, TIFF and GIF files that are being worked on
    └── storage/          index.sqlite3, objects/, incoming/, emulator.log
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import secrets
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from core.errors import EngineError, EngineNotRunning

OWN_PORTS = range(20_000, 32_768)
PORT_PATIENCE_S = 3.0
_PARTS = ("vision", "storage", "rest")


class AlreadyRunning(EngineError):
    """Another engine has this home."""


class EngineHome:
    """Paths and small files of one engine. Made when they are not there."""

    def __init__(self, home: Path) -> None:
        self.folder = home.resolve() / "engine"
        self.operations = self.folder / "operations.sqlite3"
        self.models = self.folder / "models"
        self.files = self.folder / "files"
        self.storage = self.folder / "storage"
        self.folder.mkdir(parents=True, exist_ok=True)

    def lock(self) -> TextIO:
        """Take this home; it is held until the file is closed or the process ends.

        Raises:
            AlreadyRunning: another engine holds it.
        """
        # Append mode: a second engine must not wipe out the first one's number.
        file = (self.folder / "lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            file.close()
            raise AlreadyRunning(
                f"Another engine, process {owner}, is running here",
                where=str(self.folder),
                then="Use it, stop it, or start this one with another --home.",
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file

    def status(self, text: str) -> None:
        """Say what is being done."""
        _replace(self.folder / "status.txt", text + "\n")

    def announce(self, facts: Mapping[str, Any]) -> None:
        """Write engine.json: from now on the engine can be used."""
        _replace(self.folder / "engine.json", json.dumps(facts, indent=2))

    def withdraw(self) -> None:
        """Remove engine.json."""
        (self.folder / "engine.json").unlink(missing_ok=True)

    def ports(self) -> tuple[int, int, int]:
        """The ports for Vision, storage and REST: those of the last time if they are free."""
        note = self.folder / "ports.json"
        try:
            noted = json.loads(note.read_text(encoding="utf-8"))
            ports = [int(noted.get(part, 0)) for part in _PARTS]
        except (OSError, ValueError, AttributeError, TypeError):
            ports = [0] * len(_PARTS)
        # A killed process's sockets outlive its other traces by a moment.
        end = time.monotonic() + PORT_PATIENCE_S
        while not all(_is_free(port) for port in ports) and time.monotonic() < end:
            time.sleep(0.02)
        vision, storage, rest = free_ports(ports)
        _replace(note, json.dumps(dict(zip(_PARTS, (vision, storage, rest), strict=True))))
        return vision, storage, rest


def free_ports(wanted: list[int]) -> list[int]:
    """Each wanted port of 127.0.0.1, or another where it is 0 or taken. All different.

    Others come from below the range that systems hand out to outgoing connections: a client that
    keeps knocking at a port of that range while nobody listens can be given the very port.
    """
    sockets: list[socket.socket] = []
    try:
        return [_bound(port, sockets) for port in wanted]
    finally:
        for one in sockets:
            one.close()


def _is_free(port: int) -> bool:
    if not 0 < port < 65536:
        return True
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _bound(port: int, sockets: list[socket.socket]) -> int:
    candidates = (secrets.choice(OWN_PORTS) for _ in range(200))
    for candidate in itertools.chain([port] if 0 < port < 65536 else [], candidates):
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", candidate))
        except OSError:
            bound.close()
            continue
        sockets.append(bound)
        return candidate
    raise EngineNotRunning(
        f"No free port was found in {OWN_PORTS.start}-{OWN_PORTS.stop - 1}", where="127.0.0.1"
    )


def _replace(path: Path, text: str) -> None:
    # A reader sees the old file or the new one, never half of one.
    half = path.with_suffix(f".{os.getpid()}.tmp")
    half.write_text(text, encoding="utf-8")
    half.replace(path)
