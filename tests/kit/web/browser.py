"""Starts the dashboard as a user would and drives it in Debian's headless Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright

from core.settings import Settings

ROOT = Path(__file__).parents[3]
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


class Dashboard:
    """One ``streamlit run app.py`` with a home folder of its own.

    Args:
        program: the module to start instead of ``streamlit``.
        settings: environment variables besides the home's.
        path: the path that it is under, as ``/PATH``.
    """

    def __init__(
        self,
        home: Path,
        port: int | None = None,
        program: str = "streamlit",
        settings: Mapping[str, str] | None = None,
        path: str = "",
    ) -> None:
        self.home = home
        self.settings = dict(settings or {})
        self._program = program
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}{path}"
        self._path = path
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until the web server answers.

        Raises:
            RuntimeError: it did not within a minute; the log is in ``home/dashboard.log``.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **self.settings, "CONTACT_SHEET_HOME": str(self.home)}
        command = [sys.executable, "-m", self._program, "run", "app.py"]
        command += ["--server.port", str(self.port), "--server.headless", "true"]
        command += ["--server.baseUrlPath", self._path] if self._path else []
        with (self.home / "dashboard.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        for _ in range(240):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1)  # nosec B310
                return
            time.sleep(0.25)
        raise RuntimeError(f"The dashboard did not start; see {self.home / 'dashboard.log'}")

    @property
    def pid(self) -> int:
        """Its process id; 0 if it was never started."""
        return self._process.pid if self._process is not None else 0

    def kill_engine(self) -> int:
        """End the engine as if the machine took it away; returns its process id."""
        pid = int(json.loads((self.home / "engine" / "engine.json").read_text())["pid"])
        os.kill(pid, signal.SIGKILL)
        return pid

    def engine_pid(self) -> int:
        """Process id of the engine that is ready; 0 while there is none."""
        try:
            pid = int(json.loads((self.home / "engine" / "engine.json").read_text())["pid"])
            return pid if b"core.engine" in Path(f"/proc/{pid}/cmdline").read_bytes() else 0
        except (OSError, ValueError, KeyError):
            return 0

    def kill(self) -> None:
        """As if the machine took the process away: no handler runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """As Ctrl-C does: the dashboard stops its engine too."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()


def make_home(folder: Path) -> Path:
    """A fresh home folder that uses the models already fetched for this machine's own."""
    models = Settings.from_env().home / "engine" / "models"
    models.mkdir(parents=True, exist_ok=True)
    (folder / "engine").mkdir(parents=True)
    (folder / "engine" / "models").symlink_to(models)
    return folder


def free_port() -> int:
    """A port of loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def chromium(
    *,
    scheme: str = "light",
    width: int = 1360,
    height: int = 900,
    touch: bool = False,
    flags: Sequence[str] = (),
) -> Iterator[Page]:
    """A fresh browser window.

    Args:
        flags: of Chromium, besides the usual ones.
        scheme: what the system prefers, "light" or "dark".
        touch: as on a telephone, where nothing hovers.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            has_touch=touch,
            is_mobile=touch,
        )
        page.set_default_timeout(30_000)
        try:
            yield page
        finally:
            browser.close()


def settle(page: Page) -> None:
    """Wait until Streamlit's script has run and the page has drawn what it sent."""
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(400)
    page.wait_for_selector(IDLE)


def shown_count(page: Page) -> int:
    """How many pictures pass, as the batch header says."""
    text = page.locator(".st-key-header_count").inner_text(timeout=60_000)
    counts = [int(n.replace(",", "")) for n in re.findall(r"\b\d[\d,]*", text)]
    return counts[0] if " of " in text else sum(counts)  # "37 pictures and 3 pages"


def clear_button(page: Page) -> Locator:
    """The one that clears all filters; multiselects have buttons of that name too."""
    buttons = page.locator(".st-key-filters_body").get_by_test_id("stBaseButton-secondary")
    return buttons.filter(has_text="Clear all")


def open_filters(page: Page) -> Locator:
    """The opened popover of all filters."""
    page.get_by_test_id("stPopoverButton").filter(has_text="Filters").click()
    body = page.locator(".st-key-filters_body")
    clear_button(page).wait_for()
    settle(page)
    return body
