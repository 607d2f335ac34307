"""``python -m core.engine.emulator FOLDER PORT``: serves until standard input ends, or SIGTERM."""

from __future__ import annotations

import logging
import os
import select
import socket
import sqlite3
import sys
import threading
import time
from pathlib import Path

import uvicorn

from core import logs
from core.engine.emulator.app import StorageApp
from core.engine.emulator.legacy import take_over
from core.engine.emulator.objects.store import ObjectStore
from core.engine.emulator.process import READY

log = logging.getLogger("engine.storage")

LOCK_S = 5.0  # one that is ending still has the folder
BACKLOG = 2048
GRACE_S = 2


def main(folder: Path, port: int) -> int:
    """Serve one folder on 127.0.0.1; the exit code of the process."""
    logs.set_up()
    serving: list[_Server] = []
    watching = (os.getppid(), serving)
    threading.Thread(target=_end_with_parent, args=watching, daemon=True).start()
    try:
        listener = _listen(port)
        store = _open(folder)
        take_over(store, folder / "buckets", _say)
    except (OSError, sqlite3.Error) as error:
        log.error("the storage cannot start over %s, port %d: %s", folder, port, error)
        return 1
    config = uvicorn.Config(
        StorageApp(store),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        # A client's connection that lies idle must not be closed while it writes its next request.
        timeout_keep_alive=600,
    )
    serving.append(_Server(config))
    try:
        serving[0].run([listener])
    finally:
        store.close()
    return 0


def _listen(port: int) -> socket.socket:
    # Named as TCP: asyncio turns off Nagle's algorithm for no other socket, and with it an answer
    # of head and body waits 40 ms for the client.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(BACKLOG)
    return listener


def _open(folder: Path) -> ObjectStore:
    end = time.monotonic() + LOCK_S
    while True:
        try:
            return ObjectStore(folder)
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def _say(text: str) -> None:
    log.info("%s", text)
    _write(b"working\n")


def _write(data: bytes) -> None:
    try:
        os.write(1, data)
    except OSError:
        log.info("nobody reads what the storage says")


class _Server(uvicorn.Server):
    """Says on standard output that it serves."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _write(READY)


def _end_with_parent(parent: int, serving: list[_Server]) -> None:
    """Wait for the end of standard input, or of the parent, then end this process."""
    while os.getppid() == parent:
        ready, _, _ = select.select([0], [], [], 1.0)
        if ready and not os.read(0, 1024):
            break
    log.info("the engine is gone; the storage ends")
    for server in serving:
        server.should_exit = True
    if not serving:
        os._exit(0)  # still starting; what it did is whole, as after any kill


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
