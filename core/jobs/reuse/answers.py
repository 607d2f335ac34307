"""Which pictures have been answered, and in which shard: what need not be paid for again.

A picture counts as answered only after its shard was seen with an answer that is no error
(``Answers.record``, called by what reads shards). Whether that shard is still there, as it was, is
for ``reuse`` to find out before an answer is used again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core.jobs.ledger.access import EVERYBODY, Owner
from core.jobs.ledger.ledger import DELETED, UNFINISHED, Ledger
from core.jobs.ledger.records import Operation, OperationState
from core.jobs.ledger.rows import chunks
from core.jobs.ledger.schema import (
    ERROR,
    GOOD,
    UNANSWERED,
    entries,
    jobs,
    operations,
    pictures,
    shards,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SeenShard:
    """One shard as it was counted.

    Attributes:
        generation: changes whenever its bytes do.
        first: number, in the operation's request, of its first picture.
        pictures: how many responses it has.
        failed: numbers of the pictures that got an error.
        numbers: of the picture that each response is for, 0 for none of the operation's; () if
            they stand in the request's order.
    """

    uri: str
    generation: int
    first: int
    pictures: int
    failed: frozenset[int] = frozenset()
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An earlier answer to a picture: number ``number`` of a shard, as its name counts.

    Attributes:
        content: of the picture, as ``content_hash`` tells it.
        uri: the picture's address when it was sent.
        first: number of the shard's first answer.
        job_id, seen_at: the job that was asked for it, and when its shard was seen.
        models: which answered, see ``asked_values``.
    """

    content: str
    uri: str
    shard_id: int
    number: int
    shard: str
    generation: int
    first: int
    job_id: str
    seen_at: datetime
    models: str = ""

    @property
    def place(self) -> int:
        """Of the answer within its shard, from 0."""
        return self.number - self.first


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A picture of a job whose answer stands under another one's number; ``uri`` is its own.

    Attributes:
        page: of a file, as it is shown; 0 of a picture.
    """

    shard: str
    generation: int
    number: int
    uri: str
    page: int = 0


class Answers:
    """The ledger's answered pictures. Safe to share between threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def record(self, operation: Operation, seen: Iterable[SeenShard], now: datetime) -> None:
        """Note what shards answer; noting the same again changes nothing."""
        with self._ledger.writing() as db:
            asked = sa.select(entries.c.number, entries.c.position)
            result = db.execute(asked.where(entries.c.operation_id == operation.id))
            positions = {row.number: row.position for row in result}
            for shard in seen:
                key = _keep(db, operation, shard, now)
                places = range(shard.first, shard.first + shard.pictures)
                stands = {n: n for n in shard.failed}  # pictures that have no response, too
                stands |= dict(zip(shard.numbers or places, places, strict=False))
                marks = [
                    {
                        "at": positions[number],
                        "new": ERROR if number in shard.failed else GOOD,
                        "key": key,
                        "placed": place,
                    }
                    for number, place in sorted(stands.items())
                    if number in positions
                ]
                if marks:
                    db.execute(_mark(operation.job_id), marks)

    def withdraw(self, job_id: str) -> None:
        """A job's answers stand in for no other's any more: what they were asked has changed."""
        with self._ledger.writing() as db:
            db.execute(sa.update(jobs).where(jobs.c.id == job_id).values(work="", question=""))

    def counted(self, job_id: str) -> dict[tuple[int, int], set[tuple[str, int]]]:
        """A job's shards as they were when they were counted.

        Returns:
            (attempt, part) of an operation -> (address, generation) of each.
        """
        query = sa.select(shards.c.attempt, shards.c.part, shards.c.uri, shards.c.generation)
        shards_of: dict[tuple[int, int], set[tuple[str, int]]] = {}
        with self._ledger.reading() as db:
            for row in db.execute(query.where(shards.c.job_id == job_id)):
                shards_of.setdefault((row.attempt, row.part), set()).add((row.uri, row.generation))
        return shards_of

    def find(
        self,
        work: str,
        contents: Sequence[str],
        owner: Owner = EVERYBODY,
        since: datetime | None = None,
    ) -> dict[str, list[Answer]]:
        """Good answers to the same question about pictures of these contents, newest first.

        Somebody's job uses answers of their own jobs and everybody's: another's may be private.

        Args:
            since: only those that were seen then or later.
        """
        return self._good(contents, owner, since, jobs.c.work == work) if work else {}

    def find_others(
        self,
        question: str,
        work: str,
        contents: Sequence[str],
        owner: Owner = EVERYBODY,
        since: datetime | None = None,
    ) -> dict[str, list[Answer]]:
        """As ``find``, answers that other models gave to the same question."""
        others = sa.and_(jobs.c.question == question, jobs.c.work.not_in(("", work)))
        if not question:
            return {}
        with self._ledger.reading() as db:
            if db.execute(sa.select(jobs.c.id).where(others).limit(1)).first() is None:
                return {}
        return self._good(contents, owner, since, others)

    def _good(
        self,
        contents: Sequence[str],
        owner: Owner,
        since: datetime | None,
        asked: sa.ColumnElement[bool],
    ) -> dict[str, list[Answer]]:
        by_content: dict[str, list[Answer]] = {}
        query = (
            sa.select(
                pictures.c.content,
                pictures.c.uri,
                pictures.c.shard_id,
                pictures.c.number,
                shards.c.uri.label("shard"),
                shards.c.generation,
                shards.c.first,
                shards.c.job_id,
                shards.c.seen_at,
                jobs.c.models,
            )
            .join_from(pictures, jobs, sa.and_(jobs.c.id == pictures.c.job_id, asked))
            .join(shards, shards.c.id == pictures.c.shard_id)
            .where(pictures.c.answer == GOOD, sa.not_(pictures.c.kept))
            .where(owner.may_use, jobs.c.deleted_at.is_(None))
            .where(shards.c.job_id.not_in(DELETED))
            .order_by(shards.c.seen_at.desc(), shards.c.id.desc())
        )
        if since is not None:
            query = query.where(shards.c.seen_at >= since.timestamp())
        with self._ledger.reading() as db:
            for some in chunks(contents):
                for row in db.execute(query.where(pictures.c.content.in_(some))).mappings():
                    try:
                        seen_at = datetime.fromtimestamp(row["seen_at"], UTC)
                    except (ValueError, TypeError, OverflowError, OSError):
                        log.warning("an earlier answer's record cannot be read: %s", row["shard"])
                        continue
                    answer = Answer(**{**row, "seen_at": seen_at})
                    by_content.setdefault(answer.content, []).append(answer)
        return by_content

    def in_flight(self, work: str, contents: Sequence[str]) -> int:
        """How many of these contents unfinished jobs are asking the same about."""
        if not work:
            return 0
        query = (
            sa.select(sa.func.count(sa.distinct(pictures.c.content)))
            .join_from(pictures, jobs, jobs.c.id == pictures.c.job_id)
            .where(jobs.c.work == work, jobs.c.id.in_(UNFINISHED))
            .where(pictures.c.answer == UNANSWERED, pictures.c.fault == "")
        )
        with self._ledger.reading() as db:
            counts = (
                db.execute(query.where(pictures.c.content.in_(some))).scalar_one()
                for some in chunks(contents)
            )
            return sum(counts)

    def unseen(self, work: str, contents: Sequence[str]) -> int:
        """How many of these contents finished jobs have asked the same about without a result.

        The service was done with them and charged for them, or did not know them any more; their
        shards were not seen, or not yet.
        """
        if not work:
            return 0
        done = operations.c.state == OperationState.SUCCEEDED
        lost = sa.and_(operations.c.state == OperationState.FAILED, operations.c.not_found > 0)
        place = sa.and_(
            pictures.c.job_id == operations.c.job_id, pictures.c.position == entries.c.position
        )
        query = (
            sa.select(pictures.c.content)
            .distinct()
            .join_from(operations, jobs, jobs.c.id == operations.c.job_id)
            .join(entries, entries.c.operation_id == operations.c.id)
            .join(pictures, place)
            .where(sa.or_(done, lost), operations.c.pictures_done < operations.c.pictures)
            .where(jobs.c.work == work, sa.not_(jobs.c.id.in_(UNFINISHED)))
            .where(pictures.c.answer == UNANSWERED)
        )
        with self._ledger.reading() as db:
            return len(set(contents).intersection(db.execute(query).scalars()))

    def borrowed(self, job_id: str) -> list[Borrowed]:
        """Pictures of a job that its own operations did not send, and where their answers stand."""
        shard = (shards.c.uri.label("shard"), shards.c.generation)
        mine = pictures.c.job_id == job_id
        reused = (
            sa.select(*shard, pictures.c.number, pictures.c.uri, pictures.c.page)
            .join_from(pictures, shards, shards.c.id == pictures.c.shard_id)
            .where(mine, shards.c.job_id != job_id, pictures.c.uri != "")
            .order_by(pictures.c.position)
        )
        leader = pictures.alias()
        twins = (
            sa.select(*shard, leader.c.number, pictures.c.uri, pictures.c.page)
            .join_from(
                pictures,
                leader,
                sa.and_(leader.c.job_id == job_id, leader.c.position == pictures.c.twin_of),
            )
            .join(shards, shards.c.id == leader.c.shard_id)
            .where(mine, pictures.c.uri != "")
            .order_by(pictures.c.position)
        )
        with self._ledger.reading() as db:
            rows = [*db.execute(reused).mappings(), *db.execute(twins).mappings()]
        return [Borrowed(**row) for row in rows]

    def sources(self, job_id: str) -> dict[str, int]:
        """Earlier jobs (ids) whose answers a job uses, and for how many pictures."""
        query = (
            sa.select(shards.c.job_id, sa.func.count())
            .join_from(pictures, shards, shards.c.id == pictures.c.shard_id)
            .where(pictures.c.job_id == job_id, shards.c.job_id != job_id)
            .group_by(shards.c.job_id)
        )
        with self._ledger.reading() as db:
            return {job: int(count) for job, count in db.execute(query)}

    def kept(self, job_id: str) -> dict[str, int]:
        """Models of kept answers, as they are noted, and of how many pictures; "" if forgotten."""
        models = sa.func.coalesce(jobs.c.models, "")
        query = (
            sa.select(models, sa.func.count())
            .select_from(
                pictures.join(shards, shards.c.id == pictures.c.shard_id).outerjoin(
                    jobs, jobs.c.id == shards.c.job_id
                )
            )
            .where(pictures.c.job_id == job_id, pictures.c.kept)
            .group_by(models)
        )
        with self._ledger.reading() as db:
            return {str(name): int(count) for name, count in db.execute(query)}


