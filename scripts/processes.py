"""What Linux tells of processes; nothing of one that is gone."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """Processes that one has started."""
    # Each thread has a list of its own.
    pids: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            pids += map(int, path.read_text().split())
    return pids


def command(pid: int) -> str:
    """Its command line, with spaces between the words; "" if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def resident_mb(pid: int) -> float:
    """Resident memory; 0 if it is gone. Memory that processes share counts in each."""
    return _status_mb(pid, "VmRSS")


def own_mb(pid: int) -> float:
    """Resident memory without mapped files, which the system may drop at any time."""
    return _status_mb(pid, "RssAnon")


def _status_mb(pid: int, name: str) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
        return int(text.split(f"{name}:")[1].split()[0]) / 1000
    except (OSError, IndexError):
        return 0.0
