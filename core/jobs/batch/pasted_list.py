"""Addresses of pictures as people paste them: lists, CSV, gsutil's lines, the console's links."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from core.buckets import GcsUri
from core.errors import ContactSheetError
from core.jobs.batch.sources import Fault, ImageRef, Picture, SourceContents

# Web addresses that name an object: cloud.google.com/storage/docs/request-endpoints
_HOSTS = ("storage.googleapis.com", "storage.cloud.google.com", "commondatastorage.googleapis.com")
_OWN_HOST = ".storage.googleapis.com"  # BUCKET.storage.googleapis.com/OBJECT
_CONSOLE = re.compile(r"/storage/browser/(?:_details/)?(?P<path>[^;]+)")
# ``gsutil ls -l`` and ``gcloud storage ls -l``: size, time, address, perhaps generation and so on.
_LONG_LINE = re.compile(
    r"\s*\d+\s+\d{4}-\d\d-\d\dT[\d:.]+Z?\s+(?P<uri>gs://.*?)(?:\s+metageneration=\d+)?\Z"
)
_TOTAL = re.compile(r"\s*TOTAL: \d+ objects?, .*\Z")
_LINE_END = re.compile(r"\r\n|\r|\n")  # other separators may stand in an object's name
_SCHEME = re.compile(r"gs://", re.IGNORECASE)
_QUOTES = {'"': '"', "'": "'", "“": "”", "`": "`"}


def from_list(text: str) -> SourceContents:
    """Pictures from lines of ``gs://bucket/name``; blank lines and ``#`` lines are ignored.

    A picture listed twice is taken once: paying twice for it would only repeat its result.
    """
    pictures: dict[str, Picture] = {}
    faults: list[Fault] = []
    for number, entry in _entries(text.removeprefix("\ufeff")):
        where = f"line {number}: {entry[:200]}"
        address = gs_address(entry)
        if fault := _fault(address):
            faults.append(Fault(where, *fault))
        elif address in pictures:
            faults.append(Fault(where, "Listed twice", "It is taken once.", fatal=False))
        else:
            pictures[address] = ImageRef(address)
    return SourceContents(tuple(pictures.values()), tuple(faults))


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """(line number from 1, what stands there for an address)."""
    column: int | None = None  # of a CSV whose header names one
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if not line.strip() or line.lstrip().startswith("#") or _TOTAL.match(line):
            continue
        if long := _LONG_LINE.match(line):
            yield number, long["uri"]
            continue
        cells = _cells(line)
        if len(cells) > 1:
            addressed = [n for n, cell in enumerate(cells) if _is_address(cell)]
            if not addressed and column is None:
                column = _named_column(cells)
                if column is not None:
                    continue  # the header
            named = column if column is not None and column < len(cells) else 0
            yield number, cells[addressed[0] if addressed and named not in addressed else named]
        elif number == 1 and _named_column(cells) is not None:
            continue  # a header of one column
        else:
            yield number, _unquoted(line)


def _cells(line: str) -> list[str]:
    """A line's columns; one where commas and tabs belong to a name."""
    bare = line.strip()
    if _SCHEME.match(bare) and not re.search(r"[,;\t]\s*(gs://|https?://|\"|\d+\s*\Z)", bare, re.I):
        return [bare]
    for delimiter in ("\t", ",", ";"):
        if delimiter in bare.strip(",;"):
            return [cell.strip() for cell in next(csv.reader([bare], delimiter=delimiter))]
    return [bare]


def _named_column(cells: list[str]) -> int | None:
    """The column that a header calls by a name for addresses."""
    names = {
        "uri",
        "url",
        "image",
        "image_uri",
        "image uri",
        "gcs_uri",
        "gs_uri",
        "path",
        "address",
        "file",
    }
    columns = [n for n, cell in enumerate(cells) if _unquoted(cell).lower() in names]
    return columns[0] if columns else None


def _is_address(cell: str) -> bool:
    return bool(re.match(r"\W?(gs|https?)://", cell, re.IGNORECASE))


def _unquoted(line: str) -> str:
    """Without what stands around an address; white space within quotes is part of a name."""
    bare = line.strip().rstrip(",;").strip()
    closing = _QUOTES.get(bare[:1])
    if closing and bare.endswith(closing) and len(bare) > 1:
        return bare[1:-1]
    return bare


def gs_address(entry: str) -> str:
    """As ``gs://bucket/name``, if it is any way to write that; else as it is."""
    if _SCHEME.match(entry):
        return f"gs://{entry[5:]}"
    if not entry.lower().startswith(("http://", "https://")):
        return entry
    try:
        parts = urlsplit(entry)
    except ValueError:
        return entry
    host = (parts.hostname or "").lower()
    if host in _HOSTS:
        return f"gs:/{unquote(parts.path)}"
    if host.endswith(_OWN_HOST):
        return f"gs://{host.removesuffix(_OWN_HOST)}{unquote(parts.path)}"
    if host == "console.cloud.google.com" and (match := _CONSOLE.match(parts.path)):
        return f"gs://{unquote(match['path'])}"
    return entry


def _fault(entry: str) -> tuple[str, str] | None:
    if entry.lower().startswith(("http://", "https://")):
        return (
            "A web address; batches only read Cloud Storage",
            "Copy the picture to a bucket, or upload it here.",
        )
    try:
        uri = GcsUri.parse(entry)
    except ContactSheetError as error:
        return (error.what, error.then)
    if not uri.name or uri.name.endswith(("/", "/:")):
        return ("A folder, not a picture", "Use it as a gs:// prefix instead.")
    return None
