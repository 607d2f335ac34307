"""Runs the REST side in a thread of the engine's process."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import uvicorn

from core.errors import EngineNotRunning

if TYPE_CHECKING:
    from starlette.applications import Starlette

START_S = 10.0
STOP_S = 5.0


class RestServer:
    """uvicorn on 127.0.0.1 alone. ``start``, then ``stop``."""

    def __init__(self, app: Starlette, port: int) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,  # the engine's own
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._port = port
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen, and return once requests are answered.

        Raises:
            EngineNotRunning: the port is taken, or the server does not come up.
        """
        # Named as TCP: asyncio turns off Nagle's algorithm for no other socket, and with it an
        # answer of head and body waits 40 ms for the client.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", self._port))
        except OSError as error:
            listener.close()
            raise EngineNotRunning(
                "The port for REST is taken", where=f"127.0.0.1:{self._port}", then=str(error)
            ) from error
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="rest", daemon=True
        )
        self._thread.start()
        end = time.monotonic() + START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise EngineNotRunning(
                    "The REST server did not start", where=f"127.0.0.1:{self._port}"
                )
            time.sleep(0.01)

    def stop(self) -> None:
        """End it; requests under way have a moment to be answered."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_S)
