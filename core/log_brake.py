"""A brake for log floods: of one kind of message only so many, and how many more there were.

A process without free file descriptors logs each connection that it cannot accept, with a
traceback, thousands of times a second, until the disk is full as well.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

BURST, A_SECOND = 1_000.0, 10.0  # lines of one kind: a picture each, say, is no flood
FAULT_BURST, FAULTS_A_SECOND = 20.0, 0.1  # lines with a traceback, which are long
MOST_KINDS = 1_000
REPORTED_AFTER_S = 10.0  # a flood that is over is reported with the next line of any kind
_VARYING = re.compile(r"0x[0-9a-f]+|\d+|'[^']*'|\"[^\"]*\"")


@dataclass(slots=True)
class _Kind:
    """How many lines may still be written, and how many were not."""

    room: float
    filled: float
    last: logging.LogRecord
    left_out: int = 0


class Brake:
    """Says of each record whether it is written. Safe to share between threads.

    Args:
        clock: seconds, for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kinds: OrderedDict[str, _Kind] = OrderedDict()
        self._lock = threading.Lock()

    def admits(self, record: logging.LogRecord) -> bool:
        """Whether to write it; if not, it is counted, see ``left_out``."""
        fault = record.exc_info is not None or record.levelno >= logging.ERROR
        burst, a_second = (FAULT_BURST, FAULTS_A_SECOND) if fault else (BURST, A_SECOND)
        now = self._clock()
        with self._lock:
            name = _kind(record)
            kind = self._kinds.setdefault(name, _Kind(burst, now, record))
            self._kinds.move_to_end(name)
            kind.room = min(burst, kind.room + a_second * (now - kind.filled))
            kind.filled, kind.last = now, record
            if kind.room < 1:
                kind.left_out += 1
                return False
            kind.room -= 1
            return True

    def left_out(self, *, all_of_them: bool = False) -> list[logging.LogRecord]:
        """A line for each kind of which some were not written, and that are to be reported now.

        Args:
            all_of_them: also of floods that still go on.
        """
        now, lines = self._clock(), []
        with self._lock:
            for kind in self._kinds.values():
                if kind.left_out and (all_of_them or now - kind.filled > REPORTED_AFTER_S):
                    lines.append(_more(kind))
            while len(self._kinds) > MOST_KINDS:
                _, kind = self._kinds.popitem(last=False)
                lines += [_more(kind)] if kind.left_out else []
        return lines

    def before(self, record: logging.LogRecord) -> logging.LogRecord | None:
        """A line to be written before a record of a kind of which some were left out."""
        with self._lock:
            kind = self._kinds.get(_kind(record))
            return _more(kind) if kind is not None and kind.left_out else None


def _kind(record: logging.LogRecord) -> str:
    """What stays the same of a message: its template, without numbers and what is in quotes."""
    text = str(record.msg).partition("\n")[0][:200]
    fault = record.exc_info[0] if record.exc_info else None
    return f"{record.name} {record.levelno} {fault} {_VARYING.sub('#', text)}"


def _more(kind: _Kind) -> logging.LogRecord:
    last, count = kind.last, kind.left_out
    kind.left_out = 0
    said = str(last.msg).partition("\n")[0][:200]
    message = "%s more like this were left out: %s"
    args = (f"{count:,}", said)
    return logging.LogRecord(last.name, last.levelno, "", 0, message, args, None)


class BrakedHandler(logging.StreamHandler[TextIO]):
    """A ``StreamHandler`` behind a ``Brake``; what was left out is reported, at the end too."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.brake = Brake()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, unless there were too many like it."""
        if self.brake.admits(record):
            before = self.brake.before(record)
            if before is not None:
                super().emit(before)
            super().emit(record)
        for one in self.brake.left_out():
            super().emit(one)

    def close(self) -> None:
        """Tell what was left out last."""
        for one in self.brake.left_out(all_of_them=True):
            super().emit(one)
        super().close()
