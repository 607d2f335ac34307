"""One sender's hold on an operation, and the last look at it before the request leaves.

A process can stand still between taking an operation and sending it: suspended, paused with its
machine, or swapped out. Others take the operation over when it is late. So the hold ends by itself
while others still wait, and whether it is still there is read from the ledger as the last thing
before the call. Between that look and the bytes on the wire nothing can be checked any more; what
is accepted from there all the same is reported by ``late_answers``.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.jobs.ledger.ledger import Ledger
from core.jobs.service.connection import SUBMIT_TIMEOUT_S

GIVEN_UP = timedelta(seconds=2 * SUBMIT_TIMEOUT_S)  # no sender waits longer than half of this
FRESH = GIVEN_UP - timedelta(seconds=SUBMIT_TIMEOUT_S)  # then its call ends before others begin
_HOST = f"{socket.gethostname()}:{os.getpid()}"
PROCESS = f"{_HOST}:{uuid.uuid4().hex[:12]}"  # host, number and a name of this one alone


class ClaimLost(Exception):
    """The operation must not be sent by this try any more; nothing was."""


def boottime() -> float:
    """Seconds that pass also while the machine is suspended, and that no clock setting changes."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; elsewhere the wall clock tells too
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class Claim:
    """One try to send one operation.

    Attributes:
        at: when it was made, by the dashboard's clock.
        process: that sends, as ``PROCESS``.
        token: in the sender's name and in the mark that is left in the bucket.
    """

    operation_id: int
    at: datetime
    process: str
    token: str = field(default_factory=lambda: secrets.token_hex(6))
    booted: float = field(default_factory=boottime)

    @property
    def sender(self) -> str:
        """As the ledger names this try."""
        return f"{self.process}:{self.token}"

    def check(self, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        """To be called as the last thing before the request is on the wire.

        Raises:
            ClaimLost: it is too old, or somebody else has taken the operation over.
            LedgerError: it cannot be read.
        """
        if boottime() - self.booted > FRESH.total_seconds() or abs(clock() - self.at) > FRESH:
            raise ClaimLost("it took too long to be sent")
        if not ledger.is_sending(self.operation_id, self.sender):
            raise ClaimLost("another dashboard has taken it over")


def is_of(sender: str, process: str) -> bool:
    """Whether a try was made by a process."""
    return sender == process or sender.startswith(f"{process}:")


def has_ended(sender: str) -> bool:
    """Whether the process of a try is surely gone: one of this machine whose number is free."""
    host, _, rest = sender.partition(":")
    pid = rest.partition(":")[0]
    here = host == _HOST.partition(":")[0]
    return here and pid.isdecimal() and not _process_exists(int(pid))


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
