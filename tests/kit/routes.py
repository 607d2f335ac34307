"""Asks our own routes as the web server does, without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import quote

import anyio
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Message


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


Get = Callable[[str], Answer]


def asking(routes: Sequence[Route]) -> Get:
    """Asks for a path, decoded as servers do it, and a query behind ``?``."""
    app = Starlette(routes=routes)

    def ask(address: str) -> Answer:
        path, _, query = address.partition("?")
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": quote(query, safe="=&%+").encode(),
            "headers": [],
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            sent.append(message)

        anyio.run(app, scope, receive, send)
        headers = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return Answer(sent[0]["status"], headers, b"".join(m["body"] for m in sent[1:]))

    return ask
