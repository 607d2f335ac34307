"""Saved views: a name for what a page shows, kept in the ledger as the page's URL parameters.

Those of Submit are presets: what a batch asks for, see ``core.jobs.batch.presets``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa

from core.errors import RequestError
from core.foreign_text import visible
from core.jobs.ledger.access import ALONE, Visitor
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.schema import views

PRESETS = "submit"
PAGES = ("explore", "compare", "report", PRESETS)
MOST_NAME = 80  # characters
MOST_QUERY = 8_000  # of a URL; servers and browsers take about this much
MOST_VIEWS = 500  # of one person


@dataclass(frozen=True, slots=True)
class View:
    """One saved view.

    Attributes:
        name: for people; may be hostile text.
        page: one of ``PAGES``.
        params: the page's URL parameters, as they were.
    """

    id: int
    name: str
    page: str
    params: Mapping[str, str]


class Views:
    """Everybody's own views; a link shows one to others, who see in it what they may see anyway.

    Every method raises ``LedgerError`` if the database cannot do it, and those that change
    something ``NotAllowed`` in the demo.
    """

    def __init__(self, ledger: Ledger, visitor: Visitor = ALONE) -> None:
        self._ledger = ledger
        self._visitor = visitor
        self._mine = views.c.owner == visitor.subject

    def seen_by(self, visitor: Visitor) -> Views:
        """The same for another visitor."""
        return Views(self._ledger, visitor)

    @property
    def writable(self) -> bool:
        """Whether the visitor may save views."""
        return not self._visitor.read_only

    def list(self, *, presets: bool = False) -> list[View]:
        """All, by name; views of results, or presets of requests."""
        columns = (views.c.id, views.c.name, views.c.page, views.c.query)
        with self._ledger.reading() as db:
            rows = db.execute(sa.select(*columns).where(self._mine)).all()
        saved = [
            View(id, str(name), page, dict(parse_qsl(str(query))))
            for id, name, page, query in rows
            if page in PAGES and (page == PRESETS) is presets  # else of a later version
        ]
        return sorted(saved, key=lambda view: (view.name.casefold(), view.name))

    def save(self, name: str, page: str, params: Mapping[str, str]) -> None:
        """Keep a view.

        Raises:
            RequestError: the name is empty, too long or taken, or there is too much to keep.
        """
        name = self._usable(name)
        query = urlencode(dict(params), errors="replace")
        if page not in PAGES or len(query) > MOST_QUERY:
            raise RequestError("This view cannot be saved", where=page, then="Use fewer filters.")
        with self._ledger.writing() as db:
            count = sa.select(sa.func.count()).select_from(views).where(self._mine)
            if db.execute(count).scalar_one() >= MOST_VIEWS:
                raise RequestError(
                    f"There are {MOST_VIEWS} saved views", then="Delete one that is not needed."
                )
            self._check_free(db, name)
            owner = self._visitor.subject
            db.execute(sa.insert(views).values(owner=owner, name=name, page=page, query=query))

    def rename(self, view_id: int, name: str) -> None:
        """Give a view another name; nothing happens if it is gone. Raises as ``save``."""
        name = self._usable(name)
        with self._ledger.writing() as db:
            self._check_free(db, name, view_id)
            db.execute(sa.update(views).where(self._mine, views.c.id == view_id).values(name=name))

    def delete(self, view_id: int) -> None:
        """Forget a view; nothing happens if it is gone."""
        self._visitor.check_write()
        with self._ledger.writing() as db:
            db.execute(sa.delete(views).where(self._mine, views.c.id == view_id))

    def _usable(self, name: str) -> str:
        self._visitor.check_write()
        usable = " ".join(visible(name).split())
        if not 1 <= len(usable) <= MOST_NAME:
            raise RequestError(
                "A view needs a name", where=usable[:40], then=f"Use 1 to {MOST_NAME} characters."
            )
        return usable

    def _check_free(self, db: sa.Connection, name: str, but: int = 0) -> None:
        self._ledger.lock(db)  # two who save the same name at once
        taken = sa.select(views.c.id).where(self._mine, views.c.name == name, views.c.id != but)
        if db.execute(taken).first() is not None:
            raise RequestError(
                "There is a view of this name", where=name, then="Choose another name."
            )
