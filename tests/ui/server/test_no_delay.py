"""Connections of the web server do not hold small answers back."""

from __future__ import annotations

import asyncio
import socket

import pytest

from core.ui.server import resources, warm_up
from core.ui.server.no_delay import send_at_once


def accepted(listener: socket.socket) -> int:
    """``TCP_NODELAY`` of a connection that comes in."""
    with socket.create_connection(listener.getsockname(), timeout=30):
        server, _ = listener.accept()
        with server:
            return server.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.fixture
def listener() -> socket.socket:
    """As Streamlit binds it: not named as TCP, so that asyncio leaves Nagle's algorithm on."""
    one = socket.socket(socket.AF_INET)
    one.bind(("127.0.0.1", 0))
    one.listen()
    return one


def test_connections_of_a_listener_that_is_there_send_at_once(listener: socket.socket) -> None:
    unnamed, served = socket.socketpair()
    with listener, unnamed, served:
        assert not accepted(listener)
        send_at_once()
        assert accepted(listener)
        unnamed.send(b"x")
        assert served.recv(1) == b"x"  # other files stay as they were
        assert listener.getsockname()[1]


def test_the_web_server_begins_with_it(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in ("watch_media", "admit_public_host", "shared_hub"):
        monkeypatch.setattr(resources, other, lambda: None)
    monkeypatch.setattr(resources, "end_in_time", lambda _: None)
    monkeypatch.setattr(warm_up, "start", lambda: None)
    monkeypatch.setattr(resources.shared_hub, "clear", lambda: None, raising=False)

    async def serve() -> int:
        async with resources.lifespan(None):
            return accepted(listener)

    with listener:
        assert asyncio.run(serve())
