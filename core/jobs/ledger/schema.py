"""The ledger's tables; ``database`` opens them and brings older ones up to date.

A column that is added later must be nullable or have a ``server_default``, and ``VERSION`` counts
up with it: older ledgers get it when they are opened.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

VERSION = 9
_UNKEPT = re.compile("[\0\ud800-\udfff]")  # PostgreSQL takes no zero byte, no database a surrogate


class _String(sa.TypeDecorator[str]):
    """Untrusted text: what a database would refuse becomes a replacement sign."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return _UNKEPT.sub("\ufffd", value) if value else value


class _Text(_String):
    impl = sa.Text
    cache_ok = True


tables = sa.MetaData()
_ID = _String(40)
_URI = _String(1_200)  # gs://, a bucket's name of up to 222 and an object's of up to 1,024 bytes

meta = sa.Table(
    "contact_sheet",
    tables,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
)

jobs = sa.Table(
    "jobs",
    tables,
    sa.Column("id", _ID, primary_key=True),
    # The one place that decides whether a draft was sent before.
    sa.Column("draft_id", _String(400), nullable=False, unique=True),
    sa.Column("title", _Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False, index=True),
    sa.Column("prefix", _URI, nullable=False),
    sa.Column("backend", _String(200), nullable=False),
    sa.Column("request", _Text, nullable=False),  # JSON; "" if taken up by name
    sa.Column("source", _Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("pictures", sa.Integer, nullable=False),
    sa.Column("uploads", sa.Integer, nullable=False),
    sa.Column("uploaded", sa.Integer, nullable=False),
    sa.Column("lost", sa.Integer, nullable=False),
    sa.Column("cancelled", sa.Boolean, nullable=False),
    sa.Column("fault", _Text, nullable=False),
    sa.Column("retry_at", sa.Double),
    # Equal for jobs whose answers to one picture are interchangeable; "" if that is not known.
    sa.Column("work", _String(64), nullable=False, server_default=""),
    # Equal for jobs that asked the same of any models; "" if not known. Which, as JSON.
    sa.Column("question", _String(64), nullable=False, server_default="", index=True),
    sa.Column("models", _Text, nullable=False, server_default=""),
    # Pictures that earlier jobs had answered, and those that are the same as another of this job.
    sa.Column("reused", sa.Integer, nullable=False, server_default="0"),
    sa.Column("twins", sa.Integer, nullable=False, server_default="0"),
    sa.Column("saved_usd", sa.Double, nullable=False, server_default="0"),
    # Those of ``pictures`` that are pages of files.
    sa.Column("pages", sa.Integer, nullable=False, server_default="0"),
    # Who sent it, as ``access`` names people; "" is everybody's. Shared: others may see it.
    sa.Column("owner", _String(600), nullable=False, server_default="", index=True),
    sa.Column("owner_name", _Text, nullable=False, server_default=""),
    sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("archived", sa.Boolean, nullable=False, server_default=sa.false()),
    # A deleted batch: from when on its data go for good, and how far that is, see ``deletion``.
    sa.Column("deleted_at", sa.Double),
    sa.Column("deletion", _String(10), nullable=False, server_default=""),
)

pictures = sa.Table(
    "pictures",
    tables,
    sa.Column("job_id", _ID, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", _Text, nullable=False),
    sa.Column("uri", _URI, nullable=False),  # "" until it is in a bucket
    sa.Column("path", _Text, nullable=False),  # "" if it was in a bucket from the start
    sa.Column("spooled", sa.Boolean, nullable=False),
    sa.Column("fault", _Text, nullable=False),
    # What it shows, as ``content_hash`` tells it; "" if that is not known.
    sa.Column("content", _String(1_300), nullable=False, server_default="", index=True),
    # Its best answer that was seen: number ``number`` of a shard, perhaps of an earlier job.
    sa.Column("answer", sa.Integer, nullable=False, server_default="0"),
    sa.Column("shard_id", sa.Integer),
    sa.Column("number", sa.Integer),
    # Whether another model than the job's gave that answer, and the user kept it.
    sa.Column("kept", sa.Boolean, nullable=False, server_default=sa.false()),
    # Its file on this machine while an earlier job's answer stands in for it.
    sa.Column("origin", _Text, nullable=False, server_default=""),
    # Position of the picture of this job that is sent in its place; null unless it is a twin.
    sa.Column("twin_of", sa.Integer),
    # Media type of the file that a page is of, and which page it is; "" and 0 of a picture.
    sa.Column("file_type", _String(40), nullable=False, server_default=""),
    sa.Column("page", sa.Integer, nullable=False, server_default="0"),
    # How many pages of its file the job asks about, and which of those this is, from 1.
    sa.Column("pages", sa.Integer, nullable=False, server_default="0"),
    sa.Column("nth", sa.Integer, nullable=False, server_default="0"),
    # How many pages the object at ``uri`` has, and which of those this is.
    sa.Column("stored", sa.Integer, nullable=False, server_default="0"),
    sa.Column("place", sa.Integer, nullable=False, server_default="0"),
    # Pages that alone are uploaded of the file, as "1-5,7"; "" for all.
    sa.Column("cut", _Text, nullable=False, server_default=""),
)

# So that a job's twins are found among a million pictures.
_TWIN = pictures.c.twin_of.is_not(None)
sa.Index("ix_pictures_twins", pictures.c.job_id, sqlite_where=_TWIN, postgresql_where=_TWIN)

UNANSWERED, GOOD, ERROR = range(3)  # values of ``pictures.answer``

operations = sa.Table(
    "operations",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("job_id", _ID, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("prefix", _URI, nullable=False),
    sa.Column("pictures", sa.Integer, nullable=False),
    sa.Column("batch_size", sa.Integer, nullable=False),
    sa.Column("state", _String(20), nullable=False, index=True),
    sa.Column("name", _String(300), nullable=False, index=True),
    sa.Column("sender", _String(200), nullable=False),
    sa.Column("service_state", _String(20), nullable=False),
    sa.Column("error", _Text, nullable=False),
    sa.Column("cancel", _String(20), nullable=False),
    sa.Column("sending_at", sa.Double),
    sa.Column("sent_at", sa.Double),
    sa.Column("ended_at", sa.Double),
    sa.Column("shards_done", sa.Integer, nullable=False),
    sa.Column("pictures_done", sa.Integer, nullable=False),
    sa.Column("errors", sa.Integer, nullable=False),
    sa.Column("progress_at", sa.Double),
    # How often in succession the service did not know it, and when it first said so.
    sa.Column("not_found", sa.Integer, nullable=False, server_default="0"),
    sa.Column("not_found_at", sa.Double),
    # It is over and not all its shards were seen: until when they are looked for.
    sa.Column("owed_until", sa.Double),
    # Marks in the bucket of this ledger's own tries, each after a blank, see ``send_marks``.
    sa.Column("marks", _Text, nullable=False, server_default=""),
    # What else may have been accepted for it, a line each.
    sa.Column("also", _Text, nullable=False, server_default=""),
    # Media type of the one file whose pages it annotates; "" if it is for pictures.
    sa.Column("file_type", _String(40), nullable=False, server_default=""),
    # Address of our copy of some pages of that file, which is sent in its place; "" for none.
    sa.Column("cut", _URI, nullable=False, server_default=""),
    sa.UniqueConstraint("job_id", "attempt", "part"),
)

# Copies of some pages of a file, made by us: page N of the object is page number N of ``pages`` of
# the document that is shown. They stay when their job is forgotten: others may show answers of it.
cuts = sa.Table(
    "cuts",
    tables,
    sa.Column("uri", _URI, primary_key=True),
    sa.Column("document", _URI, nullable=False),  # address under which its pages are shown
    sa.Column("pages", _Text, nullable=False),  # their numbers there, as "1-5,7"
)

# Which picture is number N of a request: shards are matched to pictures by that number.
entries = sa.Table(
    "entries",
    tables,
    sa.Column("operation_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, nullable=False),
)

# Shards whose answers were counted. They stay when their job is forgotten: others may use them. An
# operation's own id would not do here: SQLite gives it to another one then.
shards = sa.Table(
    "shards",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("job_id", _ID, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("uri", _URI, nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("first", sa.Integer, nullable=False),
    sa.Column("last", sa.Integer, nullable=False),
    sa.Column("seen_at", sa.Double, nullable=False),
    sa.UniqueConstraint("job_id", "attempt", "part", "first"),
)

# Units that were sent, a row for each feature of an operation. They stay when a job is forgotten.
spending = sa.Table(
    "spending",
    tables,
    sa.Column("job_id", _ID, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("feature", _String(40), primary_key=True),
    sa.Column("backend", _String(200), nullable=False),
    sa.Column("month", _String(7), nullable=False, index=True),  # "2026-11", of the bill
    sa.Column("charged", sa.Boolean, nullable=False),  # False where the backend asks no money
    sa.Column("units", sa.Integer, nullable=False),
    sa.Column("billable", sa.Integer, nullable=False),  # units, or 0 if another feature pays
)

# What is set in the dashboard and holds for all who share the ledger.
settings = sa.Table(
    "settings",
    tables,
    sa.Column("name", _String(40), primary_key=True),
    sa.Column("value", _Text, nullable=False),
)

# What pages showed, under a name; ``owner`` as that of jobs.
views = sa.Table(
    "views",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("owner", _String(600), nullable=False, server_default=""),
    sa.Column("name", _String(80), nullable=False),
    sa.Column("page", _String(20), nullable=False),
    sa.Column("query", _Text, nullable=False),
    sa.UniqueConstraint("owner", "name"),
)

# What people said of pictures while they looked at them. Rows are only ever added: the last one of
# a picture and a kind counts, and taking back adds what was there before.
marks = sa.Table(
    "marks",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("batch", _URI, nullable=False, index=True),  # a job's id, or a prefix of shards
    sa.Column("picture", _String(1_300), nullable=False),  # its content, or address and page
    sa.Column("kind", _String(10), nullable=False),
    sa.Column("value", _Text, nullable=False),  # "" for none
    sa.Column("action", _String(40), nullable=False),  # equal for what was done at once
    sa.Column("takes_back", _String(40), nullable=False),  # an action; "" for none
    sa.Column("owner", _String(600), nullable=False),
    sa.Column("owner_name", _Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
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
        "not_found": 0,
    }
)
