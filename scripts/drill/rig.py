"""One dashboard, one engine and what lies between them, started and broken at will."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from uuid import uuid4

from PIL import Image

from core.app.hub import Hub
from core.engine.emulator.process import MODULE as EMULATOR
from core.errors import BucketError, ContactSheetError
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import LocalPicture, Picture
from core.jobs.ledger.records import Job
from core.settings import Settings
from scripts.drill.clock import SetClock
from scripts.drill.dashboard import MODULE, DrillEngine, drill_engine
from scripts.drill.disks import Disk
from scripts.drill.kit import FEATURE
from scripts.drill.proxy import Proxy
from scripts.drill.service import FaultyService
from scripts.processes import children, command
from tests.kit.services.postgres import Server
from tests.kit.services.stored_objects import stored_objects
from tests.kit.web.browser import free_port

ROOT = Path(__file__).parents[2]
WORKERS = 2
SHARD = 20
START_S = 300.0
_CLOCKS = ("dashboard", "engine", "second")
DELAY_S = 0.004  # a picture, besides its real work: so that there is a middle to break off in


Made = Callable[["Rig", str, Sequence[int]], Sequence[Picture]]


class DrillFailed(Exception):
    """The drill itself could not be carried out."""


def until(
    true: Callable[[], bool],
    what: str,
    seconds: float,
    moved: Callable[[], object] = lambda: None,
) -> None:
    """Look again and again until something is true.

    Args:
        moved: what changes while there is hope; the time begins again with every change, so that a
            busy machine makes nothing fail.

    Raises:
        DrillFailed: it did not come true in time.
    """
    before, end = moved(), time.monotonic() + seconds
    while not true():
        if (now := moved()) != before:
            before, end = now, time.monotonic() + seconds
        elif time.monotonic() > end:
            raise DrillFailed(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.02)


class Rig:
    """Both processes over one home; several drills follow each other on it.

    Attributes:
        home: the dashboard's; ``move_home`` changes it.
        postgres: the server that has the ledger; None for the file in the home.

    Args:
        folder: for the home, the pictures and the notes.
    """

    def __init__(self, folder: Path, postgres: Server | None = None) -> None:
        self.folder = folder
        self.postgres = postgres
        self.home = folder / "place-1" / "home"
        self.notes = folder / "annotated"
        folder.mkdir(parents=True, exist_ok=True)
        self.notes.touch()
        self.clocks = {name: SetClock(folder / f"{name}.clock") for name in _CLOCKS}
        self.disk = Disk(self.home)
        self.service = FaultyService(self._engine_vision)
        self.through_service = False
        self.vision = Proxy(self._vision)
        self.storage = Proxy(lambda: _host_port(self.engine_says("storage_address")))
        self._made = 0
        self._dashboard: subprocess.Popen[bytes] | None = None
        try:
            self.hub = self._looking_on()
        except BaseException:
            self.disk.close()
            raise

    def _looking_on(self) -> Hub:
        """A hub that is never started."""
        settings = Settings.from_env(self._settings())
        return Hub(settings, self._engine_for(settings))

    def _engine_for(self, settings: Settings) -> DrillEngine | None:
        return drill_engine(settings)

    def _settings(self) -> dict[str, str]:
        named = {"CONTACT_SHEET_HOME": str(self.home), "CONTACT_SHEET_WORKERS": str(WORKERS)}
        if self.postgres is not None:
            named["CONTACT_SHEET_LEDGER_URL"] = self.postgres.url
        return named

    # -- processes -------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the dashboard, which starts the engine, and wait until both are there."""
        self.start_dashboard()
        until(lambda: self.hub.starting() == "", "the engine starts", START_S)

    def start_dashboard(self, *, web: bool = False) -> None:
        """Start the headless dashboard, or the one with its web server."""
        module = ["scripts.drill.web", str(free_port())] if web else ["scripts.drill.dashboard"]
        self._dashboard = self._started(module, "dashboard")

    def start_second(self) -> subprocess.Popen[bytes]:
        """Another dashboard on the same ledger, with the clock "second"; the caller ends it."""
        return self._started(["scripts.drill.dashboard"], "second")

    def start_module(self, module: list[str]) -> subprocess.Popen[bytes]:
        """A program of the drill's in the same surroundings; the caller ends it."""
        return self._started(module, "second")

    def suspend_dashboard(self) -> None:
        """SIGSTOP: as a closed lid, or a paused machine."""
        assert self._dashboard is not None
        self._dashboard.send_signal(signal.SIGSTOP)

    def resume_dashboard(self) -> None:
        """SIGCONT."""
        assert self._dashboard is not None
        self._dashboard.send_signal(signal.SIGCONT)

    def _started(self, module: list[str], clock: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            **self._settings(),
            "DRILL_FOLDER": str(self.folder),
            "DRILL_NOTES": str(self.notes),
            "DRILL_DELAY_S": str(DELAY_S),
            "DRILL_ENGINE_CLOCK": str(self.folder / "engine.clock"),
            "DRILL_DASHBOARD_CLOCK": str(self.folder / f"{clock}.clock"),
            "DRILL_VISION": self.vision.address,
            "DRILL_STORAGE": self.storage.address,
        }
        with (self.folder / "dashboard.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )

    def revived(self) -> str:
        """Start the dashboard again if it has ended by itself, and how it did; "" if it runs."""
        code = None if self._dashboard is None else self._dashboard.poll()
        if code is None:
            return ""
        self.start_dashboard()
        return f"the dashboard had ended by itself, with {code}"

    @property
    def dashboard_pid(self) -> int:
        """The dashboard's process."""
        assert self._dashboard is not None
        return self._dashboard.pid

    def move_home(self) -> None:
        """Rename the folder around the home; nothing may run in it."""
        place = self.home.parent
        number = int(place.name.rpartition("-")[2])
        moved = place.rename(place.with_name(f"place-{number + 1}"))
        self.home = moved / self.home.name
        self.disk.moved(self.home)
        before, self.hub = self.hub, self._looking_on()
        before._runner.ledger.close()

    def kill_dashboard(self) -> None:
        """kill -9."""
        assert self._dashboard is not None
        self._dashboard.kill()
        self._dashboard.wait()

    def stop(self) -> None:
        """End everything that was started."""
        for proxy in (self.vision, self.storage):
            proxy.mend()
        if self._dashboard is not None and self._dashboard.poll() is None:
            self._dashboard.terminate()
            try:
                self._dashboard.wait(30)
            except subprocess.TimeoutExpired:
                self._dashboard.kill()
                self._dashboard.wait()
        self.hub.stop()  # an engine whose dashboard was killed
        self.vision.close()
        self.storage.close()
        self.service.close()
        self.hub._runner.ledger.close()
        self.disk.close()

    def engine_says(self, name: str) -> str:
        """A value of engine.json.

        Raises:
            OSError, ValueError: there is no engine.
        """
        said = json.loads((self.home / "engine" / "engine.json").read_text())
        return str(said[name]).removeprefix("http://")

    def engine_pid(self) -> int:
        """The engine's process.

        Raises:
            DrillFailed: there is none.
        """
        try:
            return int(self.engine_says("pid"))
        except (OSError, ValueError) as error:
            raise DrillFailed("there is no engine to be killed") from error

    def worker_pids(self) -> list[int]:
        """Processes that annotate."""
        parent = self.engine_pid()
        return [pid for pid in children(parent) if "spawn_main" in command(pid)]

    def emulator_pid(self) -> int:
        """The storage's process.

        Raises:
            DrillFailed: there is none.
        """
        for pid in children(self.engine_pid()):
            if EMULATOR in command(pid):
                return pid
        raise DrillFailed("there is no storage to be killed")

    def kill(self, pid: int) -> None:
        """kill -9 of one of ours, and of nothing else."""
        said = command(pid)
        if not any(ours in said for ours in (MODULE, "spawn_main", EMULATOR)):
            raise DrillFailed(f"process {pid} is not ours: {said[:80]}")
        os.kill(pid, signal.SIGKILL)

    def _engine_vision(self) -> str:
        try:
            return self.engine_says("vision_address")
        except (OSError, ValueError):
            return "127.0.0.1:9"  # nobody listens there

    def _vision(self) -> tuple[str, int]:
        if self.through_service:
            return "127.0.0.1", self.service.port
        return _host_port(self.engine_says("vision_address"))

    def put_service_between(self, between: bool) -> None:
        """Let calls go through the service that may refuse them, or straight to the engine."""
        if self.through_service != between:
            self.through_service = between
            self.vision.reset()

    # -- jobs ------------------------------------------------------------------------------------

    def new_job(self, count: int, made: Made | None = None) -> tuple[Job, list[int]]:
        """A job of pictures that nobody has seen before, and each one's colour, 0xRRGGBB.

        The pictures are files, so that their upload is part of what can be broken off.

        Args:
            made: makes them of the rig, a draft's id and the colours; plain ones by default.
        """
        # Neighbours differ a lot: an answer in the wrong place is seen.
        colours = [(self._made + n) * 0x5A3C69 % 0x1000000 for n in range(1, count + 1)]
        self._made += count
        draft = uuid4().hex
        pictures = (made or plain_pictures)(self, draft, colours)
        request = BatchRequest((FEATURE,), batch_size=SHARD)
        job = self.patiently(lambda: self.hub.jobs.create(draft, pictures, request))
        return job, colours

    def new_folder(self) -> Path:
        """An empty folder for a job's pictures; those of the job before are gone."""
        folder = self.folder / "pictures"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def patiently(self, ask: Callable[[], Job], seconds: float = 120) -> Job:
        """What a page does while the ledger or the engine is away: ask again."""
        end = time.monotonic() + seconds
        while True:
            try:
                return ask()
            except ContactSheetError as error:
                if time.monotonic() > end:
                    raise DrillFailed(str(error)) from error
                time.sleep(0.2)

    def annotated(self, job: Job) -> list[str]:
        """Addresses of a job's pictures, once for every time that one was annotated."""
        lines = self.notes.read_text().splitlines()
        return [line for line in lines if line.startswith(job.prefix)]

    def uploaded(self, job: Job) -> int:
        """Pictures that are in the bucket."""
        return sum(name.startswith("pictures/") for name in self.objects(job))

    def objects(self, job: Job) -> dict[str, Path]:
        """Name below the job's prefix and file of each of its objects, read from the disk."""
        return stored_objects(self.home, job.prefix)

    def shards(self, job: Job, folders: str = "try-*/part-*") -> dict[str, Path]:
        """Those of its objects that are shards."""
        wanted = f"{folders}/output-*.json"
        return {name: path for name, path in self.objects(job).items() if fnmatch(name, wanted)}

    def clear(self, job: Job) -> None:
        """Room for the next drill."""
        for name in self.objects(job):
            with contextlib.suppress(BucketError):
                self.hub.connection().buckets.delete(job.prefix + name)
        self.notes.write_text("")


def plain_pictures(rig: Rig, draft: str, colours: Sequence[int]) -> list[LocalPicture]:
    """Small ones, in a folder that the user has chosen."""
    folder = rig.new_folder()
    return [drawn(folder, number, colour) for number, colour in enumerate(colours)]


def drawn(folder: Path, number: int, colour: int) -> LocalPicture:
    """One picture of one colour."""
    path = folder / f"{number:04d}.png"
    Image.new("RGB", (64, 64), f"#{colour:06x}").save(path, compress_level=1)
    return LocalPicture(path, path.name, path.stat().st_size)


def _host_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)
