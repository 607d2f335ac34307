"""Pictures of this machine on their way into the bucket; an interrupted upload is picked up."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.buckets import UPLOAD_THREADS, Buckets, ObjectInfo
from core.errors import PictureError
from core.jobs.batch import content_hash
from core.jobs.batch.page_range import from_text
from core.jobs.batch.regular_file import open_regular
from core.jobs.batch.sources import object_name
from core.jobs.ledger.cuts import Cut, Cuts
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.rows import PictureRow
from core.jobs.sending.uploads.cut_files import local_cut
from core.jobs.sending.uploads.spool import name_file
from core.pictures.conversion import is_converted, shrunk, to_jpeg
from core.pictures.formats import FACTS, HEAD_BYTES, format_of
from core.pictures.limits import MAX_FILE_BYTES, MB

MAX_PICTURE_BYTES = 100 * MB  # held in memory to be sent; the service's own limit is lower
NOTE_EVERY = 50  # uploads noted in the ledger at a time


@dataclass(frozen=True, slots=True)
class UploadProgress:
    """Pictures in the bucket so far, of those that had to be uploaded."""

    done: int
    total: int
    name: str


def upload(
    buckets: Buckets,
    ledger: Ledger,
    job_id: str,
    prefix: str,
    *,
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[UploadProgress], None] | None = None,
    longest: int = 0,
) -> None:
    """Upload what is still missing of a job, several pictures at a time.

    A picture that is in the bucket already with the same bytes is not sent again. A file that is
    gone or unreadable is noted as lost and does not stop the others; one that is gone since it was
    uploaded, as an older copy of the ledger does not know, is taken as it is in the bucket.

    Args:
        prefix: ``gs://.../JOBID/``; pictures go below ``pictures/``.
        stopped: asked now and then; true ends the upload early.
        longest: pictures with more pixels on the longer side are made so small; 0 leaves them.

    Raises:
        BucketError: the bucket cannot be written; what was uploaded before stays noted.
    """
    rows = ledger.to_upload(job_id)
    if not rows:
        return
    there = {info.uri: info for info in buckets.list_objects(f"{prefix}pictures/")}
    notes = Notes(ledger, job_id)
    done = 0
    try:
        for row, uri, why in _uploaded(buckets, rows, prefix, there, stopped, longest):
            notes.add(row, uri, why)
            done += 1
            if progress:
                progress(UploadProgress(done, len(rows), row.name))
    finally:
        notes.write()


class Notes:
    """Uploads in portions to the ledger; a spooled file goes only when its upload is noted."""

    def __init__(self, ledger: Ledger, job_id: str) -> None:
        self._ledger = ledger
        self._job_id = job_id
        self._cuts = Cuts(ledger)
        self._there: list[tuple[int, str]] = []
        self._lost: list[tuple[int, str]] = []
        self._spooled: list[Path] = []

    def add(self, row: PictureRow, uri: str, why: str) -> None:
        if why:
            self._lost += [(at, why) for at in row.file_positions]
        else:
            self._there += [(at, uri) for at in row.file_positions]
            if row.cut:
                self._cuts.note(uri, Cut(uri, from_text(row.cut)))
            if row.spooled:
                self._spooled.append(Path(row.path))
        if len(self._there) + len(self._lost) >= NOTE_EVERY:
            self.write()

    def write(self) -> None:
        self._ledger.mark_uploaded(self._job_id, self._there)
        self._ledger.mark_lost(self._job_id, self._lost)
        for path in self._spooled:
            path.unlink(missing_ok=True)
            name_file(path).unlink(missing_ok=True)
        self._there, self._lost, self._spooled = [], [], []


def _uploaded(
    buckets: Buckets,
    rows: Sequence[PictureRow],
    prefix: str,
    there: dict[str, ObjectInfo],
    stopped: Callable[[], bool],
    longest: int,
) -> Iterator[tuple[PictureRow, str, str]]:
    """(row, address, "") or (row, "", why it was lost) as pictures get done."""
    waiting = iter(rows)
    with ThreadPoolExecutor(UPLOAD_THREADS, thread_name_prefix="upload") as pool:
        running: dict[Future[str], PictureRow] = {}
        while True:
            # Few at a time: after a stop or a fault only those in flight are still finished.
            while len(running) < 2 * UPLOAD_THREADS and not stopped():
                row = next(waiting, None)
                if row is None:
                    break
                uri = prefix + object_name(row.position, row.name)
                running[pool.submit(_put, buckets, row, uri, there.get(uri), longest)] = row
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                row = running.pop(future)
                try:
                    yield row, future.result(), ""
                except PictureError as error:
                    yield row, "", f"{error.what}. {error.then}".strip()


def _put(
    buckets: Buckets, row: PictureRow, uri: str, there: ObjectInfo | None, longest: int
) -> str:
    path = Path(row.path)
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            if row.pages:
                return _put_file(buckets, row, uri, there, file)
            data = file.read(MAX_PICTURE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: what no file can be called
        if there is not None and _shows(row, content_hash.of_object(there)):
            return uri
        raise PictureError(
            "The file cannot be read", where=str(path), then=getattr(error, "strerror", None) or ""
        ) from error
    if len(data) > MAX_PICTURE_BYTES:
        raise PictureError("The file is too large", where=str(path))
    if not _shows(row, content_hash.of_bytes(data)):
        raise _changed(path)
    data = _made_ready(data, longest, path)
    if there is None or there.size != len(data) or there.md5 != content_hash.md5_of(data):
        kind = format_of(data[:HEAD_BYTES])
        buckets.write(uri, data, FACTS[kind].mime_type if kind else "application/octet-stream")
    return uri


def _made_ready(data: bytes, longest: int, path: Path) -> bytes:
    """As it is sent. What cannot be made smaller goes as it is: the service says what is wrong."""
    if longest:
        with suppress(PictureError):
            data = shrunk(data, longest, str(path))
    return to_jpeg(data, str(path)) if is_converted(data) else data


def _put_file(
    buckets: Buckets, row: PictureRow, uri: str, there: ObjectInfo | None, file: IO[bytes]
) -> str:
    """A file of pages: never whole in memory, and looked at again once it is there."""
    path = Path(row.path)
    if not _shows(row, content_hash.of_file(path, MAX_FILE_BYTES)):
        raise _changed(path)
    if row.cut:
        _put_cut(buckets, row, uri, there, file)
    elif there is None or not row.content or not _shows(row, content_hash.of_object(there)):
        size = os.fstat(file.fileno()).st_size
        buckets.write_file(uri, file, size, row.file_type)
        stored = buckets.info(uri)
        if stored.md5 and not _shows(row, content_hash.of_object(stored)):
            raise _changed(path)
    return uri


def _put_cut(
    buckets: Buckets, row: PictureRow, uri: str, there: ObjectInfo | None, file: IO[bytes]
) -> None:
    """The pages that are asked about, alone; cut again they have the same bytes."""
    try:
        with local_cut(file, row) as cut:
            content = content_hash.of_open(cut)
            if there is None or content_hash.of_object(there) != content:
                size = cut.tell()
                cut.seek(0)
                buckets.write_file(uri, cut, size, row.file_type)
    except OSError as error:
        raise PictureError(
            "There is no room to cut the file", where=row.path, then=error.strerror or ""
        ) from error


def _shows(row: PictureRow, content: str) -> bool:
    """Whether what was read is what was submitted, as far as that is known."""
    own = content_hash.page_content(content, row.page) if row.page else content
    return row.content in ("", own)


def _changed(path: Path) -> PictureError:
    # Its answer would be used again for what it was.
    return PictureError(
        "The file has changed since it was submitted", where=str(path), then="Submit it again."
    )
