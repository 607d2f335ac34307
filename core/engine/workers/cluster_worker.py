"""What runs inside a worker of a Dask cluster, perhaps on another machine.

A worker needs this program (same version, same Python) and is started one thread a process:
``dask worker ADDRESS --nworkers N --nthreads 1 --no-dashboard``. Models and galleries are those of
the engine's folder where the machine has it (the same machine, or a shared disk), else of the
worker's own ``CONTACT_SHEET_HOME``, into which models are fetched at their first use.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from core import logs
from core.engine.storage import Storage, open_storage
from core.engine.workers.file_pages import PageTask
from core.engine.workers.worker import NICE, WorkerConfig
from core.errors import ContactSheetError

COPIES_KEPT = 4  # of PDF and TIFF files, on a machine that does not share the engine's folder

_one_at_a_time = threading.Lock()  # annotators are not shared between threads


def on_worker(function: Callable[..., bytes], task: Any, *rest: Any) -> bytes:
    """What the cluster runs: ``function`` with this machine's folders."""
    _settle_in()
    with _one_at_a_time:
        if isinstance(function, partial) and isinstance(function.args[0], WorkerConfig):
            config = function.args[0]
            function = partial(function.func, replace(config, models=_models(config.models)))
        if isinstance(task, PageTask):
            task = replace(task, copy=_copy(task.copy))
        return function(task, *rest)


def look_around(storage: Storage, bucket: str = "") -> str:
    """What keeps this worker from annotating; "" if nothing does."""
    import urllib3

    _keep_log()
    if not isinstance(storage, str):
        try:
            open_storage(storage).hurried(5.0).check_bucket(bucket)
        except ContactSheetError as error:
            return f"it does not reach gs://{bucket}: {error}"
        return ""
    try:
        # No proxy of the environment: the address is loopback, or a tunnel's end.
        answer = urllib3.PoolManager(timeout=5.0, retries=False).request(
            "GET", f"{storage}/storage/v1/b"
        )
    except urllib3.exceptions.HTTPError as error:
        return f"it does not reach the storage at {storage} (is there a tunnel?): {error}"
    return "" if answer.status == 200 else f"{storage} answers with status {answer.status}"


@cache
def _keep_log() -> None:
    """This process's lines as those of all others; ``CONTACT_SHEET_LOG`` of its own machine."""
    logs.set_up()
    logs.adopt("distributed")


@cache
def _settle_in() -> None:
    _keep_log()
    os.nice(NICE)  # as the engine's own workers: the machine's people come first


@cache
def _models(folder: Path) -> Path:
    return folder if folder.exists() else _own_engine_folder() / "models"


def _own_engine_folder() -> Path:
    from core.engine.home import EngineHome
    from core.settings import Settings

    return EngineHome(Settings.from_env().home).folder


def _copy(path: Path) -> Path:
    """Where a file lies on this machine; nobody else clears up here, so only the last few stay."""
    if path.parent.exists():
        return path
    folder = _own_engine_folder() / "cluster-files"
    folder.mkdir(exist_ok=True)
    mine = folder / path.name
    others = [entry for entry in folder.iterdir() if entry != mine and not entry.suffix]
    for old in sorted(others, key=_age)[COPIES_KEPT - 1 :]:
        old.unlink(missing_ok=True)
    return mine


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0
