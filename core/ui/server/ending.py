"""Ctrl-C and SIGTERM end the process in time, whatever hangs in one of its threads.

The web server waits for answers under way, and Python for the threads that read for them; a read
from a dead network file system may never come back. Nothing is lost by not waiting: what is under
way is in the ledger and in the engine's journal, and goes on at the next start.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

log = logging.getLogger("core.ui.ending")
# Somebody at a terminal waits 5 s at most, a container runtime 10 s before it kills.
SECONDS = {signal.SIGINT: 4.0, signal.SIGTERM: 8.0}
# Once the interpreter takes itself apart no thread of it runs any more: then the kernel ends it.
AFTERWARDS_S = 0.6


def end_in_time(at_last: Callable[[], None]) -> None:
    """From now on a signal to end starts the clock, besides what it did before.

    Args:
        at_last: called before the process is given up; must not wait for anything.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # only there can signals be handled; the server is somebody else's then
    for number in SECONDS:
        _chain(number, at_last)


def _chain(number: signal.Signals, at_last: Callable[[], None]) -> None:
    before = signal.getsignal(number)

    def handle(signum: int, frame: FrameType | None) -> None:
        clock = threading.Thread(target=_end, args=(number, at_last), name="ending", daemon=True)
        clock.start()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, SECONDS[number] + AFTERWARDS_S)
        if callable(before):
            before(signum, frame)

    signal.signal(number, handle)


def _end(number: signal.Signals, at_last: Callable[[], None]) -> None:
    time.sleep(SECONDS[number])
    names = sorted({thread.name for thread in threading.enumerate() if thread.name != "ending"})
    with suppress(Exception):
        log.warning("ends without waiting for its threads: %s", ", ".join(names))
    with suppress(Exception):
        at_last()
    with suppress(Exception):
        sys.stderr.flush()
    os._exit(128 + number)
