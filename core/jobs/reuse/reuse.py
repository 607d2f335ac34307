"""Nothing is annotated twice: which pictures of a batch need not be sent, and what that saves.

A picture is not sent if an earlier job asked the same about the same bytes, was seen to get an
answer, and the shard with that answer is still as it was. Of pictures with the same bytes within
one batch the first is sent and its answer stands for all: the service could only say the same
again, and would charge for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from core.buckets import UPLOAD_THREADS, Buckets
from core.errors import BadObjectName, BucketDenied, BucketNotFound
from core.jobs.batch.content_hash import page_content
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import Picture, still
from core.jobs.billing.prices import Cost, PriceTable
from core.jobs.ledger.access import Owner
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job
from core.jobs.ledger.rows import PictureRow
from core.jobs.reuse.answers import Answer, Answers, Borrowed
from core.jobs.sending.planning import files_to_send, picture_rows
from core.jobs.service.answer_key import asked_values, changing, other_models, work_of
from core.jobs.service.connection import Connection, with_file_features
from core.pictures.page_cut import CUTTABLE


class _InShard(Protocol):
    @property
    def shard(self) -> str: ...
    @property
    def generation(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch's pictures, each to be sent or not.

    Attributes:
        rows: as they are written down; those with a ``shard_id`` or ``twin_of`` are not sent.
        asked: what is asked of them, see ``asked_values``.
        reused: pictures that earlier jobs have answered.
        twins: pictures that are the same as another one of the batch.
        gone: pictures answered earlier whose shards are gone or changed: they are sent again.
        in_flight: pictures that other jobs are asking the same about now; sent all the same.
        unseen: pictures that finished jobs have asked the same about and whose results were not
            seen, or not yet; sent all the same.
        jobs: ids of the earlier jobs.
        since, until: when the answers used again were seen; None without any.
        others: names of models other than would answer now, and of how many pictures and of how
            many pages one of them gave the only answer that can be used. They are sent again.
        kept: pictures and pages of those whose answers are used all the same, since the user wants
            it; counted in ``reused``.
        changing: titles of features whose answers are never used again.
        whole, cost: what the whole batch would cost, and what it costs.
    """

    rows: tuple[PictureRow, ...]
    asked: Mapping[str, str]
    reused: int
    twins: int
    gone: int
    in_flight: int
    unseen: int
    jobs: tuple[str, ...]
    since: datetime | None
    until: datetime | None
    others: Mapping[str, tuple[int, int]]
    kept: int
    changing: tuple[str, ...]
    whole: Cost
    cost: Cost

    @property
    def sent_rows(self) -> list[PictureRow]:
        """The pictures and pages that are sent."""
        return [row for row in self.rows if _is_sent(row)]

    @property
    def to_send(self) -> list[int]:
        """Positions of the pictures, and of pages of files, that are sent."""
        return [row.position for row in self.sent_rows]

    @property
    def pictures_to_send(self) -> list[int]:
        """Positions of the pictures that are sent, without pages of files."""
        return [row.position for row in self.sent_rows if not row.page]

    @property
    def files_to_send(self) -> list[int]:
        """Of each piece of a file that is sent its number of pages."""
        return [len(positions) for positions, _ in files_to_send(self.sent_rows)]

    @property
    def pages(self) -> int:
        """How many of the rows are pages of files."""
        return sum(1 for row in self.rows if row.page)

    @property
    def saved(self) -> int:
        """Pictures that are not sent."""
        return self.reused + self.twins

    @property
    def saved_units(self) -> int:
        """Units that are not spent."""
        return self.whole.units - self.cost.units

    @property
    def saved_usd(self) -> float:
        """What they would cost by the price list."""
        return self.whole.usd - self.cost.usd


