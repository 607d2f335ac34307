"""Shards to Arrow tables: one table a feature, see ``schemas``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor

import numpy as np

from core.buckets import BucketReader
from core.errors import BadObject, BadShard, ObjectNotFound, ResultsError
from core.results.shards.limits import MAX_SHARD_BYTES, check_shard_size, damaged_shard
from core.results.shards.shard_files import ShardFile
from core.results.tables.blocks import Part, ShardBytes, blocks, build_part
from core.results.tables.cache_assembly import Tables, assemble
from core.results.tables.run_choice import ATTEMPTS, NEWEST, Choice, Listing, list_choice

__all__ = ["Tables", "build", "empty", "load", "read_shards"]

READ_AHEAD = 32  # shards in memory at once while reading; documents have some 7 MB each
SHARES = 3  # pieces of work a process: enough to even out, few enough to be worth sending


def empty() -> Tables:
    """Tables with all their columns and no rows."""
    return build([])


def load(
    buckets: BucketReader,
    prefix: str,
    pool: Executor | None = None,
    workers: int = 1,
    opener: Callable[[], BucketReader] | None = None,
    choice: Choice = NEWEST,
) -> Tables:
    """List, read and decode the shards under a prefix that are chosen.

    Args:
        pool: processes that read and decode, ``workers`` of them; worth it from some 50 MB.
        opener: opens the same buckets in such a process; must be picklable.

    Raises:
        NoShards, BadShard: there is nothing of the right name, or nothing is left of it.
        BucketError: a bucket cannot be listed or read.
    """
    listing = list_choice(buckets, prefix, choice)
    if pool is None or opener is None:
        parts = _read_parts(buckets, listing.shards)
    else:
        shares = [
            pool.submit(_open_and_read, opener, share) for share in _shares(listing.shards, workers)
        ]
        parts = [part for share in shares for part in share.result()]
    return _assembled(parts, listing)


def build(shards: Iterable[ShardBytes]) -> Tables:
    """Decode shards into tables; a bad one is reported in ``faults`` and does not stop the rest.

    They are taken to be attempts of one job, given in their order: a picture met more than once
    is kept once, at its first place.
    """
    parts = [build_part(block) for block in blocks(shards)]
    files = [file for part in parts for file in part.shards]
    return _assembled(parts, Listing.of_attempts(files, ATTEMPTS))


def _assembled(parts: Sequence[Part], listing: Listing) -> Tables:
    faults = (*listing.faults, *(fault for part in parts for fault in part.faults))
    return assemble([(part, frozenset(part.shards)) for part in parts], listing, faults)


def _shares(files: Sequence[ShardFile], workers: int) -> list[list[ShardFile]]:
    """Neighbouring shards in pieces of about the same bytes."""
    sizes = np.cumsum([max(file.size, 1) for file in files])
    pieces = min(len(files), workers * SHARES)
    places = np.searchsorted(sizes, sizes[-1] * np.arange(1, pieces) / pieces) + 1
    return [list(piece) for piece in np.split(np.array(files, dtype=object), places) if len(piece)]


def _open_and_read(opener: Callable[[], BucketReader], files: Sequence[ShardFile]) -> list[Part]:
    return _read_parts(opener(), files)


def _read_parts(buckets: BucketReader, files: Sequence[ShardFile]) -> list[Part]:
    missing: list[ResultsError] = []
    parts = [build_part(block) for block in blocks(read_shards(buckets, files, missing))]
    return [*parts, Part.of_faults(missing)] if missing else parts


def read_shards(
    buckets: BucketReader, files: Sequence[ShardFile], missing: list[ResultsError]
) -> Iterator[ShardBytes]:
    """Bytes of each shard; one that is too large, damaged as it lies there, or deleted since the
    listing, is noted and left out.
    """
    files = [file for file in files if _fits(file, missing)]
    place = 0
    while place < len(files):
        group = _ahead(files[place : place + READ_AHEAD])
        reader = buckets.read_many([file.uri for file in group])
        while group:
            try:
                data = next(reader)
            except (ObjectNotFound, BadObject) as error:
                missing.append(_left_out(error))
                place += 1
                break  # the reader has ended with its error: start again behind the gap
            yield group[0], data
            group = group[1:]
            place += 1


def _left_out(error: ObjectNotFound | BadObject) -> BadShard:
    if isinstance(error, BadObject):
        return damaged_shard(error)
    return BadShard("The file has gone since it was listed", where=error.where)


def _fits(file: ShardFile, missing: list[ResultsError]) -> bool:
    try:
        check_shard_size(file.size, file.uri)
    except BadShard as error:
        missing.append(error)
        return False
    return True


def _ahead(files: Sequence[ShardFile]) -> Sequence[ShardFile]:
    """As many as may be in memory together; one at least."""
    sizes = np.cumsum([file.size for file in files])
    return files[: max(1, int(np.searchsorted(sizes, MAX_SHARD_BYTES, "right")))]
