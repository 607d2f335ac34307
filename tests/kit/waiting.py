"""Waiting for what happens elsewhere, with an end."""

from __future__ import annotations

import time


def wait_until(condition: object, what: str, seconds: float = 120) -> None:
    """Poll a condition (a callable) until it holds; fails the test after so many seconds."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.1)
