"""Which picture of one result set is which picture of another.

Two result sets seldom name pictures the same way: one job read them from a bucket, another uploaded
them, a third came without addresses. Rules are tried in turn, surest first, and each pair says
which one found it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from core.results.compare.common_rows import Ints

# How a pair was found, surest first; "auto" tries all of them.
HOW = ("content", "address", "folder and name", "name", "position")
BY = ("auto", "position")
# What each picture shows, by address and page, where that is known: equal texts for equal bytes.
Contents = Mapping[tuple[str, int], str]
_UNKNOWN: Contents = MappingProxyType({})
_HASHED = "md5:"  # of others, such as an object's generation, only equality says anything

_POSITION = re.compile(r"^\d{6,9}-")  # what an upload's object name has in front
_PUNCTUATION = re.compile(r"[^\w.]+")
_FOLDER = re.compile(r"output-\d+-to-\d+\.json\Z")


@dataclass(frozen=True, slots=True)
class Matching:
    """Pairs of picture ids, in the left side's order.

    Attributes:
        left, right: ids (n,), each at most once.
        how: index into ``HOW`` (n,).
        names, folders: what a pair is called (n,), hostile text.
        only_left, only_right: folder and name of the pictures without a partner; "" if there is
            none.
        differing: pairs found by another rule although their contents are known to differ.
    """

    left: Ints
    right: Ints
    how: Ints
    names: list[str]
    folders: list[str]
    only_left: list[str]
    only_right: list[str]
    differing: int = 0

    def __len__(self) -> int:
        return len(self.left)

    @property
    def counts(self) -> dict[str, int]:
        """Pairs by how they were found, in the order of ``HOW``."""
        counts = np.bincount(self.how, minlength=len(HOW)).tolist()
        return {name: int(n) for name, n in zip(HOW, counts, strict=True)}


def plain_name(name: str) -> str:
    """A file's name without an upload's position, case, normal form, spaces and punctuation.

    >>> plain_name("000012-My-cat.JPG")
    'my-cat.jpg'
    >>> plain_name("My cat.jpg")
    'my-cat.jpg'
    """
    name = _PUNCTUATION.sub("-", _composed(_POSITION.sub("", name)))
    return name.strip("-").casefold()


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


# Rules by what a picture is called: (folder, name) -> key, None where it says nothing. The folder
# that was sent may be one of many levels on the other side.
_NAMES: Sequence[tuple[str, Callable[[str, str], Hashable]]] = (
    ("folder and name", lambda folder, name: (folder, name) if folder else None),
    ("folder and name", lambda folder, name: (folder.rsplit("/", 1)[-1], name) if folder else None),
    ("name", lambda folder, name: name),
    ("name", lambda folder, name: plain_name(name)),
)


def match(
    left: pa.Table,
    right: pa.Table,
    by: str = "auto",
    contents: tuple[Contents, Contents] = (_UNKNOWN, _UNKNOWN),
) -> Matching:
    """Pair the rows of two ``pictures`` tables.

    The rules of "auto", each for the pictures that those before left over, and each only where a
    key is one picture's alone on both sides:

    1. the content, where both sides' is known; of several equal ones first those of one name;
    2. the address and page;
    3. the folder and name, also by the last level of the folder alone; the name; ``plain_name``;
    4. where a side has no address: the place in the request, folder by folder.

    Args:
        by: "auto", or "position" to pair by rule 4 alone, whatever the addresses.
        contents: of either side.

    Raises:
        ValueError: ``by`` is not one of ``BY``.
    """
    if by not in BY:
        raise ValueError(f"by cannot be {by!r}")
    sides = _Pictures(left, contents[0]), _Pictures(right, contents[1])
    matched: list[tuple[int, int, int]] = []
    if by == "auto":
        for rule, keys in _rules():
            matched += _pair(keys(sides[0]), keys(sides[1]), sides, HOW.index(rule))
    places = sides[0].placed(), sides[1].placed()
    anyway = by == "position"
    matched += _pair(*places, sides, HOW.index("position"), unnamed_only=not anyway)
    rows = np.array(sorted(matched), np.int64).reshape(-1, 3)
    called = [_called(sides, a, b) for a, b, _ in rows.tolist()]
    return Matching(
        left=rows[:, 0],
        right=rows[:, 1],
        how=rows[:, 2],
        names=[name for _, name in called],
        folders=[folder for folder, _ in called],
        only_left=[sides[0].path(row) for row in sides[0].free],
        only_right=[sides[1].path(row) for row in sides[1].free],
        differing=sum(_differ(sides[0].contents[a], sides[1].contents[b]) for a, b, _ in rows),
    )


def _rules() -> list[tuple[str, Callable[[_Pictures], dict[Hashable, int]]]]:
    """Each rule's place in ``HOW``, and what gives a side's rows by their keys."""
    named = [(how, partial(_Pictures.named, key=key)) for how, key in _NAMES]
    return [
        ("content", partial(_Pictures.showing, alike=lambda side, row: side.called[row])),
        ("content", partial(_Pictures.showing, alike=lambda side, row: side.called[row][1])),
        ("content", _Pictures.showing),
        ("address", _Pictures.addressed),
        *named,
    ]


def _differ(left: str, right: str) -> bool:
    return left != right and left.startswith(_HASHED) and right.startswith(_HASHED)


class _Pictures:
    """One side's pictures; ``free`` are the rows without a partner so far, in order."""

    def __init__(self, pictures: pa.Table, contents: Contents) -> None:
        self.uris: list[str] = pictures["uri"].to_pylist()
        self.pages: list[int] = pictures["page"].to_pylist()
        folders, names = pictures["folder"].to_pylist(), pictures["name"].to_pylist()
        self.called: list[tuple[str, str]] = list(zip(folders, names, strict=True))
        # A Mac writes "é" as two characters where others write one.
        self._keys = [(_composed(folder), _composed(name)) for folder, name in self.called]
        places = zip(self.uris, self.pages, strict=True)
        self.contents = (
            [contents.get(place, "") for place in places] if contents else [""] * len(self.uris)
        )
        self.free: dict[int, None] = dict.fromkeys(range(len(self.uris)))
        self._pictures = pictures

    def path(self, row: int) -> str:
        """Folder and name."""
        return "/".join(filter(None, self.called[row]))

    def showing(
        self, alike: Callable[[_Pictures, int], Hashable] | None = None
    ) -> dict[Hashable, int]:
        """Row of each content and what else is alike; without that of each equal one in turn."""
        rows = [row for row in self.free if self.contents[row]]
        if alike is not None:
            return _unique([(self.contents[row], alike(self, row)) for row in rows], rows)
        seen: Counter[str] = Counter()
        row_of: dict[Hashable, int] = {}
        for row in rows:
            content = self.contents[row]
            row_of[content, seen[content]] = row
            seen[content] += 1
        return row_of

    def addressed(self) -> dict[Hashable, int]:
        """Row of each address and page that one free row alone has."""
        rows = [row for row in self.free if self.uris[row]]
        return _unique([(self.uris[row], self.pages[row]) for row in rows], rows)

    def named(self, key: Callable[[str, str], Hashable]) -> dict[Hashable, int]:
        """Row of each key and page that one free row alone has."""
        keys = {row: key(*self._keys[row]) for row in self.free if self._keys[row][1]}
        rows = [row for row, value in keys.items() if value is not None]
        return _unique([(keys[row], self.pages[row]) for row in rows], rows)

    def placed(self) -> dict[Hashable, int]:
        """Row of each free picture's place: its folder's rank, and the number in the request."""
        if not self.free:
            return {}
        shards = self._pictures["shard"].cast(pa.string()).to_pylist()
        folder = {shard: _FOLDER.sub("", shard) for shard in dict.fromkeys(shards)}
        # Tables hold folders in natural order.
        rank = {name: n for n, name in enumerate(dict.fromkeys(folder.values()))}
        numbers = self._pictures["number"].to_pylist()
        rows = list(self.free)
        return _unique([(rank[folder[shards[row]]], numbers[row]) for row in rows], rows)


def _unique(keys: Sequence[Hashable], rows: Sequence[int]) -> dict[Hashable, int]:
    row_of: dict[Hashable, int] = {}
    for key, row in zip(keys, rows, strict=True):
        row_of[key] = -1 if key in row_of else row
    return {key: row for key, row in row_of.items() if row >= 0}


def _pair(
    left: dict[Hashable, int],
    right: dict[Hashable, int],
    sides: tuple[_Pictures, _Pictures],
    how: int,
    *,
    unnamed_only: bool = False,
) -> list[tuple[int, int, int]]:
    matched = [(row, right[key], how) for key, row in left.items() if key in right]
    if unnamed_only:
        matched = [
            pair for pair in matched if not (sides[0].uris[pair[0]] and sides[1].uris[pair[1]])
        ]
    for one, other, _ in matched:
        del sides[0].free[one], sides[1].free[other]
    return matched


def _called(sides: tuple[_Pictures, _Pictures], left: int, right: int) -> tuple[str, str]:
    folder, name = sides[0].called[left]
    if not name:
        folder, name = sides[1].called[right]
    return folder, name or f"Picture {left + 1}"
