"""What a check says, and how checks are run: side by side, each within a time limit."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.errors import BackendUnavailable, BucketUnavailable, ContactSheetError, QuotaExceeded

PATIENCE_S = 20.0
_PASSING = (BackendUnavailable, BucketUnavailable, QuotaExceeded)


class Level(StrEnum):
    """How bad it is; in the order of badness."""

    OK = "ok"
    WARN = "warn"  # something will not work, or soon
    FAIL = "fail"  # the dashboard cannot do its work


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what was looked at, in a word or two.
        what: what was found, a plain sentence without a full stop.
        where: file, address or variable; "" if none. Never with a password in it.
        then: what to do next, as a sentence; "" if nothing.
        passes: whether it may pass by itself, as an outage does.
    """

    name: str
    level: Level
    what: str
    where: str = ""
    then: str = ""
    passes: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """A name, and a function that may take long or raise."""

    name: str
    look: Callable[[], Finding]


def run(checks: Sequence[Check], patience_s: float = PATIENCE_S) -> list[Finding]:
    """All findings in the checks' order.

    A check that raises, or is not back in time, is a finding as well. Threads that hang are left
    behind; they keep no process from ending.
    """
    done: queue.SimpleQueue[tuple[int, Finding]] = queue.SimpleQueue()
    for number, check in enumerate(checks):
        args = number, check, done
        threading.Thread(target=_look, args=args, name="check", daemon=True).start()
    by_number: dict[int, Finding] = {}
    end = time.monotonic() + patience_s
    while len(by_number) < len(checks):
        try:
            number, finding = done.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        by_number[number] = finding
    late = f"no answer within {patience_s:.0f} seconds"
    cure = "Check the network and the address, then look again."
    return [
        by_number.get(number) or Finding(check.name, Level.FAIL, late, then=cure, passes=True)
        for number, check in enumerate(checks)
    ]


def _look(number: int, check: Check, done: queue.SimpleQueue[tuple[int, Finding]]) -> None:
    try:
        finding = check.look()
    except ContactSheetError as error:
        finding = failed(check.name, error, error.where)
    except Exception as error:
        # The text of an unknown error may hold anything, a password among it: only its kind.
        finding = Finding(check.name, Level.FAIL, f"the check failed: {type(error).__name__}")
    done.put((number, finding))


def failed(name: str, error: ContactSheetError, where: str) -> Finding:
    """What an error of ours says, as a finding."""
    passes = isinstance(error, _PASSING)
    return Finding(name, Level.FAIL, error.what, where, error.then, passes)


def worst(findings: Sequence[Finding]) -> Level:
    """The worst of all; OK for none."""
    order = list(Level)
    return max((finding.level for finding in findings), key=order.index, default=Level.OK)
