"""Removes the data of deleted batches: what lies in the bucket, and what was made of it here.

A batch that could not be removed now is tried again with growing pauses, and after a restart, until
nothing of it is left.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from core.app.tasks import Tasks
from core.errors import ContactSheetError, ResultsError
from core.jobs.ledger.records import Job
from core.jobs.runner import Runner
from core.jobs.service.backoff import Backoff
from core.logs import fields
from core.results.analysis.picture_hashes import HashCache
from core.results.pictures.thumbnails import Thumbnails, place
from core.results.tables.cache import ResultsCache

log = logging.getLogger(__name__)


class Cleaning:
    """Called once a round by the watcher. Safe to share between threads.

    Args:
        home: the dashboard's own folder.
        stores: results in memory, by keys that name their prefix.
        clock: seconds, for tests.
    """

    def __init__(
        self,
        jobs: Runner,
        home: Path,
        thumbnails: Thumbnails,
        stores: Tasks,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs, self._home = jobs, home
        self._thumbnails, self._stores = thumbnails, stores
        self._pauses = Backoff(clock)
        self._busy = threading.Lock()
        self._troubles: dict[str, ContactSheetError] = {}

    def trouble(self, job_id: str) -> ContactSheetError | None:
        """Why a deleted job's data are still there; None if nothing is wrong."""
        return self._troubles.get(job_id)

    def round(self) -> None:
        """Begin with what is due, in a thread of its own, unless that is going on.

        Raises:
            ContactSheetError: there is no backend now, or the ledger cannot be read.
        """
        due = [job_id for job_id in self._jobs.to_remove() if self._pauses.due(job_id)]
        if due and self._busy.acquire(blocking=False):
            threading.Thread(target=self._run, args=(due,), name="cleaning", daemon=True).start()

    def _run(self, due: list[str]) -> None:
        try:
            for job_id in due:
                self.remove(job_id)
        finally:
            self._busy.release()

    def remove(self, job_id: str) -> None:
        """Remove one batch's data; what goes wrong is kept, see ``trouble``."""
        try:
            self._jobs.remove(job_id, self._home, self._clear)
        except ContactSheetError as error:
            log.warning("its data cannot be removed: %s", error, extra=fields(job=job_id))
            self._troubles[job_id] = error
            self._pauses.grow(job_id)
        except Exception:  # a fault of ours must not end what comes after it
            log.exception("its data cannot be removed", extra=fields(job=job_id))
            self._pauses.grow(job_id)
        else:
            self._troubles.pop(job_id, None)
            self._pauses.end(job_id)

    def _clear(self, job: Job, pictures: Iterable[tuple[str, int]]) -> None:
        places = {place(uri, page) for uri, page in pictures}
        cache = ResultsCache(self._home / "results-cache")
        folders = {job.prefix, *(operation.prefix for operation in job.operations)}
        folders |= {f"{job.prefix}try-{operation.attempt}/" for operation in job.operations}
        try:
            for folder in folders:
                self._stores.forget_about(folder)
                cache.forget(folder)
            self._thumbnails.forget(places)
        except OSError as error:
            raise ResultsError(
                "What was made of a deleted batch cannot be removed from this machine's disk",
                where=str(error.filename or self._home),
                then=f"Check its rights; it is tried again. The system said: {error.strerror}.",
            ) from error
        HashCache(self._home / "thumbnails-hashes.sqlite3", self._thumbnails).forget(places)


def disk_use(home: Path) -> tuple[int, int]:
    """Bytes that the dashboard's own folder takes, and bytes that its disk has left.

    On the embedded engine the bucket is in it; models that are links are not counted.
    """
    used = 0
    for folder, _, files in os.walk(home):
        for name in files:
            with suppress(OSError):  # gone meanwhile
                status = os.lstat(Path(folder) / name)
                used += status.st_blocks * 512
    return used, shutil.disk_usage(home).free
