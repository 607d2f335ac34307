"""What a shard counts for, even if overwritten: by address, or by place without one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from core.buckets import BucketReader
from core.jobs.ledger.records import Job
from core.results.shards.decoding import Tally, tally
from core.results.shards.limits import read_shard
from core.results.shards.shard_files import ShardFile, shards_beginning

Place = tuple[str, int]  # address and page, 0 of a picture


@dataclass(frozen=True, slots=True)
class ShardCount:
    """Which pictures of an operation a shard answers.

    Attributes:
        numbers: of the picture that each response is for, in the operation's request, from 1; 0 if
            it is for none of them.
        failed: numbers of pictures that have no good answer here although one was due.
        reasons, codes: number -> what its answer says of the error, where one does, and its
            ``google.rpc.Code``.
        names: (address, page) of the pictures, in the order of ``numbers``, where the request is
            not known; what is named twice, as for one feature and for another, is one picture.
    """

    numbers: tuple[int, ...]
    failed: frozenset[int]
    names: tuple[Place, ...] = ()
    reasons: Mapping[int, str] = field(default_factory=dict)
    codes: Mapping[int, int] = field(default_factory=dict)

    def called(self) -> dict[int, Place]:
        """(address, page) by number, where the request is not known."""
        return dict(zip(self.numbers, self.names, strict=bool(self.names)))


@dataclass(frozen=True, slots=True)
class CountedShards:
    """What an operation's shards come to.

    Attributes:
        good, failed: numbers of pictures, or their (address, page) where the request is not known,
            with the folder of the shard that tells; of a picture with several responses one good
            answer is enough.
    """

    good: frozenset[tuple[str, int | Place]]
    failed: frozenset[tuple[str, int | Place]]

    @property
    def pictures(self) -> int:
        """How many are answered, with or without an error."""
        return len(self.good) + len(self.failed)


def count_shard(
    buckets: BucketReader, shard: ShardFile, uris: Sequence[str], *, paged: bool = False
) -> ShardCount:
    """Count one shard; an answer that is for another picture is none.

    Args:
        uris: the operation's pictures in request order; empty if they are not known.
        paged: they are the pages of one file, from the first to the last.

    Raises:
        BucketError: it cannot be read now.
        BadShard: it is damaged, so that nothing can be said of its pictures.
    """
    contents = tally(read_shard(buckets, shard.uri), shard)
    numbers = (
        _paged(contents, shard.first, uris) if paged else _matched(contents.uris, shard.first, uris)
    )
    faults = {numbers[fault.position - shard.first]: fault for fault in contents.errors}
    said = {number: fault.message for number, fault in faults.items()}
    failed = said.keys() - {0}
    if 0 in numbers:
        # Something stands in their place, and none of the rest is theirs.
        places = range(shard.first, min(shard.first + len(numbers), len(uris) + 1))
        failed |= set(places) - set(numbers)
    names = () if uris else tuple(zip(contents.uris, contents.pages, strict=True))
    codes = {number: fault.code for number, fault in faults.items()}
    return ShardCount(numbers, frozenset(failed), names, said, codes)


def _paged(contents: Tally, first: int, uris: Sequence[str]) -> tuple[int, ...]:
    """For each response its page, or its place where it says none; 0 if it is no page of the file.

    A page that comes twice is taken once.
    """
    numbers: list[int] = []
    for place, (uri, page) in enumerate(zip(contents.uris, contents.pages, strict=True), first):
        number = page or place
        ours = 1 <= number <= len(uris) and uri in ("", uris[number - 1])
        numbers.append(number if ours and number not in numbers else 0)
    return tuple(numbers)


def _matched(names: Sequence[str], first: int, uris: Sequence[str]) -> tuple[int, ...]:
    """For each response its picture's number: whose address it has, or at whose place it stands.

    Nothing promises that responses stand in request order. Of equal addresses each is taken once.
    """
    places = range(first, first + len(names))
    if not uris or list(names) == list(uris[first - 1 : first - 1 + len(names)]):
        return tuple(places)
    by_address: dict[str, list[int]] = defaultdict(list)
    own = set(places)
    for number in sorted(range(1, len(uris) + 1), key=lambda n: (n not in own, n)):
        by_address[uris[number - 1]].append(number)  # those of this shard first
    numbers = [0] * len(names)
    taken = set()
    for index, (place, uri) in enumerate(zip(places, names, strict=True)):
        if uri and uris[place - 1 : place] == [uri]:
            numbers[index] = place
            taken.add(place)
    for index, uri in enumerate(names):
        free = (n for n in by_address.get(uri, ()) if n not in taken)
        if uri and not numbers[index] and (number := next(free, 0)):
            numbers[index] = number
            taken.add(number)
    for index, (place, uri) in enumerate(zip(places, names, strict=True)):
        if not uri and place not in taken and place <= len(uris):
            numbers[index] = place
    return tuple(numbers)


def lost_shard(shard: ShardFile) -> ShardCount:
    """What a damaged shard counts for once nobody will write it again: all its pictures failed."""
    return ShardCount((), frozenset(range(shard.first, shard.last + 1)))


def together(counts: Iterable[tuple[ShardFile, ShardCount]]) -> CountedShards:
    """An operation's shards as one: a picture may stand in another shard than its number says.

    Folders are kept apart, since a prefix that was taken up by name may hold several operations.
    """
    good: set[tuple[str, int | Place]] = set()
    failed: set[tuple[str, int | Place]] = set()
    for shard, count in counts:
        called = count.called()
        fine = (n for n in count.numbers if n and n not in count.failed)
        good |= {(shard.folder, called.get(n, n)) for n in fine}
        failed |= {(shard.folder, called.get(n, n)) for n in count.failed}
    return CountedShards(frozenset(good), frozenset(failed - good))


def altered(
    buckets: BucketReader, job: Job, counted: Mapping[tuple[int, int], AbstractSet[tuple[str, int]]]
) -> list[int]:
    """Operations (ids) that are over and have a shard that is not as it was counted, or not at all.

    One listing of the job's folder tells: a shard's generation changes with its bytes. What is gone
    does not count, and neither does an operation that is complete and of which nothing was noted.

    Args:
        counted: as ``Runner.counted_shards`` gives it.

    Raises:
        BucketError: it cannot be listed.
    """
    shards = shards_beginning(buckets, job.prefix)
    changed = []
    for operation in job.operations:
        known = counted.get((operation.attempt, operation.part), set())
        mine = {(s.uri, s.generation) for s in shards if s.folder == operation.prefix}
        noted = known or not operation.complete
        if operation.state.final and noted and not mine <= known:
            changed.append(operation.id)
    return changed
