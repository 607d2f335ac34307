"""Opening a file that somebody chose: only a regular one, without waiting for what never comes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def kind_of(mode: int) -> str:
    """What an entry of a folder is, by its ``st_mode``, for people."""
    return _KINDS.get(stat.S_IFMT(mode), "something else")


def open_regular(path: Path) -> int:
    """A descriptor of a regular file; opening never waits, as it would for a pipe.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise OSError(0, f"It is {kind_of(mode)}, not a file")
    return descriptor
