"""The index of buckets and objects: one SQLite file, one connection, used by one thread.

Object names are kept as UTF-8 bytes, so that SQLite's order is Cloud Storage's and the end of a
prefix can be computed. The file is in WAL mode with ``synchronous=NORMAL``: a process killed at any
moment loses nothing that was answered; a power failure may lose the last moments.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from core.engine.emulator.objects.records import Content, StoredBucket, StoredObject, Upload

UPLOAD_LIFE_S = 7 * 24 * 3600  # cloud.google.com/storage/docs/resumable-uploads

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS buckets (
    name TEXT PRIMARY KEY, metageneration INTEGER NOT NULL, created INTEGER NOT NULL,
    updated INTEGER NOT NULL, fields BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL, name BLOB NOT NULL, generation INTEGER NOT NULL,
    metageneration INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    blob TEXT NOT NULL, size INTEGER NOT NULL, md5 TEXT NOT NULL, crc32c TEXT NOT NULL,
    fields BLOB NOT NULL, PRIMARY KEY (bucket, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS objects_blob ON objects (blob);
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, name TEXT NOT NULL, blob TEXT NOT NULL,
    total INTEGER, result INTEGER NOT NULL, request BLOB NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS garbage (blob TEXT PRIMARY KEY);
"""
_COLUMNS = (
    "bucket, name, generation, metageneration, created, updated, blob, size, md5, crc32c, fields"
)


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def after_prefix(prefix: bytes) -> bytes:
    """The first name behind all that begin so; UTF-8 has no byte 255, so adding one is enough."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


class Index:
    """Rows in and out. A change belongs into a ``change()``; several in one are one."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """All of it is written, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def new_generation(self) -> int:
        """Grows even where the clock is set back."""
        row = self._db.execute(
            "INSERT INTO meta VALUES ('generation', ?) "
            "ON CONFLICT (key) DO UPDATE SET value = max(value + 1, excluded.value) "
            "RETURNING value",
            (now(),),
        ).fetchone()
        return int(row[0])

    # -- buckets ---------------------------------------------------------------------------------

    def bucket(self, name: str) -> StoredBucket | None:
        """The bucket of that name; None where there is none."""
        return next(self._buckets("WHERE name = ?", name), None)

    def buckets(self, prefix: str, after: str, limit: int) -> list[StoredBucket]:
        """By name, those behind ``after`` that begin with the prefix."""
        where = "WHERE name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?"
        return list(self._buckets(where, after, len(prefix), prefix, limit))

    def _buckets(self, where: str, *values: Any) -> Iterator[StoredBucket]:
        rows = self._db.execute(
            f"SELECT name, metageneration, created, updated, fields FROM buckets {where}",  # noqa: S608
            values,
        )
        for bucket, metageneration, created, updated, fields in rows:
            decoded = msgspec.json.decode(fields)
            yield StoredBucket(bucket, metageneration, created, updated, decoded)

    def put_bucket(self, bucket: StoredBucket) -> None:
        """Add or replace one."""
        self._db.execute(
            "INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?, ?)",
            (
                bucket.name,
                bucket.metageneration,
                bucket.created,
                bucket.updated,
                msgspec.json.encode(bucket.fields),
            ),
        )

    def delete_bucket(self, name: str) -> None:
        """Remove a bucket's row."""
        self._db.execute("DELETE FROM buckets WHERE name = ?", (name,))

    # -- objects ---------------------------------------------------------------------------------

    def object(self, bucket: str, name: str) -> StoredObject | None:
        """The object of that name; None where there is none."""
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM objects WHERE bucket = ? AND name = ?",  # noqa: S608
            (bucket, name.encode()),
        ).fetchone()
        return _object(row) if row else None

    def objects(
        self, bucket: str, lower: bytes, upper: bytes | None, limit: int
    ) -> list[StoredObject]:
        """By name, from ``lower`` on and before ``upper``."""
        end, values = (" AND name < ?", [upper]) if upper is not None else ("", [])
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM objects WHERE bucket = ? AND name >= ?{end} "  # noqa: S608
            "ORDER BY name LIMIT ?",
            [bucket, lower, *values, limit],
        )
        return [_object(row) for row in rows]

    def put_object(self, stored: StoredObject) -> None:
        """Add or replace one; the bytes of the replaced one become garbage."""
        name = stored.name.encode()
        self._discard(stored.bucket, name, stored.content.blob)
        content = stored.content
        self._db.execute(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(stored.bucket, name, stored.generation, stored.metageneration),
                *(stored.created, stored.updated),
                *(content.blob, content.size, content.md5, content.crc32c),
                msgspec.json.encode(stored.fields),
            ),
        )

    def delete_object(self, bucket: str, name: str) -> None:
        """Remove one; its bytes become garbage."""
        key = name.encode()
        self._discard(bucket, key, "")
        self._db.execute("DELETE FROM objects WHERE bucket = ? AND name = ?", (bucket, key))

    def has_blob(self, blob: str) -> bool:
        """Whether an object has these bytes."""
        rows = self._db.execute("SELECT 1 FROM objects WHERE blob = ? LIMIT 1", (blob,))
        return rows.fetchone() is not None

    def _discard(self, bucket: str, name: bytes, successor: str) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO garbage SELECT blob FROM objects o "
            "WHERE bucket = ? AND name = ? AND blob != ? AND NOT EXISTS (SELECT 1 FROM objects "
            "WHERE blob = o.blob AND (bucket, name) != (o.bucket, o.name))",
            (bucket, name, successor),
        )

    def garbage(self) -> list[str]:
        """Bytes that nothing has any more."""
        return [row[0] for row in self._db.execute("SELECT blob FROM garbage")]

    def forget_garbage(self, blobs: list[str]) -> None:
        """They are gone from the disk."""
        self._db.executemany("DELETE FROM garbage WHERE blob = ?", [(blob,) for blob in blobs])

    # -- uploads under way, and marks ------------------------------------------------------------

    def upload(self, number: str) -> Upload | None:
        """One that is under way or was finished not long ago."""
        row = self._db.execute(
            "SELECT id, bucket, name, blob, total, result, request FROM uploads WHERE id = ?",
            (number,),
        ).fetchone()
        if row is None:
            return None
        number, bucket, name, blob, total, result, request = row
        return Upload(number, bucket, name, blob, total, result, msgspec.json.decode(request))

    def put_upload(self, upload: Upload) -> None:
        """Add or replace one."""
        self._db.execute(
            "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) "
            "DO UPDATE SET total = excluded.total, result = excluded.result",
            (
                *(upload.id, upload.bucket, upload.name, upload.blob, upload.total, upload.result),
                msgspec.json.encode(upload.request),
                now(),
            ),
        )

    def delete_upload(self, number: str) -> None:
        """Forget one."""
        self._db.execute("DELETE FROM uploads WHERE id = ?", (number,))

    def forget_old_uploads(self) -> None:
        """Those begun more than a week ago."""
        limit = now() - UPLOAD_LIFE_S * 1_000_000
        self._db.execute("DELETE FROM uploads WHERE created < ?", (limit,))

    def unfinished_blobs(self) -> set[str]:
        """Files of the uploads under way."""
        return {row[0] for row in self._db.execute("SELECT blob FROM uploads WHERE result = 0")}

    def mark(self, key: str) -> int:
        """A number kept under a key; 0 if there is none."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return int(row[0]) if row else 0

    def set_mark(self, key: str, value: int) -> None:
        """Keep a number, unless a larger one is there."""
        self._db.execute(
            "INSERT INTO meta VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)",
            (key, value),
        )


def _object(row: tuple[Any, ...]) -> StoredObject:
    bucket, name, generation, metageneration, created, updated, *content, fields = row
    return StoredObject(
        *(bucket, name.decode(), generation, metageneration, created, updated),
        content=Content(*content),
        fields=msgspec.json.decode(fields),
    )
