"""Asks our own routes as the web server does, without one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol
from urllib.parse import quote

import anyio
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Message


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


Get = Callable[[str], Answer]
Receive = Callable[[], Awaitable[Message]]


class Send(Protocol):
    """Asks with a body: its parts as they come, or what is received instead of them."""

    def __call__(
        self,
        method: str,
        address: str,
        *parts: bytes,
        headers: Mapping[str, str] | None = None,
        receive: Receive | None = None,
    ) -> Answer:
        """The answer."""


def asking(routes: Sequence[Route]) -> Get:
    """Asks for a path, decoded as servers do it, and a query behind ``?``."""
    send = sending(Starlette(routes=routes))
    return lambda address: send("GET", address)


def sending(app: ASGIApp) -> Send:
    """Asks an application in any way."""

    def ask(
        method: str,
        address: str,
        *parts: bytes,
        headers: Mapping[str, str] | None = None,
        receive: Receive | None = None,
    ) -> Answer:
        path, _, query = address.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "method": method,
            "path": path,
            "query_string": quote(query, safe="=&%+").encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
        }
        sent: list[Message] = []
        coming = list(parts)

        async def next_part() -> Message:
            body = coming.pop(0) if coming else b""
            return {"type": "http.request", "body": body, "more_body": bool(coming)}

        async def send(message: Message) -> None:
            sent.append(message)

        anyio.run(app, scope, receive or next_part, send)
        received = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return Answer(sent[0]["status"], received, b"".join(m["body"] for m in sent[1:]))

    return ask
