"""A draft becomes a job: where it writes, which pictures, which operations."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from core.buckets import GcsUri
from core.errors import BadObjectName, RequestError
from core.jobs.batch.request import BatchRequest, attempt_prefix, split
from core.jobs.batch.sources import ImageRef, LocalPicture, Picture
from core.jobs.ledger.rows import NewOperation, PictureRow
from core.jobs.service.operation_status import OperationStatus


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
    """Numbered from 1; a picture that comes twice is taken once."""
    once: dict[str, Picture] = {}
    for picture in pictures:
        key = picture.uri if isinstance(picture, ImageRef) else str(picture.path)
        once.setdefault(key, picture)
    for position, picture in enumerate(once.values(), start=1):
        if isinstance(picture, LocalPicture):
            path = str(picture.path.absolute())
            shows = picture.content
            yield PictureRow(position, picture.name, "", path, picture.spooled, shows)
        else:
            yield PictureRow(position, picture.name, picture.uri, "", False, picture.content)


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
        "uploads": 0,
        "uploaded": 0,
        "lost": 0,
        "cancelled": False,
        "fault": "",
    }


def new_operations(
    request: BatchRequest, prefix: str, attempt: int, positions: Sequence[int]
) -> list[NewOperation]:
    """One attempt's operations: at most 2,000 pictures each, in order, each with its own prefix."""
    return [
        NewOperation(attempt, part, attempt_prefix(prefix, attempt, part), request.batch_size, some)
        for part, some in enumerate(split(positions), start=1)
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
        "source": "re-attached by name",
    }
    known = {"state": "RUNNING", "name": status.name, "sent_at": status.created or now}
    return values, NewOperation(1, 1, prefix, 0, (), known)
