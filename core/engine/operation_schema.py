"""The tables of ``operation_store``."""

from __future__ import annotations

import sqlite3

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


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an older engine up to date."""
    # A journal that loses its last lines in a power cut only costs annotating them again;
    # `create` and `finish` ask for more (see OperationStore._transaction).
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.executescript(_SCHEMA)
    _add(db, "operations", "response")  # made before there were files
    _add(db, "journal", "vector")  # made before there were vectors


def _add(db: sqlite3.Connection, table: str, column: str) -> None:
    if column not in {row[1] for row in db.execute(f"PRAGMA table_info({table})")}:
        db.execute(f"ALTER TABLE {table} ADD COLUMN {column} BLOB")
