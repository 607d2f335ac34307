"""Workers leave the cores to who else wants them, in other sessions too."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from core.engine.workers.worker import AUTOGROUP, NICE

# The session's leader is the engine; its child a worker.
SCRIPT = """
import os, sys
from pathlib import Path
from core.engine.workers.worker import AUTOGROUP, give_way
leader = os.getpid() if sys.argv[1] == "own" else -1
if os.fork() == 0:
    give_way(leader)
    sys.stdout.write(f"worker {os.getpriority(os.PRIO_PROCESS, 0)}\\n")
    sys.stdout.flush()
    os._exit(0)
os.wait()
print("engine", os.getpriority(os.PRIO_PROCESS, 0))
print(AUTOGROUP.read_text().split()[-1] if AUTOGROUP.exists() else "none")
"""


def niceness(session: str) -> list[str]:
    """Of a worker, of its engine, and of their session: ``worker N engine N N``.

    Args:
        session: "own" for one that the engine leads; "other" for somebody else's.
    """
    command = [sys.executable, "-c", SCRIPT, session]
    run = subprocess.run(
        command, start_new_session=True, check=True, stdout=subprocess.PIPE, text=True
    )
    return run.stdout.split()


def test_a_worker_gives_way_to_other_processes() -> None:
    said = niceness("other")
    assert int(said[1]) == min(19, int(said[3]) + NICE)


@pytest.mark.skipif(not os.access(AUTOGROUP, os.W_OK), reason="cores are shared by process alone")
def test_the_session_of_its_engine_gives_way_and_no_other() -> None:
    # Linux takes one such wish in a tenth of a second.
    assert any(niceness("own")[4] == str(NICE) for _ in range(5))
    assert niceness("other")[4] == "0"
