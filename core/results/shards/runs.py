"""Runs: what one request wrote into one folder, distinguished by the names and times of its shards.

A folder may be used again. Shards of the same name are then written over, others stay, and nothing
in a shard says which request it is of. Walking from the newest shard to older ones, an older run
begins

- before a shard whose numbers a newer one has as well: one request numbers a picture once. That
  shard need not be the older run's last: the cut lies at the longest pause before it.
- at a pause of half an hour and more that is unlike the folder's others, or of half a day: left
  over by a longer run, where a shorter one has written over its beginning.

Newer means written later, to the second; within it a higher generation. Names never tell.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from core.results.shards.shard_files import ShardFile

PAUSE_S = 1_800.0
UNUSUAL = 10  # times the median of the folder's other pauses
LONGEST_PAUSE_S = 43_200.0  # in which no service leaves a request alone


@dataclass(frozen=True, slots=True)
class Run:
    """What one request wrote into a folder, as far as it still lies there.

    Attributes:
        folder: its shards' addresses up to ``output-``.
        shards: by number; one at least.
    """

    folder: str
    shards: tuple[ShardFile, ...]

    @property
    def key(self) -> str:
        """Names it in a link: stays while shards are added, and while its first one is there."""
        return shard_key(min(self.shards, key=_age))

    @property
    def written(self) -> float:
        """When its last shard was written, in seconds since 1970."""
        return max(shard.written for shard in self.shards)

    @property
    def age(self) -> tuple[float, float, float]:
        """Greater is newer."""
        return max(map(_age, self.shards))

    @property
    def pictures(self) -> int:
        """Pictures, as the shards' names count them."""
        return sum(shard.last - shard.first + 1 for shard in self.shards)

    @property
    def missing(self) -> list[tuple[int, int]]:
        """Numbers below its highest that no shard has, as (first, last)."""
        gaps, expected = [], 1
        for shard in self.shards:
            if shard.first > expected:
                gaps.append((expected, shard.first - 1))
            expected = max(expected, shard.last + 1)
        return gaps


def shard_key(shard: ShardFile) -> str:
    """Letters and digits that stand for a shard's address and bytes."""
    data = f"{shard.uri} {shard.generation}".encode(errors="surrogatepass")
    return hashlib.sha256(data).hexdigest()[:12]


def find_runs(shards: Iterable[ShardFile]) -> list[list[Run]]:
    """The runs of each folder, newest first; folders in the order of their first shards."""
    folders: dict[str, list[ShardFile]] = defaultdict(list)
    for shard in shards:
        folders[shard.folder].append(shard)
    return [
        [
            Run(folder, tuple(sorted(run, key=lambda shard: (shard.first, shard.last))))
            for spell in _spells(sorted(files, key=_order, reverse=True))
            for run in _without_overlaps(spell)
        ]
        for folder, files in folders.items()
    ]


def newest_runs(shards: Iterable[ShardFile]) -> list[ShardFile]:
    """Those shards that are of their folder's newest run."""
    return [shard for runs in find_runs(shards) for shard in runs[0].shards]


def _age(shard: ShardFile) -> tuple[float, float, float]:
    """Greater is newer; times finer than a second come last, since clocks differ by less."""
    return float(int(shard.written)), float(shard.generation), shard.written


def _order(shard: ShardFile) -> tuple[tuple[float, float, float], str]:
    """By age; what is of one age in any order that does not change from listing to listing."""
    return _age(shard), shard.uri


def _spells(walk: Sequence[ShardFile]) -> list[Sequence[ShardFile]]:
    """Shards, newest first, cut where the service paused for longer than one request would."""
    times = np.array([shard.written for shard in walk])
    pauses = -np.diff(times)
    long = np.flatnonzero(pauses >= PAUSE_S)
    if not len(long):
        return [walk]
    in_order = np.sort(pauses)
    ends = [int(n) + 1 for n in long if _is_break(float(pauses[n]), in_order)]
    return [walk[a:b] for a, b in zip([0, *ends], [*ends, len(walk)], strict=True)]


def _is_break(pause: float, in_order: Any) -> bool:
    """Whether a pause is unlike the others; all of them are given in order."""
    own = int(np.searchsorted(in_order, pause))
    middle = (len(in_order) - 1) // 2
    usual = in_order[middle + (middle >= own)] if len(in_order) > 1 else 0.0
    return bool(pause >= LONGEST_PAUSE_S or pause > UNUSUAL * usual)


def _without_overlaps(walk: Sequence[ShardFile]) -> list[Sequence[ShardFile]]:
    """Shards, newest first, cut so that within each piece no number comes twice."""
    by_number = sorted(walk, key=lambda shard: shard.first)
    pairs = pairwise(by_number)
    if all(one.last < other.first for one, other in pairs):
        return [walk]
    pauses = -np.diff(np.array([_age(shard)[:2] for shard in walk]), axis=0)
    pieces, begin = [], 0
    taken: list[tuple[int, int, int]] = []  # first, last, place in the walk; no two overlap
    for place, shard in enumerate(walk):
        last = max(shard.first, shard.last)
        if hit := _overlapped(taken, shard.first, last):
            cut = _longest(pauses, max(hit), place)
            pieces.append(walk[begin:cut])
            taken = [one for one in taken if one[2] >= cut]
            begin = cut
        insort(taken, (shard.first, last, place))
    return [*pieces, walk[begin:]]


def _overlapped(taken: Sequence[tuple[int, int, int]], first: int, last: int) -> list[int]:
    """Places of what overlaps some numbers."""
    at = bisect_left(taken, (first, 0, 0))
    if at and taken[at - 1][1] >= first:
        at -= 1
    places = []
    while at < len(taken) and taken[at][0] <= last:
        places.append(taken[at][2])
        at += 1
    return places


def _longest(pauses: Any, newer: int, older: int) -> int:
    """Where to cut between two places of a walk: behind the longest pause, of equals the last."""
    seconds, generations = pauses[newer:older].T
    longest = np.flatnonzero(seconds == seconds.max())
    steps = generations[longest]
    return newer + int(longest[np.flatnonzero(steps == steps.max())[-1]]) + 1
