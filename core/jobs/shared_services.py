"""What works for all jobs at once: the ledger, the connection, and what sends and polls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.jobs.ledger.ledger import Ledger
from core.jobs.sending.admission import Admission
from core.jobs.sending.polling import Poller
from core.jobs.sending.send_job import Sender
from core.jobs.sending.try_once import TryOnce
from core.jobs.service.connection import Connection


@dataclass(frozen=True, slots=True)
class Services:
    """What the runner and every visitor's ``Jobs`` share.

    Attributes:
        ledger: where jobs are kept.
        connect: gives the connection to use now; may raise ``BackendError`` or ``EngineError``.
        base: ``gs://bucket/folder/`` below which every job gets a folder of its own, with its
            uploads and results, unless the user chooses another place.
        clock: the current time, aware.
    """

    ledger: Ledger
    connect: Callable[[], Connection]
    base: str
    clock: Callable[[], datetime]
    admission: Admission
    poller: Poller
    sender: Sender
    once: TryOnce
