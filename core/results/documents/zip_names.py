"""Names inside an archive: the user's own, and none that leads out of where it is unpacked."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST_BYTES = 180  # of one part; file systems take 255, and an ending is added
MOST_PARTS = 20
# What Windows takes in no name, and what nobody sees.
_FORBIDDEN = re.compile('[\x00-\x1f\x7f-\x9f<>:"|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?\Z")


class ZipNames:
    """Gives each document a name of its own, also where letters count as equal in any case.

    Args:
        names: of all documents; the folders that they have in common are left off.
        taken: names of other files of the archive.
    """

    def __init__(self, names: Iterable[str], taken: Iterable[str] = ()) -> None:
        split = [_parts(name)[:-1] for name in names]
        self._common = len(_common(split))
        self._taken = {name.casefold() for name in taken}

    def of(self, name: str) -> str:
        """A relative path for a document, to which an ending is added; no other has it."""
        parts = _parts(name)[self._common :] or _parts(name)[-1:]
        path = "/".join(parts)
        free, number = path, 1
        while free.casefold() in self._taken:
            number += 1
            stem, dot, suffix = path.rpartition(".")
            free = f"{stem} ({number}).{suffix}" if dot and "/" not in suffix and stem else (
                f"{path} ({number})"
            )  # fmt: skip
        self._taken.add(free.casefold())
        return free


def _parts(name: str) -> list[str]:
    """A path's safe parts; one at least.

    >>> _parts("gs://bucket/a/../b.pdf")
    ['bucket', 'a', 'b.pdf']
    """
    pieces = name.removeprefix("gs://").replace("\\", "/").split("/")
    parts = [part for piece in pieces if (part := _safe(piece))]
    return parts[-MOST_PARTS:] or ["unnamed"]


def _safe(part: str) -> str:
    safe = _FORBIDDEN.sub("_", part.encode("utf-8", "replace").decode()).strip(" ").rstrip(" .")
    if not safe.strip("."):
        return ""
    if _DEVICES.match(safe):
        safe = f"_{safe}"
    if len(safe.encode()) > MOST_BYTES:
        stem, dot, suffix = safe.rpartition(".")
        ending = f".{suffix}" if dot and len(suffix) < 10 else ""
        room = MOST_BYTES - len(ending.encode())
        safe = (stem if ending else safe).encode()[:room].decode(errors="ignore") + ending
    return safe


def _common(folders: list[list[str]]) -> list[str]:
    if not folders:
        return []
    first, last = min(folders), max(folders)
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return first[:same]