class Reuse:
    """One visitor's: no answers of other people's jobs are used. Safe to share between threads.

    Args:
        prices: gives the price list to use now.
        used: gives the units of each feature that this month's bill has already.
        get: gives a job of an id; raises ``RequestError`` if it is hidden from the visitor.
    """

    def __init__(
        self,
        ledger: Ledger,
        connect: Callable[[], Connection],
        prices: Callable[[], PriceTable],
        used: Callable[[], Mapping[str, int]],
        owner: Owner,
        get: Callable[[str], Job],
    ) -> None:
        self._connect = connect
        self._prices = prices
        self._used = used
        self._owner = owner
        self._get = get
        self._answers = Answers(ledger)

    def plan(
        self,
        pictures: Sequence[Picture],
        request: BatchRequest,
        *,
        resend: bool = False,
        since: datetime | None = None,
        keep: bool = False,
    ) -> Plan:
        """Decide for every picture whether it is sent; nothing is written.

        Args:
            resend, since: send all again that was answered, or what was answered before that.
            keep: use the answers of other models where there is none of the one that would answer.

        Raises:
            BucketUnavailable: it cannot be seen whether earlier shards are still there.
            EngineError, BackendError, SettingsError: no backend, or no prices.
        """
        connection = self._connect()
        request = with_file_features(request, connection.capabilities)
        asked = asked_values(request, connection.id, connection.capabilities)
        rows = _sendable_rows(pictures, asked["work"])
        leaders = [row.content for row in rows if row.content and row.twin_of is None]
        earlier = {} if resend else self._answers.find(asked["work"], leaders, self._owner, since)
        available = _there(connection.buckets, earlier)
        others = {} if resend else self._of_others(connection, asked, leaders, available, since)
        answers = _of_whole_files(rows, {**others, **available} if keep else available)
        reused = list(_answered(rows, answers, others))
        used = [answers[row.content] for row in reused if row.shard_id is not None]
        prices, spent = self._prices(), self._used()
        unknown = [content for content in leaders if content not in answers]
        return Plan(
            rows=tuple(reused),
            asked=asked,
            reused=len(used),
            twins=sum(row.twin_of is not None for row in rows),
            gone=len(earlier) - len(available),
            in_flight=self._answers.in_flight(asked["work"], unknown),
            unseen=self._answers.unseen(asked["work"], unknown),
            jobs=tuple(dict.fromkeys(answer.job_id for answer in used)),
            since=min((answer.seen_at for answer in used), default=None),
            until=max((answer.seen_at for answer in used), default=None),
            others=_named(rows, others, asked["models"]),
            kept=sum(row.kept for row in reused),
            changing=changing(request, connection.capabilities),
            whole=_cost(prices, request, rows, spent),
            cost=_cost(prices, request, [r for r in reused if _is_sent(r)], spent),
        )

    def _of_others(
        self,
        connection: Connection,
        asked: Mapping[str, str],
        contents: Sequence[str],
        known: Container[str],
        since: datetime | None,
    ) -> dict[str, Answer]:
        """What other models answered of contents that have no answer yet, as far as it is there."""
        left = [content for content in contents if content not in known]
        question, work = asked["question"], asked["work"]
        return _there(
            connection.buckets,
            self._answers.find_others(question, work, left, self._owner, since),
        )

    def answer(self, picture: Picture, request: BatchRequest, page: int = 0) -> Answer | None:
        """The newest earlier answer to the same question about one picture; None if there is none.

        Args:
            page: from 1, of a file; 0 of a picture.

        Raises:
            BucketUnavailable: it cannot be seen whether earlier shards are still there.
        """
        connection = self._connect()
        work = work_of(request, connection.id, connection.capabilities)
        if not (work and picture.content):
            return None
        content = page_content(picture.content, page) if page else picture.content
        known = self._answers.find(work, [content], self._owner)
        return _there(connection.buckets, known).get(content)

    def borrowed(self, job_id: str) -> list[Borrowed]:
        """Pictures of a job that its own operations did not send, and where their answers are."""
        return self._answers.borrowed(self._get(job_id).id)

    def sources(self, job_id: str) -> dict[str, int]:
        """Earlier jobs (ids) whose answers a job uses, and for how many pictures."""
        return self._answers.sources(self._get(job_id).id)

    def kept(self, job_id: str) -> dict[str, int]:
        """Names of other models whose answers a job keeps, and for how many pictures."""
        job = self._get(job_id)
        named: Counter[str] = Counter()
        for models, count in self._answers.kept(job.id).items():
            named[other_models(models, job.models)] += count
        return dict(named)

    def gone(self, job_id: str) -> list[tuple[str, int]]:
        """(address, page) of a job's pictures whose earlier answers are gone or changed meanwhile.

        Raises:
            BucketError: it cannot be looked.
        """
        borrowed = self._answers.borrowed(self._get(job_id).id)
        there = _shards(self._connect().buckets, borrowed)
        return [(b.uri, b.page) for b in borrowed if (b.shard, b.generation) not in there]


def _sendable_rows(pictures: Sequence[Picture], work: str) -> list[PictureRow]:
    """A row for each picture or page; duplicates point to the first one if ``work`` is not ""."""
    rows = list(picture_rows([still(picture) for picture in pictures]))
    return list(_with_twins(rows)) if work else rows


