"""A reverse proxy as many are set up: it asks the server behind it by that server's own name."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def host_proxy(port: int, behind: int, name: str) -> Iterator[None]:
    """Pass connections to ``port`` on; ``name`` in ``Host`` becomes the address of ``behind``."""
    there, here = f"\r\nHost: {name}\r\n".encode(), f"\r\nHost: 127.0.0.1:{behind}\r\n".encode()
    listening = socket.create_server(("127.0.0.1", port))

    def accept() -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = listening.accept()
                server = socket.create_connection(("127.0.0.1", behind))
                for ends in ((client, server, there, here), (server, client, b"", b"")):
                    threading.Thread(target=_pass_on, args=ends, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield
    finally:
        listening.close()


def _pass_on(source: socket.socket, sink: socket.socket, old: bytes, new: bytes) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece.replace(old, new) if old else piece)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
