"""Which picture of one result set is which picture of another.

Two result sets seldom name pictures the same way: one job read them from a bucket, another uploaded
them, a third came without addresses. Rules are tried in turn, surest first, and each pair says
which one found it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from core.results.compare.common_rows import Ints

# How a pair was found, surest first; "auto" tries all of them.
HOW = ("address", "name", "position")
BY = ("auto", "position")

_POSITION = re.compile(r"^\d{6,9}-")  # what an upload's object name has in front
_PUNCTUATION = re.compile(r"[^\w.]+")
_FOLDER = re.compile(r"output-\d+-to-\d+\.json\Z")


@dataclass(frozen=True, slots=True)
class Matching:
    """Pairs of picture ids, in the left side's order.

    Attributes:
        left, right: ids (n,), each at most once.
        how: index into ``HOW`` (n,).
        names: what a pair is called (n,): the last part of its address, hostile text.
        only_left, only_right: addresses of the pictures without a partner; "" if there is none.
    """

    left: Ints
    right: Ints
    how: Ints
    names: list[str]
    only_left: list[str]
    only_right: list[str]

    def __len__(self) -> int:
        return len(self.left)

    @property
    def counts(self) -> dict[str, int]:
        """Pairs by how they were found, in the order of ``HOW``."""
        counts = np.bincount(self.how, minlength=len(HOW)).tolist()
        return {name: int(n) for name, n in zip(HOW, counts, strict=True)}


def content_name(uri: str) -> str:
    """The last part of an address, without an upload's position, case, spaces and punctuation.

    >>> content_name("gs://b/job/pictures/000012-My-cat.JPG")
    'my-cat.jpg'
    >>> content_name("gs://b/My cat.jpg")
    'my-cat.jpg'
    """
    name = _POSITION.sub("", uri.rsplit("/", 1)[-1])
    return _PUNCTUATION.sub("-", name).strip("-").casefold()


_NAMES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "address": lambda uri: uri,
        "in_folder": lambda uri: "/".join(uri.rsplit("/", 2)[-2:]),
        "name": lambda uri: uri.rsplit("/", 1)[-1],
        "content": content_name,
    }
)


def match(left: pa.Table, right: pa.Table, by: str = "auto") -> Matching:
    """Pair the rows of two ``pictures`` tables.

    The rules of "auto", each for the pictures that those before left over, and each only where a
    key is one picture's alone on both sides:

    1. the address and page;
    2. the name with its folder, the name, then ``content_name``;
    3. where a side has no address: the place in the request, folder by folder.

    Args:
        by: "auto", or "position" to pair by rule 3 alone, whatever the addresses.

    Raises:
        ValueError: ``by`` is not one of ``BY``.
    """
    if by not in BY:
        raise ValueError(f"by cannot be {by!r}")
    sides = _Pictures(left), _Pictures(right)
    matched: list[tuple[int, int, int]] = []
    if by == "auto":
        for rule in _NAMES:
            how = HOW.index("address" if rule == "address" else "name")
            matched += _pair(sides[0].named(rule), sides[1].named(rule), sides, how)
    places = sides[0].placed(), sides[1].placed()
    anyway = by == "position"
    matched += _pair(*places, sides, HOW.index("position"), unnamed_only=not anyway)
    rows = np.array(sorted(matched), np.int64).reshape(-1, 3)
    return Matching(
        left=rows[:, 0],
        right=rows[:, 1],
        how=rows[:, 2],
        names=[_called(sides, a, b) for a, b, _ in rows.tolist()],
        only_left=[sides[0].uris[row] for row in sides[0].free],
        only_right=[sides[1].uris[row] for row in sides[1].free],
    )


class _Pictures:
    """One side's pictures; ``free`` are the rows without a partner so far, in order."""

    def __init__(self, pictures: pa.Table) -> None:
        self.uris: list[str] = pictures["uri"].to_pylist()
        self.pages: list[int] = pictures["page"].to_pylist()
        self.free: dict[int, None] = dict.fromkeys(range(len(self.uris)))
        self._pictures = pictures

    def named(self, rule: str) -> dict[Hashable, int]:
        """Row of each key that one free row alone has."""
        key, uris, pages = _NAMES[rule], self.uris, self.pages
        return _unique([(key(uris[row]), pages[row]) for row in self.free if uris[row]],
                       [row for row in self.free if uris[row]])  # fmt: skip

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


def _called(sides: tuple[_Pictures, _Pictures], left: int, right: int) -> str:
    uri = sides[0].uris[left] or sides[1].uris[right]
    return uri.rsplit("/", 1)[-1] or uri or f"Picture {left + 1}"
