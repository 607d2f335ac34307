"""Copies of some pages of a file that we made: which pages of which document they hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from core.jobs.batch.page_range import from_text, to_text
from core.jobs.ledger.database import LedgerDatabase
from core.jobs.ledger.rows import chunks
from core.jobs.ledger.schema import cuts, operations


@dataclass(frozen=True, slots=True)
class Cut:
    """A copy of some pages.

    Attributes:
        document: address under which its pages are shown; its own if only these were uploaded.
        pages: their numbers in the file as the user has it: page N of the copy is number N of them.
    """

    document: str
    pages: tuple[int, ...]


class Cuts:
    """The ledger's cuts. Safe to share between threads."""

    def __init__(self, ledger: LedgerDatabase) -> None:
        self._ledger = ledger

    def note(self, uri: str, cut: Cut, operation_id: int | None = None) -> None:
        """Keep a copy, before it is written; noting it again changes nothing.

        Args:
            uri: its address.
            operation_id: of the operation that sends it.
        """
        with self._ledger.writing() as db:
            self._ledger.lock(db)
            if db.execute(sa.select(cuts.c.uri).where(cuts.c.uri == uri)).first() is None:
                values = {"uri": uri, "document": cut.document, "pages": to_text(cut.pages)}
                db.execute(sa.insert(cuts).values(**values))
            if operation_id is not None:
                mine = operations.c.id == operation_id
                db.execute(sa.update(operations).where(mine).values(cut=uri))

    def find(self, uris: Iterable[str]) -> dict[str, Cut]:
        """Those of some addresses that are cuts."""
        query = sa.select(cuts)
        by_uri: dict[str, Cut] = {}
        with self._ledger.reading() as db:
            for some in chunks(list(uris)):
                for row in db.execute(query.where(cuts.c.uri.in_(some))):
                    by_uri[row.uri] = Cut(row.document, from_text(row.pages))
        return by_uri

    def numbers(self, uri: str) -> tuple[int, ...]:
        """Page numbers of what an address shows; () where they are the object's own."""
        cut = self.find([uri]).get(uri)
        return cut.pages if cut is not None and cut.document == uri else ()
