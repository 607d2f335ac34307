"""Stands in for ``pictures.page_renderer_process`` in tests: does what the "file" tells it to do.

``GOOD`` pages are one red pixel; after a space stands a page at which it behaves badly.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable


def main(asked: dict[str, list[int]], order: str) -> None:
    """Answer, until the page that the order names."""
    deed, _, bad = order.partition(" ")
    for page in asked["pages"]:
        if bad and page != int(bad):
            answer(page)
        else:
            DEEDS[deed](page)


def answer(page: int, size: object = (1, 1), pixels: bytes = b"\xff\0\0") -> None:
    """One page."""
    header = {"page": page, "size": size, "stored": [10, 10], "orientation": 1}
    say(json.dumps(header).encode() + b"\n" + pixels)


def say(text: bytes) -> None:
    """Whatever bytes."""
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def for_ever(text: bytes) -> None:
    """Say so without end."""
    while True:
        say(text)


def fault(page: int, kind: str) -> None:
    """A page that cannot be drawn."""
    say(json.dumps({"page": page, "fault": kind}).encode() + b"\n")


def few(page: int) -> None:
    """An answer that breaks off."""
    answer(page, (100, 100), b"few")
    sys.exit(0)


def secrets(page: int) -> None:
    """Fault "locked" if it was handed any."""
    fault(page, "locked" if any("SECRET" in name for name in os.environ) else "none")


DEEDS: dict[str, Callable[[int], None]] = {
    "good": answer,
    "hang": lambda _: time.sleep(600),
    "die": lambda _: os.abort(),
    "end": lambda _: sys.exit(0),
    "junk": lambda _: say(b"\xff\0junk\n" * 100),
    "endless": lambda _: for_ever(b"x" * 65_536),
    "large": lambda page: answer(page, (100_000, 100_000)),
    "short": few,
    "other": lambda page: answer(page + 1),
    "size": lambda page: answer(page, "1x1"),
    "deep": lambda _: say(b"[" * 290 + b"\n"),
    "fault": lambda page: fault(page, "<b>"),
    "secrets": secrets,
}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.stdin.read(100))
