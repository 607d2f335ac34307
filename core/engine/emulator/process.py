"""The server as a child process: started, watched and ended by its engine.

A process of its own, since a server in a thread would share one interpreter's lock with the
engine's gRPC threads, and one that hangs or is killed can be started again. It ends by itself when
the engine is gone: the pipe on its standard input is then closed by the system, whatever ended the
engine.
"""

from __future__ import annotations

import http.client
import logging
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from core.errors import EngineNotRunning

log = logging.getLogger("engine.storage")

READY = b"ready\n"
READY_S = 30.0  # without a sign of life; taking over many objects gives them
STOP_S = 5.0
MODULE = "core.engine.emulator"  # by which scripts find the process
_ROOT = Path(__file__).parents[3]


class Emulator:
    """One local Cloud Storage over ``folder``; everything in it outlives the process.

    Args:
        folder: for index, objects and log.
        port: on 127.0.0.1.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False

    @property
    def pid(self) -> int | None:
        """The process that runs, if any."""
        return None if self._process is None or self.died() else self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            EngineNotRunning: it does not come up; its log says why.
        """
        self._end()
        self._wanted = True
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", MODULE, str(self._folder.resolve()), str(self._port)]
        with (self._folder / "emulator.log").open("ab") as output:
            # A session of its own: Ctrl-C in a terminal must not stop it before the engine does.
            self._process = subprocess.Popen(
                command,
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        self._wait_until_ready(self._process)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        # Its own word, on its own pipe: another server on this port could not give it.
        assert process.stdout is not None
        last = b""
        while last != READY:
            last = _line(process.stdout)
            if last:
                continue
            silent = process.poll() is None
            self._end()
            raise EngineNotRunning(
                "The storage emulator does not answer"
                if silent
                else "The storage emulator ended at once",
                where=str(self._folder / "emulator.log"),
                then="The log says why.",
            )

    def answers(self) -> bool:
        """Whether it lists its buckets."""
        # http.client, since urllib would ask a proxy of the environment for 127.0.0.1.
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=2)
        try:
            connection.request("GET", "/storage/v1/b?maxResults=1")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def died(self) -> bool:
        """Whether it is not running, though it was started and not stopped."""
        return self._wanted and (self._process is None or self._process.poll() is not None)

    def stop(self) -> None:
        """End it; requests under way have a moment to be answered."""
        self._wanted = False
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _line(pipe: IO[bytes]) -> bytes:
    """A line; b"" at the end, or when nothing has come for a while."""
    end = time.monotonic() + READY_S
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([pipe], [], [], max(end - time.monotonic(), 0))
        piece = pipe.raw.read(1) if ready else b""  # type: ignore[attr-defined]
        if not piece:
            return b""
        line += piece
    return line
