"""The tables that SQL may ask, as files that the process of a question maps.

They are the tables of ``schemas.SCHEMAS``; each has ``picture``, the id that ties them together.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import IO

import numpy as np
import pyarrow as pa

from core.results.query.store import Store
from core.results.sql.views import kind_of
from core.results.tables.arrow import Bools, numbers

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Column:
    """A column as people see it.

    Attributes:
        kind: see ``views.kind_of``.
    """

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table as people see it; ``rows`` counts all of the batch."""

    name: str
    rows: int
    columns: tuple[Column, ...]


def facts(tables: Mapping[str, pa.Table]) -> list[TableFacts]:
    """What can be asked: tables with rows, pictures first even without any."""
    return [
        TableFacts(name, table.num_rows, tuple(c for f in table.schema for c in _columns(f)))
        for name, table in tables.items()
        if table.num_rows or name == "pictures"
    ]


def _columns(stored: pa.Field) -> list[Column]:
    kind = kind_of(stored)
    level = [Column(f"{stored.name}_level", "0 to 5")] if kind == "likelihood" else []
    return [Column(stored.name, kind), *level]


def mentioned(sql: str, names: Sequence[str]) -> list[str]:
    """Tables that a statement may ask: those that it names; all if it names none.

    Only these are handed over. A name put together at run time is not found, and the statement is
    answered that there is no such table.
    """
    words = {word.lower() for word in _WORD.findall(sql)}
    return [name for name in names if name in words] or list(names)


@dataclass
class StoredTables:
    """A store's tables as files that the process maps: written when first asked for.

    The files have no name, so that nothing is left behind, whatever ends the dashboard.

    Args:
        tables: by name.
        folder: where there is room for them.
    """

    tables: Mapping[str, pa.Table]
    folder: Path
    _files: dict[str, IO[bytes]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, store: Store, folder: Path) -> StoredTables:
        """The tables of a store, made once for it."""
        return store.once("tables for SQL", lambda: cls(store.views, folder))

    def facts(self) -> list[TableFacts]:
        """See ``facts``."""
        return facts(self.tables)

    def passing(self, mask: Bools | None) -> dict[str, int]:
        """How many rows of each table are of some pictures (total,); None for all."""
        return {
            name: table.num_rows
            if mask is None
            else int(np.count_nonzero(mask[numbers(table, "picture")]))
            for name, table in self.tables.items()
        }

    def file(self, name: str) -> IO[bytes]:
        """One table as an Arrow file."""
        with self._lock:
            if name not in self._files:
                self._files[name] = write(self.tables[name], self.folder)
            return self._files[name]


def write(table: pa.Table, folder: Path) -> IO[bytes]:
    """A table as an Arrow file without a name."""
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the caller closes it
    # One dictionary a file: pieces may come with dictionaries of their own.
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table.unify_dictionaries())
    file.flush()
    return file


def ids(pictures: Sequence[int], folder: Path) -> IO[bytes]:
    """The table ``chosen`` as an Arrow file."""
    return write(pa.table({"picture": np.asarray(pictures, np.int32)}), folder)
