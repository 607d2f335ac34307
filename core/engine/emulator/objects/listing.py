"""One page of a listing: prefixes, delimiters, offsets, globs.

Source: cloud.google.com/storage/docs/json_api/v1/objects/list
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from core.engine.emulator.errors import invalid
from core.engine.emulator.objects.index import Index, after_prefix
from core.engine.emulator.objects.records import StoredObject

MAX_RESULTS = 1000
_ROWS = 1000  # read from the index at a time


@dataclass(frozen=True, slots=True)
class ListingQuery:
    """What of a bucket is asked for; ``start`` is included, ``end`` is not."""

    prefix: str = ""
    delimiter: str = ""
    start: str = ""
    end: str = ""
    glob: str = ""
    trailing_delimiter: bool = False
    limit: int = MAX_RESULTS
    page_token: str = ""


@dataclass(slots=True)
class ListingPage:
    """Objects and prefixes, in order, and where the next page begins ("": there is none)."""

    items: list[StoredObject] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_token: str = ""


def list_page(index: Index, bucket: str, query: ListingQuery) -> ListingPage:
    """The objects of a bucket that a query asks for.

    Raises:
        ApiError: 400, a page token or a glob that cannot be read.
    """
    page = ListingPage()
    matches = _matcher(query.glob)
    last = b""
    for stored in _walk(index, bucket, query):
        if isinstance(stored, str):
            position, prefix, item = after_prefix(stored.encode()), stored, None
        else:
            if not matches(stored.name):
                continue
            position, prefix, item = stored.name.encode() + b"\0", "", stored
        if len(page.items) + len(page.prefixes) >= query.limit:
            page.next_token = page_token(last)
            return page
        last = position
        if prefix:
            page.prefixes.append(prefix)
        if item:
            page.items.append(item)
    return page


def _walk(index: Index, bucket: str, query: ListingQuery) -> Iterator[StoredObject | str]:
    """Objects, and in place of those that have the delimiter their common prefix, once each."""
    lower = max(query.prefix.encode(), query.start.encode(), token_position(query.page_token))
    ends = [after_prefix(query.prefix.encode())] if query.prefix else []
    upper = min([*ends, query.end.encode()] if query.end else ends, default=None)
    while True:
        rows = index.objects(bucket, lower, upper, min(_ROWS, query.limit + 1))
        for stored in rows:
            prefix = _common(stored.name, query)
            if not prefix:
                yield stored
                lower = stored.name.encode() + b"\0"
                continue
            yield prefix
            if query.trailing_delimiter and stored.name == prefix:
                yield stored
            # Whatever else begins so need not be read.
            lower = after_prefix(prefix.encode())
            break
        else:
            if len(rows) < min(_ROWS, query.limit + 1):
                return


def _common(name: str, query: ListingQuery) -> str:
    if not query.delimiter:
        return ""
    at = name.find(query.delimiter, len(query.prefix))
    return name[: at + len(query.delimiter)] if at >= 0 else ""


def page_token(position: bytes) -> str:
    """An opaque token for where the next page begins."""
    return base64.urlsafe_b64encode(position).decode()


def token_position(token: str) -> bytes:
    """What ``page_token`` was given; raises ``ApiError`` (400)."""
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise invalid("Invalid value for pageToken.") from None


def _matcher(glob: str) -> Callable[[str], object]:
    if not glob:
        return lambda _: True
    try:
        return re.compile(_pattern(glob), re.DOTALL).fullmatch
    except re.error:
        raise invalid(f"Invalid value for matchGlob: {glob[:80]!r}.") from None


_GLOB = re.compile(r"\*\*|\*|\?|\[(!?)([^\]]+)\]|\{([^{}]*)\}|.", re.DOTALL)


def _pattern(glob: str) -> str:
    return _GLOB.sub(_part, glob)


def _part(match: re.Match[str]) -> str:
    text = match[0]
    simple = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    if text in simple:
        return simple[text]
    if match[2]:
        inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", match[2])
        return f"[{'^/' if match[1] else ''}{inside}]"
    if match[3] is not None:
        return f"(?:{'|'.join(_pattern(choice) for choice in match[3].split(','))})"
    return re.escape(text)
