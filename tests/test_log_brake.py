"""A flood of one kind of message is braked and counted; others are not held back."""

from __future__ import annotations

import io
import logging
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from core.log_brake import BURST, FAULT_BURST, MOST_KINDS, Brake, BrakedHandler
from core.logs import LineFormatter

FULL = OSError(24, "Too many open files")


def record(message: str, *args: object, fault: Exception | None = None) -> logging.LogRecord:
    level = logging.ERROR if fault else logging.INFO
    info = (type(fault), fault, None) if fault else None
    return logging.LogRecord("a.b", level, "f.py", 1, message, args, info)


class Log:
    """A handler with a clock of its own, and what it wrote."""

    def __init__(self) -> None:
        self.now = 0.0
        self.stream = io.StringIO()
        self.handler = BrakedHandler(self.stream)
        self.handler.brake = Brake(lambda: self.now)
        self.handler.setFormatter(LineFormatter())

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_flood_is_braked_and_counted(log: Log) -> None:
    for n in range(100_000):
        log.handler.emit(record(f"socket.accept() failed, fd={n}\nsocket: <x>", fault=FULL))
    assert len(log.lines()) == FAULT_BURST
    log.handler.emit(record("%s pictures sent", 3))  # something else is not held back
    assert log.lines()[-1].endswith("3 pictures sent")
    log.now += 60
    log.handler.emit(record("socket.accept() failed, fd=7", fault=FULL))
    assert "99,980 more like this were left out: socket.accept() failed" in log.lines()[-2]
    assert "fd=7" in log.lines()[-1]


def test_the_end_of_a_flood_is_reported_with_the_next_line(log: Log) -> None:
    for _ in range(30):
        log.handler.emit(record("no", fault=FULL))
    log.now += 20
    log.handler.emit(record("something else"))
    assert "10 more like this were left out: no" in log.lines()[-1]
    assert len([line for line in log.lines() if "left out" in line]) == 1


def test_the_end_of_the_process_tells_the_rest(log: Log) -> None:
    for _ in range(30):
        log.handler.emit(record("no", fault=FULL))
    log.handler.close()
    assert "10 more like this" in log.lines()[-1]


def test_a_line_for_each_picture_of_a_batch_is_no_flood(log: Log) -> None:
    for n in range(int(BURST)):
        log.handler.emit(record("picture=%s refused", f"p{n}.jpg"))
    assert len(log.lines()) == BURST
    assert not [line for line in log.lines() if "left out" in line]


def test_kinds_are_distinguished_and_not_kept_without_bound(log: Log) -> None:
    for n in range(3 * MOST_KINDS):
        text = "".join(chr(97 + int(digit)) for digit in str(n))
        log.handler.emit(record(f"{text} happened"))
    assert len(log.lines()) == 3 * MOST_KINDS
    assert len(log.handler.brake._kinds) <= MOST_KINDS


SERVER = """
import asyncio, os, resource, socket, sys
from core import logs
logs.set_up()
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

async def main():
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0, backlog=512)
    port = server.sockets[0].getsockname()[1]
    held = [open(os.devnull) for _ in range(64 - len(os.listdir("/proc/self/fd")) - 3)]
    clients = []
    for _ in range(2):
        client = socket.socket(); client.setblocking(False)
        client.connect_ex(("127.0.0.1", port)); clients.append(client)
    await asyncio.sleep(3)

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_server_without_descriptors_does_not_fill_the_disk() -> None:
    """As it was found: each connection that waits is told over and over, with a traceback."""
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64
    done = subprocess.run(
        [sys.executable, "-c", SERVER],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "out of system resource" in done.stderr
    assert len(done.stderr) < 200_000
    assert re.search(r"[\d,]+ more like this were left out", done.stderr)
