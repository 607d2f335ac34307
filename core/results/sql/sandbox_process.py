"""Answers one question in SQL and ends: ``python -m core.results.sql.sandbox_process < QUESTION``.

The statement is anybody's: a link can carry it. This process holds the batch's tables and nothing
else; DuckDB may reach neither files nor network, its settings are locked, and the kernel limits
memory, processor time and files. ``sql.sandbox`` starts it and ends it when it is over time.

Standard input: one JSON object, see ``Question``. Standard output: one line of JSON, either
``{"fault": KIND, "said": TEXT}`` or ``{"more": false}`` after the rows; between them the rows as an
Arrow stream, which is why the line comes last and has its length in the last 4 bytes.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from core.confined_process import confine
from core.results.sql.views import CHOSEN, view

ALLOWED = frozenset({"SELECT", "EXPLAIN", "MULTI"})  # MULTI is what PIVOT becomes
BATCH = 2_048  # rows
THREADS = 2
OPEN_FILES = 64
_MOST_SAID = 2_000  # characters of DuckDB's message


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and of what.

    Attributes:
        files: descriptors of Arrow files by table.
        chosen: descriptor of the table of pictures to narrow to; None for all.
        memory: bytes for DuckDB.
        space: bytes of address space besides the files'.
        rows: most to give.
        size: bytes of them at most.
    """

    sql: str
    files: dict[str, int]
    chosen: int | None
    memory: int
    space: int
    cpu_s: int
    rows: int
    size: int


class StatementRefused(Exception):
    """Why a statement is not run: a key of ``sandbox.FAULTS``, and what DuckDB says of it."""

    def __init__(self, kind: str, said: str = "") -> None:
        super().__init__(kind)
        self.kind, self.said = kind, said[:_MOST_SAID]


def main() -> None:
    """Read the question, answer it."""
    question = Question(**json.loads(sys.stdin.buffer.read()))
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    _limit(question)
    try:
        end: dict[str, Any] = {"more": _answer(question, out)}
    except StatementRefused as refused:
        end = {"fault": refused.kind, "said": refused.said}
    except (duckdb.OutOfMemoryException, MemoryError):
        end = {"fault": "memory", "said": ""}
    except duckdb.PermissionException as error:
        end = {"fault": "reach", "said": str(error)[:_MOST_SAID]}
    except duckdb.Error as error:
        end = {"fault": "sql", "said": str(error)[:_MOST_SAID]}
    line = json.dumps(end).encode()
    out.write(line + len(line).to_bytes(4, "big"))
    out.flush()
    os._exit(0)  # a thread of DuckDB may still be at work on rows that nobody wants


def _limit(question: Question) -> None:
    descriptors = [*question.files.values(), *([question.chosen] if question.chosen else [])]
    stored = sum(os.fstat(descriptor).st_size for descriptor in descriptors)
    resource.setrlimit(resource.RLIMIT_CPU, (question.cpu_s, question.cpu_s))
    confine(question.space + stored, OPEN_FILES)


def _answer(question: Question, out: IO[bytes]) -> bool:
    """Write the rows; whether there are more than may be given."""
    database = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,  # else names of Python variables are tables
            "memory_limit": f"{question.memory}B",
            "temp_directory": "",
            "threads": THREADS,
        },
    )
    _register(database, question)
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    statements = database.extract_statements(question.sql)
    if len(statements) != 1:
        raise StatementRefused("none" if not statements else "several")
    if statements[0].type.name not in ALLOWED:
        raise StatementRefused("kind")
    reader = database.sql(statements[0]).to_arrow_reader(BATCH)
    return _write(reader, out, question.rows, question.size)


def _register(database: Any, question: Question) -> None:
    if question.chosen is not None:
        database.register(CHOSEN, _mapped(question.chosen))
    for name, descriptor in question.files.items():
        table = _mapped(descriptor)
        database.register(f"stored_{name}", table)
        database.execute(view(name, table.schema, narrowed=question.chosen is not None))


def _mapped(descriptor: int) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(f"/proc/self/fd/{descriptor}")).read_all()


def _write(reader: Any, out: IO[bytes], most: int, size: int) -> bool:
    names = _names(reader.schema.names)
    schema = pa.schema(
        [(name, _shown(kind)) for name, kind in zip(names, reader.schema.types, strict=True)]
    )
    count = 0
    with pa.ipc.new_stream(out, schema) as writer:
        for batch in _batches(reader):
            if count + batch.num_rows > most:
                writer.write_batch(_readable(batch.slice(0, most - count), schema))
                return True
            written = _readable(batch, schema)
            size -= written.nbytes
            if size < 0:
                return True
            writer.write_batch(written)
            count += batch.num_rows
    return False


def _batches(reader: Any) -> Iterator[pa.RecordBatch]:
    """The reader's batches; a fault under way is DuckDB's own, as Arrow passes it on."""
    while True:
        try:
            yield reader.read_next_batch()
        except StopIteration:
            return
        except pa.ArrowException as error:
            said = str(error)
            raise StatementRefused("memory" if "Out of Memory" in said else "sql", said) from error


def _names(names: list[str]) -> list[str]:
    """Columns' names, each once: ``a``, ``a_2``."""
    seen: dict[str, int] = {}
    unlike = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unlike.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return unlike if len(set(unlike)) == len(unlike) else [f"{n}_{i}" for i, n in enumerate(names)]


def _shown(kind: pa.DataType) -> pa.DataType:
    """The type that a column is given as: what a table of a page and a CSV can hold."""
    if pa.types.is_boolean(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return kind
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return kind
    if pa.types.is_decimal(kind):
        return pa.float64()
    return pa.string()


def _readable(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    pairs = zip(batch.columns, schema.types, strict=True)
    return pa.RecordBatch.from_arrays([_cast(*pair) for pair in pairs], schema=schema)


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.type == kind:
        return column
    try:
        return pc.cast(column, kind)
    except pa.ArrowException:  # lists, structures, intervals and the like
        return pa.array([None if v is None else _said(v) for v in column.to_pylist()], pa.string())


def _said(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


if __name__ == "__main__":
    main()
