"""The tables of ``OperationStore``: made, checked when opened, and set aside if damaged."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from core.errors import JournalDamaged

_SCHEMA = """
CREATE TABLE IF NOT EXISTS operations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    output_uri TEXT NOT NULL,
    batch_size INTEGER NOT NULL,
    pictures INTEGER NOT NULL,
    request BLOB,
    response BLOB,
    version BLOB,
    error_code INTEGER NOT NULL DEFAULT 0,
    error_message TEXT NOT NULL DEFAULT '',
    cancel INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS journal (
    operation TEXT NOT NULL,
    position INTEGER NOT NULL,
    response TEXT NOT NULL,
    vector BLOB,
    UNIQUE (operation, position)
);
CREATE TABLE IF NOT EXISTS shards (
    operation TEXT NOT NULL,
    first INTEGER NOT NULL,
    PRIMARY KEY (operation, first)
) WITHOUT ROWID;
"""


# Rows of ours are of these kinds; a state is one of ``operation_records.State``.
_ODD = """
SELECT name FROM operations WHERE typeof(name) != 'text' OR typeof(output_uri) != 'text'
  OR state NOT IN (1, 2, 3, 4) OR typeof(state) != 'integer'
  OR typeof(batch_size) != 'integer' OR batch_size < 1 OR typeof(pictures) != 'integer'
  OR typeof(created) NOT IN ('real', 'integer') OR typeof(updated) NOT IN ('real', 'integer')
  OR typeof(error_code) != 'integer' OR typeof(error_message) != 'text'
  OR (state IN (1, 2) AND typeof(request) != 'blob')
LIMIT 1
"""
_TAILS = ("", "-wal", "-shm")


def opened(path: Path) -> sqlite3.Connection:
    """The journal, with all its tables; made when it is not there.

    Raises:
        JournalDamaged: it cannot be read, or not be trusted.
        sqlite3.OperationalError: it is locked, or its disk is full.
    """
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    db.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        return _checked(db, path, prepare)
    except BaseException:
        db.close()
        raise


def check(path: Path) -> None:
    """Look at a journal that an engine may have open; raises as ``opened``."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        _checked(db, path)


def _checked(
    db: sqlite3.Connection,
    path: Path,
    before: Callable[[sqlite3.Connection], None] = lambda _: None,
) -> sqlite3.Connection:
    try:
        before(db)
        (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if said == "ok" and (odd := db.execute(_ODD).fetchone()) is not None:
            said = f"the record of operation {str(odd[0])[:80]!r} is none of ours"
    except sqlite3.OperationalError:
        raise  # locked, or no room: not damaged
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        said = str(error)
    if said == "ok":
        return db
    raise JournalDamaged(
        "The engine's journal of operations is damaged",
        where=str(path),
        then="Set it aside: stop the dashboard, run `python -m core.engine --set-aside`, start it "
        "again. Shards that are written stay; retry what is missing on the Operations page. "
        f"SQLite said: {' '.join(said.split())[:100]}",
    )


def set_aside(path: Path) -> Path | None:
    """Rename a journal that is damaged, so that the next engine begins a new one.

    Returns:
        Its new place; None, and nothing is done, if there is none or it is in order.
    """
    if not path.exists():
        return None
    try:
        opened(path).close()
        return None
    except JournalDamaged:
        pass
    aside = f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    for tail in _TAILS:
        if (file := path.with_name(path.name + tail)).exists():
            file.rename(path.with_name(aside + tail))
    return path.with_name(aside)


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an older engine up to date."""
    # A journal that loses its last lines in a power cut only costs annotating them again;
    # `create` and `finish` ask for more (see OperationStore._transaction).
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.executescript(_SCHEMA)
    _add(db, "operations", "response")  # made before there were files
    _add(db, "operations", "version")  # made when there was v1 alone
    _add(db, "journal", "vector")  # made before there were vectors


def _add(db: sqlite3.Connection, table: str, column: str) -> None:
    if column not in {row[1] for row in db.execute(f"PRAGMA table_info({table})")}:
        db.execute(f"ALTER TABLE {table} ADD COLUMN {column} BLOB")
