"""Starts the embedded engine as a process of its own and keeps it running.

The engine may outlive a dashboard that was killed: a new dashboard finds ``engine.json`` and goes
on with it. An engine that died is started again; it continues its operations from disk.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from core.errors import EngineNotRunning

ALREADY_RUNNING = 3  # the engine's exit code when another one holds the home folder
STOP_SECONDS = 20.0  # it ends its emulator and workers; killed meanwhile, it leaves them
MIN_UPTIME_S = 5.0  # an engine that dies sooner is not started again at once


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What a running engine says of itself in ``engine.json``."""

    pid: int
    vision_address: str
    storage_address: str
    capabilities: dict[str, dict[str, Any]]


class EngineProcess:
    """One engine for one home folder.

    Args:
        home: the folder given as ``CONTACT_SHEET_HOME``.
        workers: processes that annotate.
        module: what is run; the drills have one of their own.
        vectors: whether it writes pictures' vectors beside their shards.
    """

    def __init__(
        self, home: Path, workers: int, module: str = "core.engine", *, vectors: bool = False
    ) -> None:
        self._home = home
        self._module = module
        self._workers = workers
        self._vectors = vectors
        self._folder = home / "engine"
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._lock = threading.Lock()

    def ensure(self) -> None:
        """Start the engine unless one runs already; returns at once.

        Raises:
            EngineNotRunning: it has just died; its log's last lines are in the message.
        """
        with self._lock:
            if self.info() is not None or self._is_starting():
                return
            exit_code = self._process.poll() if self._process is not None else None
            young = time.monotonic() - self._started < MIN_UPTIME_S
            if exit_code not in (None, 0, ALREADY_RUNNING) and young:
                raise EngineNotRunning(
                    f"The embedded engine stopped with exit code {exit_code}",
                    where=str(self._folder / "engine.log"),
                    then=f"Its last words: {self._last_words()}",
                )
            self._spawn()

    def info(self) -> EngineInfo | None:
        """The running engine's addresses, or None while it is starting or down."""
        try:
            said = json.loads((self._folder / "engine.json").read_text())
            info = EngineInfo(**{field.name: said[field.name] for field in fields(EngineInfo)})
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return info if _runs(info.pid, self._module) else None

    def status(self) -> str:
        """What a starting engine is doing, as a plain phrase."""
        with contextlib.suppress(OSError):
            return (self._folder / "status.txt").read_text()[:200].strip()
        return "starting"

    def stop(self) -> None:
        """End the engine, also one taken over from a dashboard that was killed.

        It notes what it has in hand first; what is left goes on at the next start.
        """
        with self._lock:
            process, self._process = self._process, None
            if process is None or process.poll() is not None:
                self._stop_taken_over()
                return
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def ask_to_stop(self) -> None:
        """As ``stop``, without waiting: it notes what it has in hand and ends by itself."""
        process, info = self._process, self.info()
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
        elif info is not None:
            os.kill(info.pid, signal.SIGTERM)

    def _stop_taken_over(self) -> None:
        info = self.info()
        if info is None:
            return
        os.kill(info.pid, signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        while _runs(info.pid, self._module) and time.monotonic() < end:
            time.sleep(0.05)

    def _is_starting(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _spawn(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", self._module]
        command += ["--home", str(self._home), "--workers", str(self._workers)]
        command += ["--vectors"] * self._vectors
        with (self._folder / "engine.log").open("ab") as log:
            # A session of its own: Ctrl-C in the terminal reaches the dashboard, which then
            # stops the engine in order.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=Path(__file__).parents[2],
            )
        self._started = time.monotonic()
        atexit.unregister(self.stop)  # a restarted engine needs no second stop
        atexit.register(self.stop)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            said = (self._folder / "status.txt").read_text(errors="replace")
            if said.startswith("Failed: "):
                return said[len("Failed: ") :].strip()[:800]
        try:
            lines = (self._folder / "engine.log").read_text(errors="replace").splitlines()
        except OSError:
            return "(no log)"
        return " | ".join(lines[-3:])[:500]


def _runs(pid: int, module: str) -> bool:
    """Whether that process is an engine; a number in a file may by now be anybody's."""
    proc = Path("/proc")
    if (proc / "self").exists():
        try:
            # A zombie has an empty command line.
            return module.encode() in (proc / str(pid) / "cmdline").read_bytes()
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