def _is_sent(row: PictureRow) -> bool:
    return row.shard_id is None and row.twin_of is None


def _cost(
    prices: PriceTable, request: BatchRequest, rows: Sequence[PictureRow], used: Mapping[str, int]
) -> Cost:
    pages = sum(1 for row in rows if row.page)
    files = request.file_features
    return prices.cost(request.features, len(rows) - pages, used, file_features=files, pages=pages)


def plan_values(plan: Plan) -> dict[str, Any]:
    """What a job's row says of its plan."""
    return {
        **plan.asked,
        "pictures": len(plan.rows),
        "pages": plan.pages,
        "uploads": sum(1 for row in plan.rows if row.path and row.nth <= 1),
        "reused": plan.reused,
        "twins": plan.twins,
        "saved_usd": plan.saved_usd,
    }


def _with_twins(rows: Sequence[PictureRow]) -> Iterator[PictureRow]:
    """Each picture that shows the same as an earlier one points to the first of them."""
    first: dict[str, int] = {}
    for row in rows:
        leader = first.setdefault(row.content, row.position) if row.content else row.position
        yield row if leader == row.position else replace(row, twin_of=leader)


def _named(
    rows: Sequence[PictureRow], others: Mapping[str, Answer], now: str
) -> dict[str, tuple[int, int]]:
    """Names of other models -> of how many pictures, and of how many pages, they answered."""
    named: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.twin_of is None and (answer := others.get(row.content)) is not None:
            name = other_models(answer.models, now)
            pictures, pages = named.get(name, (0, 0))
            named[name] = (pictures, pages + 1) if row.page else (pictures + 1, pages)
    return named


def _answered(
    rows: Sequence[PictureRow], answers: Mapping[str, Answer], others: Container[str]
) -> Iterator[PictureRow]:
    """Rows whose content has an answer are not sent, and a file of which nothing is sent is not
    uploaded either: its earlier copy stands in for it. Other rows, and those that only point to
    another, stay as they are.
    """
    copies = _earlier_copies(rows, answers)
    for row in rows:
        answer = answers.get(row.content) if row.twin_of is None else None
        if answer is None:
            yield row
            continue
        known = replace(
            row, shard_id=answer.shard_id, number=answer.number, kept=row.content in others
        )
        copy = copies.get(row.file_positions.start, "")
        stands_in = bool(row.path and copy)
        yield replace(known, uri=copy, path="", origin=row.path) if stands_in else known


def _earlier_copies(rows: Sequence[PictureRow], answers: Mapping[str, Answer]) -> dict[int, str]:
    """First position of a file -> address of the one earlier copy that has all its answers."""
    copies: dict[int, set[str]] = {}
    for row in rows:
        answer = answers.get(row.content) if row.twin_of is None else None
        uri = answer.uri if answer is not None else ""
        copies.setdefault(row.file_positions.start, set()).add(uri)
    return {first: next(iter(uris)) for first, uris in copies.items() if len(uris) == 1}


def _of_whole_files(rows: Sequence[PictureRow], answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Answers without those of files that can only be sent whole and of which a page has none."""
    whole = dict(answers)
    for row in rows:
        if row.nth != 1 or row.twin_of is not None or row.file_type in CUTTABLE:
            continue
        pages = [r.content for r in rows[row.position - 1 : row.position - 1 + row.pages]]
        if not all(content in answers for content in pages):
            for content in pages:
                whole.pop(content, None)
    return whole


def _there(buckets: Buckets, known: Mapping[str, Sequence[Answer]]) -> dict[str, Answer]:
    """Of each content's answers the newest whose shard is as it was when it was seen."""
    shards = _shards(buckets, (answer for answers in known.values() for answer in answers))
    present = {}
    for content, answers in known.items():
        good = (answer for answer in answers if (answer.shard, answer.generation) in shards)
        if (answer := next(good, None)) is not None:
            present[content] = answer
    return present


def _shards(buckets: Buckets, wanted: Iterable[_InShard]) -> set[tuple[str, int]]:
    """(address, generation) of what lies in the folders of some shards now."""
    folders = {one.shard.rpartition("/")[0] + "/" for one in wanted}

    def listed(folder: str) -> list[tuple[str, int]]:
        try:
            return [(info.uri, info.generation) for info in buckets.list_objects(folder)]
        except (BucketNotFound, BucketDenied, BadObjectName):
            return []  # as good as gone

    with ThreadPoolExecutor(UPLOAD_THREADS, thread_name_prefix="reuse") as pool:
        return {shard for shards in pool.map(listed, sorted(folders)) for shard in shards}
