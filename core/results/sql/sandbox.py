"""Starts the process that answers one question in SQL, believes little of what it says, ends it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from threading import BoundedSemaphore
from typing import Any

import pandas as pd
import pyarrow as pa

from core.confined_process import start_confined
from core.errors import QuestionError
from core.results.sql.sandbox_process import Question
from core.results.sql.stored_tables import StoredTables, ids, mentioned

PROGRAM = "core.results.sql.sandbox_process"
MAX_SQL = 20_000  # characters
LOOK_S = 0.2  # how often a cancelled question is noticed
_ENDING = 4  # bytes of the last line's length
_PLACES = BoundedSemaphore(2)  # processes at once: what people look at goes first

# What is wrong by the kind that the process tells, and what to do next.
FAULTS = {
    "none": ("There is no statement", "Write a question, such as SELECT count(*) FROM pictures."),
    "several": ("There are several statements", "Ask one at a time."),
    "kind": (
        "Only questions are answered: SELECT, FROM, WITH, PIVOT, DESCRIBE, SUMMARIZE, EXPLAIN",
        "The tables cannot be changed; a WITH clause can name what comes between.",
    ),
    "reach": (
        "The statement reaches for files, the network or settings",
        "Only this batch's tables can be asked; they stand beside the question.",
    ),
    "memory": (
        "The question took too much memory",
        "Count or limit earlier: fewer columns, a WHERE clause, no join of all rows with all rows.",
    ),
    "time": (
        "The question took too long and was ended",
        "Narrow it with WHERE or the filters, or ask about fewer columns.",
    ),
    "sql": ("The statement cannot be answered", "The message says where it stands."),
    "broke": (
        "The question took too much memory, or made DuckDB break down",
        "Ask again, or ask for less.",
    ),
}


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What a question may take; over it, it is ended.

    Attributes:
        memory: bytes for DuckDB.
        space: bytes of address space besides the tables'.
        cpu_s: whole seconds of processor time.
        wall_s: seconds by the clock.
        rows: most that are given.
        size: bytes of them at most.
    """

    memory: int = 512 * 1024**2
    space: int = 3 * 1024**3
    cpu_s: int = 40
    wall_s: float = 30.0
    rows: int = 100_000
    size: int = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of a question; ``more`` if there are others that were not given."""

    frame: pd.DataFrame
    more: bool
    seconds: float


def ask(
    tables: StoredTables,
    sql: str,
    chosen: Sequence[int] | None = None,
    *,
    limits: SandboxLimits | None = None,
    alive: Callable[[], None] = lambda: None,
) -> QueryResult:
    """Ask one question.

    Args:
        chosen: the pictures that the tables are narrowed to; None for all.
        alive: called several times a second; what it raises ends the question.

    Raises:
        QuestionError: it is refused, wrong, or takes too much.
    """
    limits = limits or SandboxLimits()
    if len(sql) > MAX_SQL:
        raise QuestionError(
            f"The statement has {len(sql):,} characters; it may have {MAX_SQL:,}",
            then="Shorten it.",
        )
    if sql != sql.encode(errors="ignore").decode():
        raise _error("sql", "It holds half a character.")
    while not _PLACES.acquire(timeout=LOOK_S):
        alive()
    try:
        started = time.monotonic()
        frame, more = _answer(_ask(tables, sql, chosen, limits, alive))
        return QueryResult(frame, more, time.monotonic() - started)
    finally:
        _PLACES.release()


def _ask(
    tables: StoredTables,
    sql: str,
    chosen: Sequence[int] | None,
    limits: SandboxLimits,
    alive: Callable[[], None],
) -> bytes:
    names = mentioned(sql, [table.name for table in tables.facts()])
    files = {name: tables.file(name) for name in names}
    only = None if chosen is None else ids(chosen, tables.folder)
    given = asdict(limits)
    wall_s = given.pop("wall_s")
    question = Question(
        sql=sql,
        files={name: file.fileno() for name, file in files.items()},
        chosen=only.fileno() if only else None,
        **given,
    )
    passed = [*question.files.values(), *([only.fileno()] if only else [])]
    process = start_confined(PROGRAM, stdin=subprocess.PIPE, descriptors=passed)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(asdict(question)).encode())
        process.stdin.close()
        said = _read(process, wall_s, 2 * limits.size, alive)
        if process.wait(LOOK_S * 10) == -signal.SIGXCPU:
            raise _error("time")
        return said
    except (BrokenPipeError, subprocess.TimeoutExpired):
        raise _error("broke") from None
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        if only:
            only.close()


def _read(
    process: subprocess.Popen[bytes], wall_s: float, most: int, alive: Callable[[], None]
) -> bytes:
    """All that the process says."""
    assert process.stdout is not None
    end = time.monotonic() + wall_s
    said = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < end:
            alive()
            if not selector.select(LOOK_S):
                continue
            data = os.read(process.stdout.fileno(), 1 << 20)
            if not data:
                return bytes(said)
            said += data
            if len(said) > most:
                raise _error("memory")
    raise _error("time")


def _answer(said: bytes) -> tuple[pd.DataFrame, bool]:
    """The rows and whether there are more, out of what the process said."""
    try:
        length = int.from_bytes(said[-_ENDING:], "big")
        end: dict[str, Any] = json.loads(said[-_ENDING - length : -_ENDING])
        if "fault" in end:
            raise _error(str(end["fault"]), str(end["said"]))
        table = pa.ipc.open_stream(said[: -_ENDING - length]).read_all()
        table.validate(full=True)
        return _frame(table), bool(end["more"])
    except (ValueError, KeyError, TypeError, RecursionError, pa.ArrowException):
        raise _error("broke") from None


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame


def _error(kind: str, said: str = "") -> QuestionError:
    what, then = FAULTS.get(kind, FAULTS["broke"])
    return QuestionError(what, where=said, then=then)
