"""A draft becomes a job: where it writes, which pictures, which operations."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.buckets import GcsUri
from core.errors import BadObjectName, RequestError
from core.jobs.batch.content_hash import page_content
from core.jobs.batch.features import PAGES_PER_FILE
from core.jobs.batch.page_range import to_text
from core.jobs.batch.request import BatchRequest, attempt_prefix, split
from core.jobs.batch.sources import ImageRef, LocalPicture, Picture, wanted_pages
from core.jobs.ledger.rows import NewOperation, PictureRow
from core.jobs.service.operation_status import OperationStatus
from core.pictures.page_cut import CUTTABLE

FileToSend = tuple[Sequence[int], str]  # positions of a file's pages, and its media type


def check_base(base: str) -> str:
    """A ``gs://bucket/folder/`` for results, ending in ``/``.

    Raises:
        BadObjectName: not an address, or a folder that must not be written to.
    """
    uri = GcsUri.parse(base)
    if len(uri.name.encode()) > 800:
        raise BadObjectName("The folder's name leaves no room for results", where=base[:200])
    return str(uri) if not uri.name or uri.name.endswith("/") else f"{uri}/"


def new_job_id(now: datetime) -> str:
    """Sorts by time and is used nowhere else, so that no job writes over another's results."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def picture_rows(pictures: Sequence[Picture]) -> Iterator[PictureRow]:
    """Numbered from 1, a row for each page of a file; a picture that comes twice is taken once."""
    once: dict[str, Picture] = {}
    for picture in pictures:
        key = picture.uri if isinstance(picture, ImageRef) else str(picture.path)
        once.setdefault(key, picture)
    position = 1
    for picture in once.values():
        if isinstance(picture, LocalPicture):
            place = ("", str(picture.path.absolute()), picture.spooled)
        else:
            place = (picture.uri, "", False)
        row = PictureRow(position, picture.name, *place, picture.content)
        if not picture.pages:
            yield row
            position += 1
            continue
        numbers = wanted_pages(picture)
        local = isinstance(picture, LocalPicture)
        some = len(numbers) < picture.pages
        for nth, page in enumerate(numbers, start=1):
            yield replace(
                row,
                position=position + nth - 1,
                content=page_content(picture.content, page),
                file_type=picture.file_type,
                page=page,
                pages=len(numbers),
                nth=nth,
                place=nth if local else page,
                stored=len(numbers) if local else picture.pages,
                cut=to_text(numbers) if local and some else "",
            )
        position += len(numbers)


def check_features(request: BatchRequest, pictures: Sequence[Picture]) -> None:
    """See that something is asked of every file among the pictures.

    Raises:
        RequestError: naming the first of those of which nothing is.
    """
    files = [picture.name for picture in pictures if picture.pages]
    if files and not request.file_features:
        raise RequestError(
            f"The service answers none of the chosen features for {len(files):,} files of pages",
            where=files[0],
            then="Choose Text or Document text as well, or leave the files out.",
        )


def job_values(
    job_id: str, draft_id: str, now: datetime, prefix: str, backend: str
) -> dict[str, Any]:
    """A new job's row; title, source and numbers are the caller's."""
    return {
        "id": job_id,
        "draft_id": draft_id,
        "created_at": now.timestamp(),
        "prefix": prefix,
        "backend": backend,
        "request": "",
        "attempt": 1,
        "pictures": 0,
        "pages": 0,
        "uploads": 0,
        "uploaded": 0,
        "lost": 0,
        "cancelled": False,
        "fault": "",
    }


def new_operations(
    request: BatchRequest,
    prefix: str,
    attempt: int,
    positions: Sequence[int],
    files: Sequence[FileToSend] = (),
) -> list[NewOperation]:
    """One attempt's operations, each with its own prefix: pictures first, then a file each.

    At most 2,000 pictures go together, in order. A file has operations of its own, so that one that
    fails or is retried concerns no other.

    Args:
        files: as ``files_to_send`` gives them.
    """
    shard_size = request.shard_size(len(positions) + sum(len(pages) for pages, _ in files))
    portions = [*((some, "") for some in split(positions)), *files]
    return [
        NewOperation(
            attempt,
            part,
            attempt_prefix(prefix, attempt, part),
            shard_size,
            some,
            file_type=file_type,
        )
        for part, (some, file_type) in enumerate(portions, start=1)
    ]


def files_to_send(rows: Iterable[PictureRow]) -> list[FileToSend]:
    """The given pages by file, in pieces of as many pages as the service takes of one.

    A file that pages cannot be taken out of, as a GIF, goes whole.
    """
    files: dict[int, tuple[set[int], str]] = {}
    for row in rows:
        if row.page:
            positions, _ = files.setdefault(row.file_positions.start, (set(), row.file_type))
            whole = row.file_type not in CUTTABLE
            positions.update(row.file_positions if whole else (row.position,))
    return [
        (ordered[at : at + PAGES_PER_FILE], file_type)
        for _, (positions, file_type) in sorted(files.items())
        for ordered in [sorted(positions)]
        for at in range(0, len(ordered), PAGES_PER_FILE)
    ]


def attached(
    status: OperationStatus, prefix: str, now: datetime, backend: str, title: str
) -> tuple[dict[str, Any], NewOperation]:
    """A job, and its operation, for one that was not sent from here.

    Raises:
        RequestError: the prefix is missing and the service does not tell it yet.
        BadObjectName: the prefix is no address.
    """
    prefix = prefix.lstrip()
    if prefix.strip() in ("", status.output_prefix):
        prefix = status.output_prefix
    if not prefix:
        raise RequestError(
            "While it runs, an operation does not say where it writes",
            where=status.name,
            then="Give the gs:// prefix that it was sent with.",
        )
    GcsUri.parse(prefix)
    values = {
        **job_values(new_job_id(now), f"attached:{status.name}", now, prefix, backend),
        "title": title or status.name.rsplit("/", 1)[-1],
        "source": "an operation taken up by its name",
    }
    known = {"state": "RUNNING", "name": status.name, "sent_at": status.created or now}
    return values, NewOperation(1, 1, prefix, 0, (), known)
