"""The embedded engine: models, ports, the storage emulator, a Dask scheduler."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from core.doctor.findings import Finding, Level
from core.engine.emulator import Emulator
from core.engine.home import EngineHome, free_ports
from core.engine.models.catalog import MODELS
from core.engine.models.model_store import ModelStore
from core.engine.ocr import language_data
from core.engine.operations import schema
from core.settings import Settings

CONNECT_S = 3.0


def models(settings: Settings) -> Finding:
    """Whether every model is there, and as it was reviewed and made."""
    folder = EngineHome(settings.home).models
    store = ModelStore(folder)
    spoiled = store.spoiled()
    if spoiled:
        what = f"not as they were reviewed and made: {', '.join(spoiled)}"
        return Finding("Models", Level.FAIL, what, str(folder), "Remove them.")
    missing = store.missing()
    if not missing:
        return Finding("Models", Level.OK, f"all {len(MODELS)} are ready", str(folder))
    size = sum({model.archive: model.megabytes for model in missing}.values())
    what = f"{len(missing)} of {len(MODELS)} are not fetched yet ({size:.0f} MB)"
    cure = "The engine fetches them at its start; `make models` does it now."
    if any(model.archive.endswith(".tgz") for model in missing) and shutil.which("npm") is None:
        names = ", ".join(m.name for m in missing if m.archive.endswith(".tgz"))
        cure += f" For {names} npm is needed, and it is not installed."
    return Finding("Models", Level.WARN, what, str(folder), cure)


def scripts(settings: Settings) -> Finding:
    """Which scripts text is read in, beside Latin, Chinese and Japanese."""
    folder = EngineHome(settings.home).models
    missing = language_data.missing(folder)
    names = ", ".join(data.name for data in missing or language_data.LANGUAGE_DATA.values())
    if not missing:
        return Finding("Scripts", Level.OK, f"text is read in {names} too")
    cure = f"Text is read without. {language_data.how_to_get(missing)}"
    return Finding("Scripts", Level.WARN, f"no data for {names}", str(folder), cure)


def engine(settings: Settings) -> Finding:
    """Whether a running engine answers; that none runs is no fault."""
    note = EngineHome(settings.home).folder / "engine.json"
    try:
        facts = json.loads(note.read_text(encoding="utf-8"))
        noted = [facts[f"{part}_address"] for part in ("vision", "storage", "rest")]
        addresses = [address for address in noted if address]  # none of a storage in the cloud
    except FileNotFoundError:
        return Finding("Engine", Level.OK, "not running; the dashboard starts it")
    except (OSError, ValueError, KeyError, TypeError):
        cure = "Stop the engine, and start the dashboard again."
        return Finding("Engine", Level.WARN, "its note cannot be read", str(note), cure)
    silent = [address for address in addresses if not answers(str(address))]
    if silent:
        cure = "It is started again by the dashboard; otherwise run `python -m core.engine`."
        return Finding("Engine", Level.WARN, "it does not answer", ", ".join(silent), cure)
    return Finding("Engine", Level.OK, "running", ", ".join(map(str, addresses)))


def journal(settings: Settings) -> Finding:
    """Whether the engine's record of operations can be read; raises ``JournalDamaged``."""
    path = EngineHome(settings.home).operations
    if not path.exists():
        return Finding("Journal", Level.OK, "none yet; the engine makes it", str(path))
    schema.check(path)
    return Finding("Journal", Level.OK, "can be read", str(path))


def emulator(_settings: Settings) -> Finding:
    """Start the storage emulator over an empty folder; raises ``EngineNotRunning``."""
    with tempfile.TemporaryDirectory(prefix="contact-sheet-doctor-") as folder:
        (port,) = free_ports([0])
        tried = Emulator(Path(folder), port)
        try:
            tried.start()
        finally:
            tried.stop()
    return Finding("Storage emulator", Level.OK, "starts and answers")


def dask(settings: Settings) -> Finding:
    """Whether the scheduler's port is open."""
    if answers(settings.dask):
        return Finding("Dask", Level.OK, "the scheduler's port is open", settings.dask)
    cure = "Start it (dask scheduler), or correct CONTACT_SHEET_DASK."
    return Finding("Dask", Level.FAIL, "the scheduler does not answer", settings.dask, cure)


def answers(address: str) -> bool:
    """Whether somebody listens at ``HOST:PORT`` or ``scheme://HOST:PORT``."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        with socket.create_connection((parts.hostname or "", parts.port or 0), CONNECT_S):
            return True
    except (OSError, ValueError):
        return False
