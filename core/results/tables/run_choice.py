"""Which shards under a prefix are read: one run of each folder, or what else was chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.buckets import BucketReader
from core.errors import NoShards, ResultsError
from core.results.shards.runs import Run, find_runs, shard_key
from core.results.shards.shard_files import ShardFile, find_shards, shards_beginning
from core.results.tables.references import NONE, Reference, References, located

ALL = "all"  # in place of a run's key: every run, of each picture the newest answers


@dataclass(frozen=True, slots=True)
class Choice:
    """What to take of the shards under a prefix.

    Attributes:
        run: ``Run.key`` of one; ``ALL``; "" for the newest of each folder.
        attempts: the folders are attempts of one job of ours, which join by picture. The prefix is
            then any beginning of their addresses.
        references: answers of the job that stand elsewhere.
        names: gives the addresses of a request's pictures in request order, by the folder that its
            shards were written to; for shards that do not say of which pictures they are.
        called: what the user calls pictures, see ``picture_names``.
        cuts: gives, of some addresses, those that are copies of some pages: the address of the
            document that is shown, and the number there of each page of the copy.
    """

    run: str = ""
    attempts: bool = False
    references: Sequence[Reference] = ()
    names: Callable[[str], Sequence[str]] | None = None
    called: Mapping[str, str] = field(default_factory=dict)
    cuts: Callable[[Sequence[str]], Mapping[str, tuple[str, Sequence[int]]]] | None = None


NEWEST = Choice()
ATTEMPTS = Choice(attempts=True)


@dataclass(frozen=True, slots=True)
class Listing:
    """Shards under a prefix, and what to take of them.

    Attributes:
        shards: those to read, in the order of their pictures.
        every: these, and those of other runs.
        ages: for each shard to read the place of its run among them, from 0 for the oldest.
        runs: what is read, by age; empty for attempts of a job.
        others: runs that are not read, the newest first.
        gone: the run that was asked for is not there any more; the newest are read instead.
        neighbours: prefixes that only begin like this one; nothing of them is read.
        faults: of references.
    """

    shards: tuple[ShardFile, ...]
    every: tuple[ShardFile, ...]
    ages: Mapping[ShardFile, int]
    choice: Choice = NEWEST
    runs: tuple[Run, ...] = ()
    others: tuple[Run, ...] = ()
    gone: bool = False
    neighbours: tuple[str, ...] = ()
    references: References = NONE
    faults: tuple[ResultsError, ...] = field(default=())

    @classmethod
    def of_attempts(cls, shards: Sequence[ShardFile], choice: Choice = NEWEST) -> Listing:
        """Shards that are all of one request or of its repetitions, the later ones newer."""
        folders = {folder: n for n, folder in enumerate(dict.fromkeys(s.folder for s in shards))}
        ages = {shard: folders[shard.folder] for shard in shards}
        return cls(tuple(shards), tuple(shards), ages, choice)


def list_choice(buckets: BucketReader, prefix: str, choice: Choice = NEWEST) -> Listing:
    """Look what is there, and choose.

    Raises:
        NoShards, BadShard: there is nothing to read.
        BucketError: a bucket cannot be listed.
    """
    if choice.attempts:
        return _of_job(buckets, prefix, choice)
    listed = find_shards(buckets, prefix)
    if not listed.shards:
        raise no_shards(prefix, listed.neighbours)
    folders = find_runs(listed.shards)
    wanted, gone = _chosen(folders, choice.run)
    runs = sorted(wanted, key=lambda run: run.age)
    ages = {shard: n for n, run in enumerate(runs) for shard in run.shards}
    read = set(map(id, wanted))
    others = [run for of_folder in folders for run in of_folder if id(run) not in read]
    return Listing(
        tuple(shard for shard in listed.shards if shard in ages),
        listed.shards,
        ages,
        choice,
        tuple(runs),
        tuple(sorted(others, key=lambda run: run.age, reverse=True)),
        gone,
        listed.neighbours,
    )


def _of_job(buckets: BucketReader, prefix: str, choice: Choice) -> Listing:
    own = shards_beginning(buckets, prefix)
    known, elsewhere, faults = located(buckets, choice.references, own)
    if not own and not elsewhere:
        raise faults[0] if faults else no_shards(prefix)
    listing = Listing.of_attempts([*elsewhere, *own], choice)
    return Listing(
        listing.shards, listing.every, listing.ages, choice, references=known, faults=tuple(faults)
    )


def _chosen(folders: Sequence[Sequence[Run]], key: str) -> tuple[list[Run], bool]:
    """The runs to read, and whether the one of the key is not there."""
    if key == ALL:
        return [run for runs in folders for run in runs], False
    newest = [runs[0] for runs in folders]
    if not key:
        return newest, False
    for runs in folders:
        for run in runs:
            if any(shard_key(shard) == key for shard in run.shards):
                return [run], False
    return newest, True


def no_shards(prefix: str, neighbours: Sequence[str] = ()) -> NoShards:
    """Nothing to read, and what a prefix without a slash may have been meant for."""
    then = (
        "Results are files named output-1-to-20.json and so on. Check the prefix; an "
        "operation that has just begun may not have written any yet."
    )
    if prefix != prefix.rstrip():
        then = "The prefix ends in white space, which counts: take it away if it is not meant."
    if neighbours:
        named = ", ".join(neighbours[:5]) + (" and others" if len(neighbours) > 5 else "")
        then = f"Other folders begin with this name and are not meant by it: {named}."
    return NoShards("There are no results here", where=prefix, then=then)
