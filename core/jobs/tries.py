"""Trying the chosen features on one picture: an earlier answer if there is one, else a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import LocalPicture, Picture, still
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.ledger import Ledger
from core.jobs.reuse.answers import Answers, SeenShard
from core.jobs.reuse.reuse import Reuse
from core.jobs.sending.try_once import TryOnce
from core.jobs.service.answer_key import still_answers, work_of
from core.jobs.service.connection import Connection, with_file_features
from core.jobs.visitors.send_rights import SendRights


@dataclass(frozen=True, slots=True)
class Tried:
    """Where an answer stands.

    Attributes:
        uri, page: of the picture as it was asked about; the address is "" of a file that went with
            the request.
        shard, entry: the shard's address, and the answer's place in it, from 0.
        seconds: that the call took; 0 for an earlier answer.
        units: that it took.
        reusable: a batch that asks the same will use it.
    """

    uri: str
    page: int
    shard: str
    entry: int
    seconds: float
    units: int
    reusable: bool


class Tries:
    """Safe to share between threads."""

    def __init__(
        self,
        once: TryOnce,
        connect: Callable[[], Connection],
        reuse: Reuse,
        ledger: Ledger,
        visitor: Visitor,
        rights: SendRights,
    ) -> None:
        self._connect = connect
        self._reuse = reuse
        self._answers = Answers(ledger)
        self._once = once
        self._visitor = visitor
        self._rights = rights

    def ask(self, picture: Picture, request: BatchRequest, page: int = 0) -> Tried:
        """The answer about one picture, or one page of a file. It blocks until it is there.

        Raises as ``TryOnce.ask``, and

            NotAllowed: it is the demo, or the file may not be read.
            ObjectNotFound: the picture belongs to a job that is hidden.
        """
        self._rights.check_picture(picture)
        connection = self._connect()
        request = with_file_features(request, connection.capabilities)
        page = max(1, page) if picture.pages else 0
        picture = still(picture)
        if (earlier := self._earlier(picture, request, page)) is not None:
            return earlier
        work = work_of(request, connection.id, connection.capabilities)
        owner = self._visitor.owner
        asked = self._once.ask(connection, picture, request, owner, page)
        connection = self._connect()
        if not still_answers(work, request, connection.id, connection.capabilities):
            self._answers.withdraw(asked.job_id)
            work = ""
        seen = SeenShard(
            asked.shard, asked.generation, 1, 1, frozenset({1}) if asked.failed else frozenset()
        )
        self._once.note(asked, lambda operation, now: self._answers.record(operation, [seen], now))
        units = len(request.asked_of(paged=bool(page)))
        reusable = bool(work and picture.content and not asked.failed)
        return Tried(asked.uri, page, asked.shard, 0, asked.seconds, units, reusable)

    def _earlier(self, picture: Picture, request: BatchRequest, page: int) -> Tried | None:
        answer = self._reuse.answer(picture, request, page)
        if answer is None:
            return None
        uri = answer.uri if isinstance(picture, LocalPicture) else picture.uri
        return Tried(uri, page, answer.shard, answer.place, 0.0, 0, reusable=True)
