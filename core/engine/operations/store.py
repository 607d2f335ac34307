"""Long-running operations on disk: the one place that knows what state each of them is in.

SQLite, so that an engine killed at any moment finds on its next start what was asked, which
pictures are annotated (the journal) and which shards are written. Journal rows live only until
their shard is in the bucket.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

from core.engine.api_versions import V1
from core.engine.operations.operation_filters import Condition
from core.engine.operations.records import (
    CANCELLED_CODE,
    COLUMNS,
    OperationRecord,
    State,
    Unfinished,
    record,
)
from core.engine.operations.schema import opened
from core.errors import OperationNotFound

Clock = Callable[[], float]
Vectors = Mapping[int, bytes]  # by position
NO_VECTORS: Vectors = MappingProxyType({})

MAX_PAGE = 1000
EVERYTHING = Condition()


class OperationStore:
    """All operations of one home. Safe to share between threads.

    Args:
        path: the SQLite file; made when it is not there.
        clock: seconds since the epoch.

    Raises:
        JournalDamaged: by the constructor.
    """

    def __init__(self, path: Path, clock: Clock = time.time) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._changed = threading.Condition(threading.RLock())
        self._released = False
        self._db = opened(path)
        with self._changed:
            self._purge()

    def release(self) -> None:
        """End all waiting: callers that wait are answered now."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    def close(self) -> None:
        """Close the file; nothing may be asked afterwards."""
        with self._changed:
            self._db.close()

    def create(
        self,
        request: bytes,
        output_uri: str,
        batch_size: int,
        pictures: int,
        parent: str,
        *,
        response: bytes | None = None,
        version: str = V1,
    ) -> OperationRecord:
        """Keep a new operation; on return it survives a power cut.

        Args:
            parent: ``projects/P`` or ``projects/P/locations/L``; the name begins with it.
            response, version: see ``OperationRecord``.
        """
        name = f"{parent}/operations/{secrets.token_hex(8)}"
        now = self._clock()
        self._write(
            "INSERT INTO operations"
            " (name, state, created, updated, output_uri, batch_size, pictures, request, response,"
            " version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(name, State.CREATED, now, now, output_uri, batch_size, pictures),
                *(request, response, version),
            ),
            durable=True,
        )
        return self.get(name)

    def get(self, name: str) -> OperationRecord:
        """One operation.

        Args:
            name: in full, or ``operations/ID`` or ``locations/L/operations/ID``, which the service
                takes too.

        Raises:
            OperationNotFound: never made here, or deleted.
        """
        where, values = "name = ?", tuple[Any, ...]((name,))
        if name.startswith(("operations/", "locations/")):
            # The identity is random, so it is unique without what comes before it.
            where, values = "substr(name, ?) = ?", (-len(name) - 1, f"/{name}")
        rows = self._select(f"{where} AND NOT deleted", values)
        if not rows:
            raise OperationNotFound("There is no such operation", where=name[:200])
        return record(rows[0])

    def find(
        self,
        parent: str = "",
        wanted: Condition = EVERYTHING,
        *,
        page_size: int = MAX_PAGE,
        after: int = 0,
    ) -> list[OperationRecord]:
        """Operations in the order they were made, from the one after number ``after``.

        Args:
            parent: ``projects/P``, ``projects/P/locations/L`` or ``locations/L``; "" for all.
        """
        where = f"NOT deleted AND number > ? AND ({wanted.sql})"
        values: list[Any] = [after, *wanted.values]
        if parent.startswith("locations/"):
            where += " AND instr(name, ?) > 0"
            values.append(f"/{parent}/operations/")
        elif parent:
            start = f"{parent}/operations/"
            where += " AND substr(name, 1, ?) = ?"
            values += [len(start), start]
        return [record(row) for row in self._select(where, values, page_size)]

    def start(self, name: str) -> None:
        """CREATED -> RUNNING; anything else stays as it is."""
        self._write(
            "UPDATE operations SET state = ?, updated = ? WHERE name = ? AND state = ?",
            (State.RUNNING, self._clock(), name, State.CREATED),
        )

    def journal(
        self, name: str, responses: Iterable[tuple[int, str]], vectors: Vectors = NO_VECTORS
    ) -> None:
        """Keep annotated pictures: position (from 0) and the response's JSON.

        Does nothing once the operation has ended: nobody would ever drop the rows again.

        Args:
            vectors: of those positions that have one.
        """
        rows = [(name, position, text, vectors.get(position)) for position, text in responses]
        with self._changed, self._transaction():
            running = self._db.execute(
                "UPDATE operations SET updated = ? WHERE name = ? AND state IN (?, ?)",
                (self._clock(), name, State.CREATED, State.RUNNING),
            )
            if running.rowcount:
                self._db.executemany("INSERT OR REPLACE INTO journal VALUES (?, ?, ?, ?)", rows)

    def journalled(self, name: str, positions: range) -> list[str]:
        """The kept responses of a range of positions, in order; those not kept are left out."""
        return [str(value) for value in self._journal("response", name, positions)]

    def vectors(self, name: str, positions: range) -> list[bytes | None]:
        """What ``journalled`` gives, as its vectors; None where there is none."""
        return self._journal("vector", name, positions)

    def _journal(self, column: str, name: str, positions: range) -> list[Any]:
        sql = (
            f"SELECT {column} FROM journal"  # noqa: S608 - one of two words of ours
            " WHERE operation = ? AND position >= ? AND position < ? ORDER BY position"
        )
        return [row[0] for row in self._rows(sql, (name, positions.start, positions.stop))]

    def shard_written(self, name: str, positions: range) -> None:
        """Note that a shard is in the bucket, and drop its journal rows, both or neither."""
        with self._changed, self._transaction():
            self._db.execute(
                "INSERT OR IGNORE INTO shards VALUES (?, ?)", (name, positions.start + 1)
            )
            self._db.execute(
                "DELETE FROM journal WHERE operation = ? AND position >= ? AND position < ?",
                (name, positions.start, positions.stop),
            )
            self._db.execute(
                "UPDATE operations SET updated = ? WHERE name = ?", (self._clock(), name)
            )

    def finish(self, name: str, error_code: int = 0, error_message: str = "") -> None:
        """End an operation, once: DONE, or CANCELLED with google.rpc.Code 1."""
        state = State.CANCELLED if error_code == CANCELLED_CODE else State.DONE
        with self._changed:
            with self._transaction(durable=True):
                self._db.execute(
                    "UPDATE operations SET state = ?, updated = ?, error_code = ?,"
                    " error_message = ?, request = NULL WHERE name = ? AND state IN (?, ?)",
                    (
                        state,
                        self._clock(),
                        error_code,
                        error_message,
                        name,
                        State.CREATED,
                        State.RUNNING,
                    ),
                )
                self._db.execute("DELETE FROM journal WHERE operation = ?", (name,))
                self._db.execute("DELETE FROM shards WHERE operation = ?", (name,))
            self._changed.notify_all()

    def cancel(self, name: str) -> OperationRecord:
        """Ask for the end; its runner looks between pictures. No effect once it is done.

        Raises:
            OperationNotFound: never made here, or deleted.
        """
        with self._changed:
            name = self.get(name).name
            self._write("UPDATE operations SET cancel = 1 WHERE name = ?", (name,))
            return self.get(name)

    def delete(self, name: str) -> None:
        """Forget an operation; one that is running goes on unseen.

        Raises:
            OperationNotFound: never made here, or deleted.
        """
        with self._changed:
            name = self.get(name).name
            self._write("UPDATE operations SET deleted = 1 WHERE name = ?", (name,))
            self._purge()

    def wait(self, name: str, timeout: float) -> OperationRecord:
        """The operation once it is done, or as it stands after ``timeout`` seconds or ``release``.

        Raises:
            OperationNotFound: never made here, or deleted.
        """
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                operation = self.get(name)
                left = end - time.monotonic()
                if operation.done or left <= 0 or self._released:
                    return operation
                self._changed.wait(left)

    def unfinished(self) -> list[Unfinished]:
        """Everything to go on with after a start, oldest first."""
        running = self._select("state IN (?, ?)", (State.CREATED, State.RUNNING))
        return [self._unfinished(record(row)) for row in running]

    def _unfinished(self, operation: OperationRecord) -> Unfinished:
        def column(sql: str) -> list[Any]:
            return [row[0] for row in self._rows(sql, (operation.name,))]

        return Unfinished(
            operation,
            column("SELECT request FROM operations WHERE name = ?")[0],
            frozenset(column("SELECT position FROM journal WHERE operation = ?")),
            frozenset(column("SELECT first FROM shards WHERE operation = ?")),
        )

    def _purge(self) -> None:
        self._db.execute(
            "DELETE FROM operations WHERE deleted AND state IN (?, ?)",
            (State.DONE, State.CANCELLED),
        )

    def _select(self, where: str, values: Sequence[Any], limit: int = -1) -> list[Any]:
        # `where` is always one of this module's own texts; everything from outside is a value.
        sql = f"SELECT {COLUMNS} FROM operations WHERE {where} ORDER BY number LIMIT ?"  # noqa: S608
        return self._rows(sql, (*values, limit))

    def _rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        with self._changed, closing(self._db.execute(sql, values)) as cursor:
            return cursor.fetchall()

    def _write(self, sql: str, values: Sequence[Any], *, durable: bool = False) -> None:
        with self._changed:
            with self._transaction(durable=durable):
                self._db.execute(sql, values)
            self._changed.notify_all()

    def _transaction(self, *, durable: bool = False) -> _Transaction:
        return _Transaction(self._db, durable=durable)


class _Transaction:
    """BEGIN ... COMMIT, or ROLLBACK on an error; ``durable`` waits for the disk."""

    def __init__(self, db: sqlite3.Connection, *, durable: bool) -> None:
        self._db = db
        self._level = "FULL" if durable else "NORMAL"

    def __enter__(self) -> None:
        self._db.execute(f"PRAGMA synchronous={self._level}")
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            # A full disk undoes some transactions by itself, and leaves others open.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
