"""A TCP proxy on loopback that can be cut, held up, or made to reset its connections."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST


class Proxy:
    """Forwards whatever comes; threads that end with the process.

    Args:
        target: host and port to forward a new connection to; raises ``OSError`` if there is none.
    """

    def __init__(self, target: Callable[[], tuple[str, int]]) -> None:
        self._target = target
        self._flowing = threading.Event()
        self._flowing.set()
        self._cut = False
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self) -> None:
        """Nothing gets through, and nothing is said; ``mend`` delivers what has come meanwhile."""
        self._flowing.clear()

    def cut(self) -> None:
        """Every connection is reset, also each new one."""
        self._cut = True
        self.reset()

    def mend(self) -> None:
        """Everything gets through again."""
        self._cut = False
        self._flowing.set()

    def reset(self) -> None:
        """Every connection is reset; new ones are taken."""
        with self._lock:
            there, self._open = self._open, set()
        for one in there:
            _drop(one)

    def close(self) -> None:
        """Take no more connections, and end those there are."""
        self._server.close()
        self.reset()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            if self._cut:
                raise ConnectionResetError
            server = socket.create_connection(self._target(), timeout=5)
        except (OSError, ValueError):
            _drop(client)
            return
        server.settimeout(None)
        with self._lock:
            self._open |= {client, server}
        threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
        self._pump(server, client)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self._flowing.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            _drop(source)
            _drop(sink)


def _drop(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads from it
    one.close()
