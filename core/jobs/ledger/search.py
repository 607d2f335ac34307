"""Which jobs a list shows: by words of their names, and by how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from core.jobs.ledger.ledger import UNFINISHED
from core.jobs.ledger.records import OperationState
from core.jobs.ledger.schema import jobs, operations

MOST_WORDS = 8


class Show(StrEnum):
    """What may be asked for."""

    ALL = "all"
    ACTIVE = "active"
    FINISHED = "finished"
    FAILED = "failed"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Search:
    """A choice of jobs.

    Attributes:
        text: words that all stand in the title, the source or the id, in any case.
        show: ``ALL`` and the others leave out archived jobs.
    """

    text: str = ""
    show: Show | None = None

    @property
    def where(self) -> sa.ColumnElement[bool]:
        """As a condition on the ledger's jobs; without ``show`` archived ones are among them."""
        fields = (jobs.c.title, jobs.c.source, jobs.c.id)
        words = [
            sa.or_(*(field.icontains(word, autoescape=True) for field in fields))
            for word in self.text.split()[:MOST_WORDS]
        ]
        return sa.and_(sa.true(), *words, *_shown(self.show))


ALL = Search()


def _shown(show: Show | None) -> list[sa.ColumnElement[bool]]:
    if show is None:
        return []
    if show is Show.ARCHIVED:
        return [jobs.c.archived]
    active = jobs.c.id.in_(UNFINISHED)
    # An operation that was retried with success still has its errors: such a job is shown as well.
    bad = sa.or_(
        operations.c.errors > 0,
        operations.c.state == OperationState.FAILED,
        sa.and_(
            operations.c.state == OperationState.SUCCEEDED,
            operations.c.owed_until.is_(None),
            operations.c.pictures_done < operations.c.pictures,
        ),
    )
    failed = sa.or_(jobs.c.lost > 0, jobs.c.id.in_(sa.select(operations.c.job_id).where(bad)))
    kinds = {Show.ACTIVE: active, Show.FINISHED: sa.not_(active), Show.FAILED: failed}
    return [sa.not_(jobs.c.archived), *([kinds[show]] if show in kinds else [])]
