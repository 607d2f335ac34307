"""``streamlit``, with every question to the service noted in a file: for ``scripts.bench.load``.

Each line is the time and the operation's name. Nothing else differs from the real command.
"""

from __future__ import annotations

import os
import sys
import time
from functools import wraps

from streamlit.web.cli import main

from core.jobs.service.connection import Connection
from core.jobs.service.operation_status import OperationStatus

NOTES = "CONTACT_SHEET_BENCH_NOTES"


def note_questions() -> None:
    """Write a line for each call of ``Connection.status``."""
    asked = Connection.status
    notes = os.open(os.environ[NOTES], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    @wraps(asked)
    def status(self: Connection, name: str) -> OperationStatus:
        os.write(notes, f"{time.time()} {name}\n".encode())
        return asked(self, name)

    Connection.status = status  # type: ignore[method-assign]  # what this program is for


if __name__ == "__main__":
    note_questions()
    sys.exit(main())