def _keep(db: sa.Connection, operation: Operation, shard: SeenShard, now: datetime) -> int:
    """The shard's row, made or brought up to date; returns its key."""
    place = {
        "job_id": operation.job_id,
        "attempt": operation.attempt,
        "part": operation.part,
        "first": shard.first,
    }
    values: dict[str, Any] = {
        "uri": shard.uri,
        "generation": shard.generation,
        "last": shard.first + shard.pictures - 1,
        "seen_at": now.timestamp(),
    }
    there = sa.and_(*(shards.c[name] == value for name, value in place.items()))
    key = db.execute(sa.select(shards.c.id).where(there)).scalar()
    if key is not None:
        same = shards.c.generation == shard.generation
        db.execute(sa.update(shards).where(there, sa.not_(same)).values(**values))
        return int(key)
    made = db.execute(sa.insert(shards).values(**place, **values)).inserted_primary_key
    assert made is not None  # the table has a key of its own
    return int(made[0])


def _mark(job_id: str) -> sa.Update:
    """An error replaces no good answer, unless that one stood in the same shard."""
    better = sa.or_(
        pictures.c.answer != GOOD,
        sa.bindparam("new", type_=sa.Integer) == GOOD,
        pictures.c.shard_id == sa.bindparam("key", type_=sa.Integer),
    )
    return (
        sa.update(pictures)
        .where(pictures.c.job_id == job_id, pictures.c.position == sa.bindparam("at"), better)
        .values(
            answer=sa.bindparam("new", type_=sa.Integer),
            shard_id=sa.bindparam("key", type_=sa.Integer),
            number=sa.bindparam("placed", type_=sa.Integer),
            kept=False,
        )
    )
