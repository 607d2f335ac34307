"""Files of the dashboard's own folder, noted by their place in it: HOME may move.

In the ledger a path that is not absolute is below HOME. Folders that the user has chosen elsewhere
stay absolute.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath

import sqlalchemy as sa

from core.jobs.ledger.schema import pictures

_SPOOL = "uploads"  # HOME/uploads/DRAFT/FILE
_SAMPLES = "samples"


def noted(path: str, home: Path) -> str:
    """A path as the ledger keeps it; "" stays so."""
    if path and (place := PurePath(path)).is_relative_to(home):
        return place.relative_to(home).as_posix()
    return path


def make_relative(db: sa.Connection, home: Path) -> None:
    """Rows of a ledger that kept every path absolute; its home may have moved since.

    A spooled file lies in HOME/uploads/DRAFT, so its own path tells what HOME was. Files of
    HOME/samples are recognised by that.
    """
    columns = (pictures.c.job_id, pictures.c.position, pictures.c.spooled)
    for name in ("path", "origin"):
        column = pictures.c[name]
        query = sa.select(*columns, column.label("file")).where(column.startswith("/"))
        rows = db.execute(query).all()
        spooled = [row.file for row in rows if row.spooled]
        homes = {home, *_homes(spooled)}
        changed = [
            {"job": row.job_id, "at": row.position, "to": place}
            for row in rows
            if (place := _place(row.file, homes)) != row.file
        ]
        if changed:
            mine = (
                pictures.c.job_id == sa.bindparam("job"),
                pictures.c.position == sa.bindparam("at"),
            )
            db.execute(sa.update(pictures).where(*mine).values({name: sa.bindparam("to")}), changed)


def _homes(spooled: list[str]) -> Iterator[Path]:
    for file in spooled:
        parents = Path(file).parents
        if len(parents) > 2 and parents[1].name == _SPOOL:
            yield parents[2]


def _place(file: str, homes: set[Path]) -> str:
    for home in homes:
        place = noted(file, home)
        if place != file and place.split("/")[0] in (_SPOOL, _SAMPLES):
            return place
    return file
