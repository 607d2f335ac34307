"""The ledger's tables, and how its database is opened."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from core.errors import LedgerError

VERSION = 1
BUSY_SECONDS = 30  # how long one writer waits for another
READING = "contact_sheet_reading"  # execution option of connections that only read

_tables = sa.MetaData()
_ID = sa.String(40)
_URI = sa.String(1_200)  # gs://, a bucket's name of up to 222 and an object's of up to 1,024 bytes

meta = sa.Table(
    "contact_sheet",
    _tables,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
)

jobs = sa.Table(
    "jobs",
    _tables,
    sa.Column("id", _ID, primary_key=True),
    # The one place that decides whether a draft was sent before.
    sa.Column("draft_id", sa.String(400), nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False, index=True),
    sa.Column("prefix", _URI, nullable=False),
    sa.Column("backend", sa.String(200), nullable=False),
    sa.Column("request", sa.Text, nullable=False),  # JSON; "" if re-attached by name
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("pictures", sa.Integer, nullable=False),
    sa.Column("uploads", sa.Integer, nullable=False),
    sa.Column("uploaded", sa.Integer, nullable=False),
    sa.Column("lost", sa.Integer, nullable=False),
    sa.Column("cancelled", sa.Boolean, nullable=False),
    sa.Column("fault", sa.Text, nullable=False),
    sa.Column("retry_at", sa.Double),
)

pictures = sa.Table(
    "pictures",
    _tables,
    sa.Column("job_id", _ID, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("uri", _URI, nullable=False),  # "" until it is in a bucket
    sa.Column("path", sa.Text, nullable=False),  # "" if it was in a bucket from the start
    sa.Column("spooled", sa.Boolean, nullable=False),
    sa.Column("fault", sa.Text, nullable=False),
)

operations = sa.Table(
    "operations",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("job_id", _ID, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("prefix", _URI, nullable=False),
    sa.Column("pictures", sa.Integer, nullable=False),
    sa.Column("batch_size", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("name", sa.String(300), nullable=False, index=True),
    sa.Column("sender", sa.String(200), nullable=False),
    sa.Column("service_state", sa.String(20), nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("cancel", sa.String(20), nullable=False),
    sa.Column("sending_at", sa.Double),
    sa.Column("sent_at", sa.Double),
    sa.Column("ended_at", sa.Double),
    sa.Column("shards_done", sa.Integer, nullable=False),
    sa.Column("pictures_done", sa.Integer, nullable=False),
    sa.Column("errors", sa.Integer, nullable=False),
    sa.Column("progress_at", sa.Double),
    sa.UniqueConstraint("job_id", "attempt", "part"),
)

# Which picture is number N of a request: shards are matched to pictures by that number.
entries = sa.Table(
    "entries",
    _tables,
    sa.Column("operation_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, nullable=False),
)

NEW_OPERATION: MappingProxyType[str, Any] = MappingProxyType(
    {
        "state": "PLANNED",
        "name": "",
        "sender": "",
        "service_state": "",
        "error": "",
        "cancel": "",
        "shards_done": 0,
        "pictures_done": 0,
        "errors": 0,
    }
)


def open_engine(url: str) -> sa.Engine:
    """Open the database and make the tables if they are missing.

    Raises:
        LedgerError: the tables are of another version of this program.
        sqlalchemy.exc.SQLAlchemyError, OSError: it cannot be opened.
    """
    parsed = sa.make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    if sqlite and parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}} if sqlite else {}
    engine = sa.create_engine(parsed, pool_pre_ping=not sqlite, **options)
    if sqlite:
        sa.event.listen(engine, "connect", _sqlite_opened)
        sa.event.listen(engine, "begin", _sqlite_begin)
    with engine.begin() as db:
        _tables.create_all(db)
        versions = db.execute(sa.select(meta.c.version)).scalars().all()
        if not versions:
            db.execute(sa.insert(meta).values(version=VERSION))
        elif max(versions) != VERSION:
            raise LedgerError(
                f"The ledger is of version {max(versions)}; this program writes {VERSION}",
                where=str(parsed.database),
                then="Start the version that wrote it, or set CONTACT_SHEET_LEDGER_URL to a "
                "new file.",
            )
    return engine


def _sqlite_opened(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, below
    connection.execute("PRAGMA journal_mode=WAL")  # readers do not wait for a writer
    connection.execute("PRAGMA synchronous=FULL")  # a power cut must not forget a submission


def _sqlite_begin(db: sa.Connection) -> None:
    # Taking the write lock at once makes a second writer wait; taking it later makes it fail.
    reading = db.get_execution_options().get(READING, False)
    db.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
