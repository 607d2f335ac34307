"""Arrow tables as DuckDB views: queried where they lie in memory, not copied.

DuckDB keeps registered tables to one connection, so connections are kept and lent out, each with
all views; making a new one for every question would cost more than most questions do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa


class Database:
    """A DuckDB database in memory over Arrow tables. Safe to share between threads.

    Args:
        views: tables by the name they have in SQL.
    """

    def __init__(self, views: Mapping[str, pa.Table]) -> None:
        self._views = dict(views)
        self._lock = Lock()
        self._idle: list[Any] = []
        self._db = duckdb.connect(
            ":memory:",
            config={"autoinstall_known_extensions": False, "autoload_known_extensions": False},
        )
        # Nothing below reads files or changes settings; hostile text could not make it.
        self._db.execute("SET enable_external_access = false")
        self._db.execute("SET lock_configuration = true")

    def close(self) -> None:
        """Free the database's memory; not while another thread asks."""
        with self._lock:
            for cursor in self._idle:
                cursor.close()
            self._idle.clear()
            self._views.clear()
            self._db.close()

    def frame(
        self, sql: str, parameters: Sequence[Any] = (), selection: pa.Table | None = None
    ) -> pd.DataFrame:
        """A question's answer as a dataframe.

        Args:
            selection: a table that this one question may call ``selection``.
        """
        with self._cursor(selection) as cursor:
            frame: pd.DataFrame = cursor.execute(sql, list(parameters)).df()
        if frame.empty:  # pandas calls text without rows "object"
            return frame.astype(dict.fromkeys(frame.select_dtypes("object").columns, "str"))
        return frame

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """As ``frame``, as Python values: half the time where rows are few."""
        with self._cursor() as cursor:
            rows = cursor.execute(sql, list(parameters)).fetchall()
            names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def column(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """A question's first column as a NumPy array."""
        with self._cursor() as cursor:
            columns = cursor.execute(sql, list(parameters)).fetchnumpy()
        return next(iter(columns.values()))

    @contextmanager
    def _cursor(self, selection: pa.Table | None = None) -> Iterator[Any]:
        with self._lock:
            cursor = self._idle.pop() if self._idle else None
            if cursor is None:
                cursor = self._db.cursor()
                for name, table in self._views.items():
                    cursor.register(name, table)
        try:
            if selection is not None:
                cursor.register("selection", selection)
            yield cursor
        finally:
            if selection is not None:
                cursor.unregister("selection")
            with self._lock:
                self._idle.append(cursor)
