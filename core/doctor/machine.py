"""This machine: Python, packages, the home folder, memory, the ledger."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from core import logs
from core.doctor.findings import Finding, Level
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.schema import VERSION
from core.settings import Settings

ROOT = Path(__file__).parents[2]
GB = 1024**3
FREE_FAIL, FREE_WARN = 0.5 * GB, 5 * GB
WORKER_MEMORY = 0.65 * GB  # a worker that answers every feature, measured


def python() -> Finding:
    """The version that everything is tested with."""
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] <= (3, 14):
        return Finding("Python", Level.OK, f"version {version}", sys.executable)
    cure = "Make the environment again with a Python from 3.11 to 3.14."
    what = f"version {version} is not supported"
    return Finding("Python", Level.FAIL, what, sys.executable, cure)


def packages(settings: Settings, listing: Path = ROOT / "requirements.txt") -> Finding:
    """Installed versions against ``requirements.txt``, and what the settings ask for beside it."""
    wanted = requirements(listing)
    if settings.dask:
        wanted += requirements(listing.with_name("requirements-cluster.txt"), "distributed")
    if settings.ledger_url.startswith("postgresql"):
        wanted += requirements(listing.with_name("requirements-cluster.txt"), "psycopg")
    wrong = [text for one in wanted if (text := _fault(one))]
    if not wrong:
        return Finding("Packages", Level.OK, f"all {len(wanted)} are as required")
    cure = "Run `make run`, or pip install -r requirements.txt -r requirements-cluster.txt."
    return Finding("Packages", Level.FAIL, "; ".join(wrong), str(listing), cure)


def requirements(path: Path, only: str = "") -> list[Requirement]:
    """What a requirements file asks for here; comments, and lines for pip alone, are left out.

    Args:
        only: the one package wanted; "" for all.
    """
    faults = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            one = Requirement(line.partition("#")[0].strip())
        except InvalidRequirement:
            continue  # a comment, or a line for pip alone
        if only in ("", one.name) and (one.marker is None or one.marker.evaluate()):
            faults.append(one)
    return faults


def _fault(wanted: Requirement) -> str:
    try:
        version = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return f"{wanted.name} is not installed"
    if wanted.specifier.contains(version, prereleases=True):
        return ""
    return f"{wanted.name} is {version}, wanted {wanted.specifier}"


def home(settings: Settings) -> Finding:
    """Whether the home folder can be written, and the room on its disk."""
    folder = settings.home
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        cure = "Make it writable, or set CONTACT_SHEET_HOME to another folder."
        return Finding("Home folder", Level.FAIL, f"{error.strerror}", str(folder), cure)
    free = shutil.disk_usage(folder).free
    level = Level.OK if free >= FREE_WARN else Level.WARN if free >= FREE_FAIL else Level.FAIL
    cure = "" if level is Level.OK else "Make room: pictures, results and models lie there."
    return Finding("Home folder", level, f"writable, {free / GB:.1f} GB free", str(folder), cure)


def memory(settings: Settings, source: Path = Path("/proc/meminfo")) -> Finding:
    """Room for the engine's workers."""
    try:
        lines = source.read_text(encoding="ascii").splitlines()
        sizes = dict(line.split(":", 1) for line in lines)
        free = int(sizes["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError, IndexError):
        return Finding("Memory", Level.OK, "this system does not tell")
    text = f"{free / GB:.1f} GB available"
    if not settings.has_engine or settings.dask:
        return Finding("Memory", Level.OK, text)
    need = settings.workers * WORKER_MEMORY
    if free >= need:
        return Finding("Memory", Level.OK, f"{text}, {settings.workers} workers")
    what = f"{text}; {settings.workers} workers may need {need / GB:.1f} GB"
    cure = "Lower CONTACT_SHEET_WORKERS, or close something."
    return Finding("Memory", Level.WARN, what, then=cure)


def log_lines(env: Mapping[str, str]) -> Finding:
    """Whether the log is written as was asked for; a wrong value is no reason not to start."""
    if wrong := logs.unknown(env):
        cure = f"Use {' or '.join(logs.FORMATS)}, and a level such as INFO or WARNING."
        return Finding("Log", Level.WARN, "a value is not known", ", ".join(wrong), cure)
    return Finding("Log", Level.OK, env.get("CONTACT_SHEET_LOG", logs.FORMATS[0]))


def ledger(settings: Settings) -> Finding:
    """Whether it opens; raises ``LedgerError``."""
    opened = Ledger(settings.ledger_url, settings.home)
    try:
        count = opened.count()
    finally:
        opened.close()
    return Finding("Ledger", Level.OK, f"version {VERSION}, {count:,} jobs", opened.where)
