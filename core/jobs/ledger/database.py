"""The ledger's database: how it is opened, made, brought up to date, and used."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.errors import LedgerError
from core.jobs.ledger.places import address, own_paths
from core.jobs.ledger.schema import VERSION, meta, pictures, tables

BUSY_SECONDS = 30  # how long one writer waits for another
READING = "contact_sheet_reading"  # execution option of connections that only read
OWN_PATHS_SINCE = 5  # version of the ledger
PAGE_RANGES_SINCE = 8
_UPGRADE_LOCK = 7_306_451  # any number that no other program takes for its own


class LedgerDatabase:
    """A ledger's database. Safe to share between threads, and between processes by its URL.

    Args:
        home: the dashboard's own folder; files below it are noted by their place in it, so that
            they are found again when it has moved.

    Raises:
        LedgerError: everywhere, if the database cannot do it.
    """

    def __init__(self, url: str, home: Path | None = None) -> None:
        self.home = (home or Path()).absolute()
        self.where = address.shown(url)
        self._secrets = address.secrets(url)
        with self._translated():
            self._engine = open_engine(url, self.home)
            self._reader = _reader(self._engine)

    def noted(self, path: str) -> str:
        """A file's place as it is kept: in our own home by its place there, else absolute."""
        return own_paths.noted(path, self.home)

    def absolute(self, noted: str) -> str:
        """A kept place as an absolute path."""
        return str(self.home / noted) if noted else ""

    def close(self) -> None:
        """Close the database connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that only reads; all its statements see the same moment."""
        with self._translated(), self._reader.connect() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction; an exception undoes it."""
        with self._translated(), self._engine.begin() as db:
            yield db

    def check_writable(self) -> None:
        """Write nothing, as something would be written.

        Raises:
            LedgerError: the database is away, read-only, or held by somebody for too long.
        """
        with self.writing() as db:
            db.execute(sa.update(meta).where(sa.false()).values(version=meta.c.version))

    def lock(self, db: sa.Connection) -> None:
        """Let no other transaction that does the same pass until this one ends.

        SQLite's writers exclude each other anyway.
        """
        db.execute(sa.select(meta.c.version).with_for_update())

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
            said = " ".join(str(getattr(error, "orig", None) or error).split())
            said = address.blotted(said, self._secrets)[:200]
            raise LedgerError(
                "The job ledger cannot be used",
                where=self.where,
                then=f"Check the file or database, its rights and its disk. It said: {said}",
            ) from error


def open_engine(url: str, home: Path) -> sa.Engine:
    """Open the database, make its tables if they are missing, and add what an older one lacks.

    Raises:
        LedgerError: the tables are of a later version of this program.
        sqlalchemy.exc.SQLAlchemyError, OSError: it cannot be opened.
    """
    try:
        url.encode()
        parsed = sa.make_url(url)
    except ValueError as error:  # not only its own errors: a port that is no number
        raise sa.exc.ArgumentError(f"This is not a database's URL: {error}") from error
    sqlite = parsed.get_backend_name() == "sqlite"
    if sqlite and parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}} if sqlite else {}
    engine = sa.create_engine(parsed, pool_pre_ping=not sqlite, **options)
    if sqlite:
        sa.event.listen(engine, "connect", _sqlite_opened)
        sa.event.listen(engine, "begin", _sqlite_begin)
    with engine.begin() as db:
        if parsed.get_backend_name() == "postgresql":
            # Two dashboards may start at once; SQLite's transactions exclude each other anyway.
            db.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        _bring_up_to_date(db, str(parsed.database), home)
    return engine


def _reader(engine: sa.Engine) -> sa.Engine:
    """The same database for transactions that only read."""
    # Elsewhere that is how it is. PostgreSQL would let each statement see what was written since:
    # a job as it was, with the operations of its next attempt.
    postgres = engine.dialect.name == "postgresql"
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ"} if postgres else {}
    return engine.execution_options(**{READING: True}, **options)


def _bring_up_to_date(db: sa.Connection, where: str, home: Path) -> None:
    tables.create_all(db)
    versions = db.execute(sa.select(meta.c.version)).scalars().all()
    if not all(type(version) is int for version in versions):
        raise LedgerError(
            f"The ledger's version is {versions!r}"[:200],
            where=where,
            then="It is damaged, or no ledger: restore a copy, or use a new file.",
        )
    newest = max(versions, default=VERSION)
    if newest > VERSION:
        raise LedgerError(
            f"The ledger is of version {newest}; this program writes {VERSION}",
            where=where,
            then="Start the version that wrote it, or set CONTACT_SHEET_LEDGER_URL to a new file.",
        )
    if newest < VERSION:
        _add_missing(db)
        if newest < OWN_PATHS_SINCE:
            own_paths.make_relative(db, home)
        if newest < PAGE_RANGES_SINCE:  # files were sent whole
            whole = {"nth": pictures.c.page, "place": pictures.c.page, "stored": pictures.c.pages}
            db.execute(sa.update(pictures).where(pictures.c.page > 0).values(**whole))
        db.execute(sa.delete(meta))
    if list(versions) != [VERSION]:
        db.execute(sa.insert(meta).values(version=VERSION))


def _add_missing(db: sa.Connection) -> None:
    """Columns and indexes that tables of an older version lack; rows get the columns' defaults."""
    there = sa.inspect(db)
    write = db.dialect.identifier_preparer.format_table
    for table in tables.sorted_tables:
        known = {column["name"] for column in there.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                described = sa.schema.CreateColumn(column).compile(dialect=db.dialect)
                db.exec_driver_sql(f"ALTER TABLE {write(table)} ADD COLUMN {described}")
        existing = {index["name"] for index in there.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in existing:
                index.create(db)


def _sqlite_opened(connection: Any, _record: Any) -> None:
    # Bytes that are no text must not keep all rows around them from being read.
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    connection.isolation_level = None  # we begin transactions ourselves, below
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")  # a power cut must not forget a submission


def _use_wal(connection: Any) -> None:
    """Readers do not wait for a writer. The change alone does not wait for anybody either."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def _sqlite_begin(db: sa.Connection) -> None:
    # Taking the write lock at once makes a second writer wait; taking it later makes it fail.
    reading = db.get_execution_options().get(READING, False)
    db.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
