"""Shards become Parquet once: what has been decoded is kept on disk, and only new shards are read.

Below the given folder every prefix has a folder named after its hash, with one part for each time
that new shards were found (``cached_part``). A shard counts as known only with the same address,
size and generation. Small parts are merged as they gather, so that a running operation of n
shards costs some n log n and never leaves many files.

Processes may share the folder: readers and writers of a prefix hold a shared lock, and what
takes anything away holds it alone, or leaves that to a later time. Locks end with their process.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from core.buckets import BucketReader
from core.errors import ResultsError
from core.results.shards.shard_files import ShardFile
from core.results.tables import tables
from core.results.tables.blocks import blocks, build_part
from core.results.tables.cache_assembly import assemble, joined
from core.results.tables.cached_part import UNFINISHED, CachedPart, open_part, remove, write_part
from core.results.tables.run_choice import NEWEST, Choice, Listing, list_choice
from core.results.tables.schemas import SCHEMAS
from core.results.tables.tables import Tables

LIMIT = 8_000_000_000  # bytes; a million pictures take some 0.4 GB
PART_BYTES = 150_000_000  # of shards decoded before they are written: what a kill can cost
MERGED = 4  # parts of about one size become one
LARGEST = 100_000  # pictures from which a part is not merged any more: merging needs memory

_Chosen = list[tuple[CachedPart, frozenset[ShardFile]]]
_log = logging.getLogger("core.results.cache")


class ResultsCache:
    """Decoded results of any number of prefixes.

    Args:
        folder: only for this; made if it is not there.
        limit: bytes above which the prefixes that nobody has opened for longest are removed.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder, self._limit = folder, limit

    def load(self, buckets: BucketReader, prefix: str, choice: Choice = NEWEST) -> Tables:
        """As ``tables.load``, decoding only what the cache does not hold.

        If the cache cannot be used, for want of room perhaps, everything is decoded as without it.

        Raises:
            NoShards, BadShard: there is nothing of the right name, or nothing is left of it.
            BucketError: the bucket cannot be listed or read.
        """
        listing = list_choice(buckets, prefix, choice)
        home = self.home(prefix)
        key = home.name
        try:
            with self._lock(key, fcntl.LOCK_SH):
                home.mkdir(exist_ok=True)
                os.utime(home)
                chosen, gone = _complete(buckets, home, listing)
                assembled = _assembled(chosen, listing, gone)
                untidy = {part.folder for part, _ in chosen} != set(home.iterdir())
            if untidy or any(_mergeable(chosen)):
                self._tidy(key, listing.every)
            self._make_room(key)
        except (OSError, pa.ArrowException):
            _log.warning("The results cache %s cannot be used", home, exc_info=True)
            return tables.load(buckets, prefix, choice=choice)
        return assembled

    def forget(self, prefix: str) -> None:
        """Remove what was kept of a prefix; waits until nobody reads it.

        Raises:
            OSError: it cannot be removed.
        """
        home = self.home(prefix)
        if home.exists():
            with self._lock(home.name, fcntl.LOCK_EX):
                remove(home)

    def home(self, prefix: str) -> Path:
        """A prefix's folder; its name says nothing of the prefix."""
        data = prefix.encode("utf-8", "surrogatepass")
        return self.folder / hashlib.sha256(data).hexdigest()[:32]

    def _tidy(self, key: str, listing: Sequence[ShardFile]) -> None:
        """Take away what is damaged or of no use, and merge small parts, if nobody else is here."""
        home = self.folder / key
        try:
            with self._lock(key, fcntl.LOCK_EX | fcntl.LOCK_NB):
                chosen = _choose(home, listing)
                used = {part.folder for part, _ in chosen}
                for path in home.iterdir():
                    if path not in used:
                        remove(path)
                for parts in _mergeable(chosen):
                    _merge(home, parts)
        except BlockingIOError:
            return

    def _make_room(self, key: str) -> None:
        homes = [path for path in self.folder.iterdir() if path.is_dir()]
        sizes = {home: _size(home) for home in homes}
        for home in sorted(homes, key=lambda path: path.stat().st_mtime):
            if sum(sizes.values()) <= self._limit:
                return
            if home.name == key:
                continue
            try:
                with self._lock(home.name, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    remove(home)
                    del sizes[home]
            except BlockingIOError:
                continue  # somebody is reading it: it is not the oldest any more

    @contextmanager
    def _lock(self, key: str, kind: int) -> Iterator[None]:
        # Beside the folders, not in them: a lock must outlive what it guards.
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{key}.lock").open("a") as file:
            fcntl.flock(file, kind)
            yield


def _complete(
    buckets: BucketReader, home: Path, listing: Listing
) -> tuple[_Chosen, list[ResultsError]]:
    """Parts with every shard to be read, and the faults of shards that have gone since.

    Parts of other runs are among them: they need not be decoded again when those are opened.
    """
    chosen = _choose(home, listing.every)
    known = {file for _, there in chosen for file in there}
    gone: list[ResultsError] = []
    for group in _groups([file for file in listing.shards if file not in known]):
        part = _decode(buckets, home, group, gone)
        if part is not None:
            chosen.append((part, frozenset(part.shards)))
    return chosen, gone


def _assembled(chosen: _Chosen, listing: Listing, gone: Sequence[ResultsError]) -> Tables:
    """Tables of the shards that are wanted."""
    wanted = frozenset(listing.shards)
    taken = [(part, there & wanted) for part, there in chosen if not wanted.isdisjoint(there)]
    faults = [*listing.faults, *gone]
    for part, files in taken:
        uris = {file.uri for file in files}
        faults += [fault for fault in part.faults if fault.where in uris]
    return assemble(taken, listing, faults)


def _choose(home: Path, listing: Sequence[ShardFile]) -> _Chosen:
    """The parts that hold any of the listed shards, each shard in one; in the listing's order."""
    left = {file: n for n, file in enumerate(listing)}
    opened = [open_part(path) for path in home.iterdir() if not path.name.startswith(UNFINISHED)]
    parts = sorted((part for part in opened if part), key=lambda part: (-part.rows, part.folder))
    chosen = []
    for part in parts:
        taken = frozenset(file for file in part.shards if file in left)
        if taken:
            chosen.append((min(left.pop(file) for file in taken), part, taken))
    return [(part, taken) for _, part, taken in sorted(chosen, key=lambda one: one[0])]


def _groups(files: Sequence[ShardFile]) -> Iterator[list[ShardFile]]:
    group: list[ShardFile] = []
    size = 0
    for file in files:
        group.append(file)
        size += file.size
        if size >= PART_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _decode(
    buckets: BucketReader, home: Path, group: Sequence[ShardFile], gone: list[ResultsError]
) -> CachedPart | None:
    """Read some shards into a part; those that have gone meanwhile are noted in ``gone``."""
    missing: list[ResultsError] = []
    decoded = [build_part(block) for block in blocks(tables.read_shards(buckets, group, missing))]
    gone += missing
    away = {fault.where for fault in missing}
    there = [file for file in group if file.uri not in away]
    if not there:
        return None
    good = {file.uri for part in decoded for file in part.shards}
    faults = [fault for part in decoded for fault in part.faults]
    coded = {name: joined(decoded, name) for name in SCHEMAS}
    bad = [file.uri for file in there if file.uri not in good]
    return write_part(home, coded, there, bad, faults)


def _mergeable(chosen: _Chosen) -> list[list[CachedPart]]:
    """Groups of small parts that are of about one size and wholly in use."""
    tiers: dict[int, list[CachedPart]] = defaultdict(list)
    for part, taken in chosen:
        if len(taken) == len(part.shards) and part.rows < LARGEST:
            tiers[part.rows.bit_length() // 2].append(part)
    return [group for parts in tiers.values() for group in _alike(parts) if len(group) >= MERGED]


def _alike(parts: Sequence[CachedPart]) -> Iterator[list[CachedPart]]:
    group: list[CachedPart] = []
    for part in parts:
        group.append(part)
        if sum(one.rows for one in group) >= LARGEST:
            yield group
            group = []
    yield group


def _merge(home: Path, parts: Sequence[CachedPart]) -> None:
    write_part(
        home,
        {name: joined(parts, name) for name in SCHEMAS},
        [file for part in parts for file in part.shards],
        sorted({uri for part in parts for uri in part.bad}),
        [fault for part in parts for fault in part.faults],
    )
    for part in parts:
        remove(part.folder)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
