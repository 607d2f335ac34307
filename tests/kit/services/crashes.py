"""A dashboard that dies at a chosen call."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.jobs.ledger.ledger import Ledger
from core.jobs.sending.submission.submit_once import SETTLE
from core.jobs.service.connection import Connection
from tests.kit.services.jobs_rig import Rig

STEPS = {
    Ledger: ("add_job", "mark_uploaded", "claim", "move", "set_job", "plan_again", "refuse"),
    Connection: ("submit", "prepare_bucket", "check_ready"),
}


class Crash(BaseException):
    """The process is gone; nothing may catch this."""


@dataclass
class Fuse:
    """Lets a number of moments pass and then kills; a moment is just before or after a step."""

    left: int
    passed: list[str] = field(default_factory=list)

    def moment(self, name: str) -> None:
        self.passed.append(name)
        if self.left == 0:
            raise Crash(name)
        self.left -= 1


@contextmanager
def dying(fuse: Fuse, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for owner, names in STEPS.items():
            for name in names:
                patch.setattr(owner, name, _around(getattr(owner, name), name, fuse))
        yield


def _around(step: Callable[..., Any], name: str, fuse: Fuse) -> Callable[..., Any]:
    def around(*args: Any, **kwargs: Any) -> Any:
        fuse.moment(f"before {name}")
        result = step(*args, **kwargs)
        fuse.moment(f"after {name}")
        return result

    return around


def die(rig: Rig) -> None:
    """The process that was sending is no more; a new one takes over later."""
    rig.clock.forward(SETTLE.total_seconds() + 1)
    rig.become(f"{dead_process()}:new")


def dead_process() -> str:
    """Host and number of a process that has ended."""
    import socket

    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return f"{socket.gethostname()}:{child.pid}"
