"""Answers leave at once: Nagle's algorithm is off on the web server's connections.

asyncio turns it off by itself, but only for sockets that are named as TCP, and Streamlit's listener
is not (as uvicorn's own: Kludex/uvicorn#3149). With it an answer of head and body waits 40 ms for
the client's acknowledgement, and so does every small message of the socket that pages come by.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

_OPEN = Path("/dev/fd")  # this process's open files, by their numbers


def send_at_once() -> None:
    """Set ``TCP_NODELAY`` for all that this process listens on; accepted connections inherit it."""
    for number in [int(entry.name) for entry in _OPEN.iterdir()]:
        # Of files that are no TCP sockets the questions fail.
        with suppress(OSError), socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM) as one:
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
