"""Copies of some pages: offline the service takes whole files alone, so what is sent is cut first.

Two places cut. An upload of which only some pages are asked about is cut before it goes into the
bucket (``local_cut``). An operation that asks about some pages of an object (a range of one in a
bucket, a part of over 2,000 pages, pages that failed) sends a copy below the job's own prefix
(``prepare``), made before the operation is claimed, so that a process that dies meanwhile makes it
again. Shards then name the copy; ``ledger.cuts`` says which pages of which document it holds.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from core.errors import BucketUnavailable, ContactSheetError, PictureError
from core.jobs.batch import content_hash
from core.jobs.batch.page_range import from_text, to_text
from core.jobs.batch.sources import safe_name
from core.jobs.ledger.cuts import Cut, Cuts
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job, Operation
from core.jobs.ledger.rows import PictureRow
from core.pictures.limits import MAX_FILE_BYTES
from core.pictures.page_cut import cut_pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.buckets import Buckets


@contextmanager
def local_cut(file: IO[bytes], row: PictureRow) -> Iterator[IO[bytes]]:
    """The pages that are uploaded of a file, as a file that is gone afterwards.

    Raises:
        PictureError: they cannot be taken out.
    """
    with tempfile.TemporaryFile() as out:
        file.seek(0)
        cut_pages(file, row.file_type, from_text(row.cut), out)
        yield out


def prepare(buckets: Buckets, ledger: Ledger, job: Job, operation: Operation) -> None:
    """Make the copy that an operation sends, if it does not send a whole object; once.

    Raises:
        PictureError: it cannot be made: the file is gone, has changed, or cannot be cut.
        BucketError: the bucket cannot be read or written now.
    """
    if not operation.paged:
        return
    rows = [row for row in ledger.entries(operation.id) if row.uri]
    if not rows or len(rows) == rows[0].stored:
        return
    if len({row.uri for row in rows}) > 1:
        raise PictureError(
            "Its pages are in several files now", where=rows[0].name, then="Retry these pages."
        )
    uri = address(job.prefix, rows)
    Cuts(ledger).note(uri, Cut(rows[0].uri, tuple(row.page for row in rows)), operation.id)
    if not buckets.exists(uri):
        _write(buckets, rows, uri)


def address(prefix: str, rows: Sequence[PictureRow]) -> str:
    """Where the copy of some pages lies: the same for the same pages of a job's file."""
    pages = to_text(row.place for row in rows)
    said = hashlib.sha256(f"{rows[0].uri} {pages}".encode("utf-8", "replace")).hexdigest()[:12]
    first = rows[0].file_positions.start
    return f"{prefix}cuts/{first:06d}-{said}-{safe_name(rows[0].name)}"


def _write(buckets: Buckets, rows: Sequence[PictureRow], uri: str) -> None:
    source = rows[0].uri
    with tempfile.TemporaryFile() as whole, tempfile.TemporaryFile() as out:
        try:
            info = buckets.info(source)
            buckets.copy(source, whole, MAX_FILE_BYTES)
        except BucketUnavailable:
            raise
        except ContactSheetError as error:
            raise PictureError(
                f"Its pages cannot be cut out: {error.what}", where=source, then=error.then
            ) from error
        digest = content_hash.page_content(content_hash.of_object(info), rows[0].page)
        ours = bool(rows[0].path)  # an upload, which was compared when it was written
        if not ours and rows[0].content not in ("", digest):
            raise PictureError(
                "The file has changed since it was submitted", where=source, then="Submit it again."
            )
        cut_pages(whole, rows[0].file_type, [row.place for row in rows], out)
        size = out.seek(0, 2)
        out.seek(0)
        buckets.write_file(uri, out, size, rows[0].file_type)
