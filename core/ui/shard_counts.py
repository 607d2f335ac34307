"""What a shard counts for, whoever has written over it: told by position and by address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from core.buckets import Buckets
from core.jobs.records import Job
from core.results.limits import read_shard
from core.results.shards import ShardFile, list_shards, tally


@dataclass(frozen=True, slots=True)
class ShardCount:
    """How many pictures a shard answers for, and which of them have no good answer.

    Attributes:
        failed: numbers in the operation's request, from 1.
    """

    pictures: int
    failed: frozenset[int]


def count_shard(buckets: Buckets, shard: ShardFile, uris: Sequence[str]) -> ShardCount:
    """Count one shard; an answer that is for another picture is none.

    Args:
        uris: the operation's pictures in request order; empty if they are not known.

    Raises:
        BucketError: it cannot be read now.
        BadShard: it is damaged, so that nothing can be said of its pictures.
    """
    told = tally(read_shard(buckets, shard.uri), shard)
    failed = {fault.position for fault in told.errors}
    for number, uri in enumerate(told.uris, start=shard.first):
        if uris and uri and uri not in uris[number - 1 : number]:
            failed.add(number)
    return ShardCount(told.pictures, frozenset(failed))


def lost_shard(shard: ShardFile) -> ShardCount:
    """What a damaged shard counts for once nobody will write it again: all its pictures failed."""
    numbers = frozenset(range(shard.first, shard.last + 1))
    return ShardCount(len(numbers), numbers)


def altered(
    buckets: Buckets, job: Job, counted: Mapping[tuple[int, int], AbstractSet[tuple[str, int]]]
) -> list[int]:
    """Operations (ids) that are over and have a shard that is not as it was counted.

    One listing of the job's folder tells: a shard's generation changes with its bytes. What is gone
    does not count, and neither does an operation of which nothing was noted.

    Args:
        counted: as ``Reuse.counted`` gives it.

    Raises:
        BucketError: it cannot be listed.
    """
    found = list_shards(buckets, job.prefix)
    changed = []
    for operation in job.operations:
        known = counted.get((operation.attempt, operation.part))
        mine = {(s.uri, s.generation) for s in found if s.uri.startswith(operation.prefix)}
        if operation.state.final and known and not mine <= known:
            changed.append(operation.id)
    return changed
