"""Processes for untrusted bytes and statements: how one is started, and how it confines itself.

It holds what it is handed and nothing else: no credentials in its environment, nothing else open.
It runs as the dashboard's user all the same: the limits are the kernel's for that process.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
NICENESS = 5  # somebody waits for it, but pictures go first
_VARIABLES = ("PATH", "LANG", "LD_LIBRARY_PATH")  # of the environment; credentials are not for it


def start_confined(
    program: str,
    *arguments: str,
    stdin: IO[bytes] | int,
    descriptors: Sequence[int] = (),
    variables: Sequence[str] = (),
) -> subprocess.Popen[bytes]:
    """Start a module of ours; it confines itself with ``confine`` once all is imported.

    Args:
        descriptors: of open files that it may use besides its standard ones.
        variables: names of those of the environment that it needs besides the usual ones.

    Raises:
        OSError: no memory, or too many processes.
    """
    return subprocess.Popen(
        [sys.executable, "-s", "-m", program, *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=descriptors,
        cwd=ROOT,
        env={name: os.environ[name] for name in (*_VARIABLES, *variables) if name in os.environ},
        start_new_session=True,  # Ctrl-C is for the dashboard
    )


def confine(memory: int, files: int, written: int = 0) -> None:
    """Give up what the work does not need.

    Args:
        memory: bytes of address space.
        files: descriptors that may be open.
        written: bytes that a file may have; a pipe is none.
    """
    for which, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, written),
        (resource.RLIMIT_NOFILE, files),
    ):
        resource.setrlimit(which, (most, most))
    os.nice(NICENESS)
