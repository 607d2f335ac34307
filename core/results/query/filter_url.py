"""Filters as URL text: how fields of ``Filters`` are written, read back and said in words.

Lists are joined by commas; ``%``, commas and colons inside a name are percent-encoded first, so
that any name survives. Readers raise ValueError for junk.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from core.results.columns.map_area import read_area
from core.results.language_names import language_name

MAX_NAMES = 100
MAX_LENGTH = 500
MAX_FOLDER = 1_300  # a gs:// address: a bucket's name of up to 222 and an object's of 1,024 bytes
_NO_FOLDER = "/"  # in a list: pictures that lie in none
_ESCAPES = str.maketrans({"%": "%25", ",": "%2C", ":": "%3A"})


class Codec(NamedTuple):
    """One field's parameter name, its writer and reader, and its words for people."""

    key: str
    write: Callable[[Any], str]
    read: Callable[[str], Any]
    title: str
    show: Callable[[Any], str]


def _write_names(names: tuple[str, ...]) -> str:
    return ",".join(name.translate(_ESCAPES) for name in names)


def _read_names(text: str, most: int = MAX_LENGTH, none: str | None = None) -> tuple[str, ...]:
    parts = dict.fromkeys(text.split(","))
    names = tuple("" if part == none else unquote(part) for part in parts if part)
    if not names or len(names) > MAX_NAMES or max(map(len, names)) > most:
        raise ValueError("no names, or too many")
    return tuple(dict.fromkeys(names))


def _write_folders(folders: tuple[str, ...]) -> str:
    escaped = {"": _NO_FOLDER, _NO_FOLDER: quote(_NO_FOLDER, safe="")}
    return ",".join(escaped.get(folder) or _write_names((folder,)) for folder in folders)


def _read_folders(text: str) -> tuple[str, ...]:
    return _read_names(text, MAX_FOLDER, _NO_FOLDER)


def _show_folders(folders: tuple[str, ...]) -> str:
    return ", ".join(folder or "none" for folder in folders)


def write_pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    """Pairs as text: "adult:LIKELY,racy:POSSIBLE"."""
    return ",".join(f"{a.translate(_ESCAPES)}:{b.translate(_ESCAPES)}" for a, b in pairs)


def read_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """The inverse of ``write_pairs``.

    Raises:
        ValueError: no pairs, or too many.
    """
    pairs = []
    for part in dict.fromkeys(part for part in text.split(",") if part):
        name, colon, level = part.partition(":")
        if not colon:
            raise ValueError("not a pair")
        pairs.append((unquote(name), unquote(level)))
    if not pairs or len(pairs) > MAX_NAMES:
        raise ValueError("no pairs, or too many")
    return tuple(pairs)


def _read_text(text: str) -> str:
    if len(text) > MAX_LENGTH:
        raise ValueError("too long")
    return text


def _read_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _write_number(number: float) -> str:
    return repr(float(number)).removesuffix(".0")


def _read_color(text: str) -> str:
    if not re.fullmatch(r"#?[0-9a-fA-F]{6}", text):
        raise ValueError("not a colour")
    return "#" + text.removeprefix("#").lower()


def _write_range(limits: tuple[int, int | None]) -> str:
    least, most = limits
    return str(least) if least == most else f"{least}-{'' if most is None else most}"


def _read_range(text: str) -> tuple[int, int | None]:
    match = re.fullmatch(r"(\d{1,4})(-(\d{0,4}))?", text)
    if not match:
        raise ValueError("not a range")
    least = int(match[1])
    most = least if match[2] is None else int(match[3]) if match[3] else None
    if most is not None and most < least:
        raise ValueError("upside down")
    return least, most


def names(key: str, title: str) -> Codec:
    """Any number of names."""
    return Codec(key, _write_names, _read_names, title, ", ".join)


def pairs(key: str, title: str, sign: str) -> Codec:
    """Names, each with a likelihood; ``sign`` stands between them in words."""

    def show(pairs: tuple[tuple[str, str], ...]) -> str:
        return " or ".join(f"{a} {sign} {b.lower().replace('_', ' ')}" for a, b in pairs)

    return Codec(key, write_pairs, read_pairs, title, show)


def number(key: str, title: str) -> Codec:
    """A finite number."""
    return Codec(key, _write_number, _read_number, title, "{:g}".format)


def free_text(key: str, title: str) -> Codec:
    """A text that was typed, as it is."""
    return Codec(key, str, _read_text, title, str)


def _read_flag(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("neither yes nor no")
    return text == "yes"


def flag(key: str, title: str) -> Codec:
    """Yes or no."""
    return Codec(key, lambda on: "yes" if on else "no", _read_flag, title, lambda _: "")


FACES = Codec("faces", _write_range, _read_range, "Faces", _write_range)
LANGUAGES = names("language", "Language")._replace(
    show=lambda codes: ", ".join(map(language_name, codes))
)
COLOR = Codec("color", lambda c: c.removeprefix("#"), _read_color, "Colour", str)
FOLDERS = Codec("folder", _write_folders, _read_folders, "Folder", _show_folders)
AREA = Codec("area", str, read_area, "Drawn on the map", lambda _: "")
