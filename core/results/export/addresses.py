"""What a report says of where things are: names and folders, and addresses only if asked for."""

from __future__ import annotations

import re
from dataclasses import replace

from core.results.export.provenance import Method
from core.results.query.picture.annotations import picture_title
from core.results.tables.picture_names import short_folder

HIDDEN = "…"
# Addresses and paths of a machine inside a sentence: a scheme, or at least two folders.
_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>]*|\b(?:127\.0\.0\.1|localhost)(?::\d+)?\S*"
    r"|(?<![\w.:/])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\'\"<>]+[/\\])+[^\s/\\'\"<>]*",
    re.IGNORECASE,
)


def without_addresses(text: str) -> str:
    """A text with addresses and paths taken out.

    >>> without_addresses("Error opening file: gs://b/in/a.jpg.")
    'Error opening file: …'
    """
    return _ADDRESS.sub(HIDDEN, text)


def short_title(title: str) -> str:
    """A title for people: of an address its last folder."""
    if "://" not in title:
        return title
    return shown_folder(title.rstrip("/")) or "Results"


def discreet(method: Method) -> Method:
    """A method that names no bucket, path or address; operations have nothing else, and go."""
    return replace(
        method,
        title=short_title(method.title),
        source="",
        url="",
        asked=tuple(
            (name, said)
            for name, text in method.asked
            if (said := without_addresses(text)).strip(f" {HIDDEN}.,")
        ),
        cost_note=without_addresses(method.cost_note),
        operations=(),
    )


def shown_folder(folder: str, *, addresses: bool = False) -> str:
    """What a report calls a folder: ``short_folder``, unless addresses are wanted."""
    return folder if addresses else short_folder(folder)


def shown_name(
    folder: str, name: str, uri: str, page: int, number: int, *, addresses: bool = False
) -> str:
    """What a report calls a picture: folder and file name, or the address; with its page."""
    if addresses and uri:
        return picture_title(uri, page, number)
    title, below = picture_title(name, page, number), shown_folder(folder)
    return f"{below}/{title}" if below else title
