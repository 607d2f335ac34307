"""A question's body: a JSON object, within limits of length and time."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from starlette.requests import Request
from starlette.types import Message

from core.ui.server.routes.bodies import BadBody, read_json


def part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def read(*coming: Message, within_s: float = 60.0) -> dict[str, Any]:
    """What is read of these messages; after them nothing comes."""
    left = list(coming)

    async def receive() -> Message:
        if not left:
            await anyio.sleep_forever()
        return left.pop(0)

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    return anyio.run(read_json, request, 20, within_s)


def test_it_comes_in_parts() -> None:
    assert read(part(b'{"a": ', more=True), part(b"1}", more=False)) == {"a": 1}


@pytest.mark.parametrize(
    ("coming", "status"),
    [
        ([part(b"{", more=False)], 400),
        ([part(b"[1]", more=False)], 400),
        ([part(b"\xff", more=False)], 400),
        ([part(b"", more=False)], 400),
        ([part(b"{", more=True), {"type": "http.disconnect"}], 400),
        ([part(b'{"a": 1', more=True)], 408),
        ([part(b" " * 15, more=True), part(b" " * 15, more=True)], 413),
    ],
)
def test_what_cannot_be_answered_says_why(coming: list[Message], status: int) -> None:
    with pytest.raises(BadBody) as raised:
        read(*coming, within_s=0.05 if status == 408 else 60.0)
    assert raised.value.status == status


def test_a_thousand_brackets_are_no_question() -> None:
    request = Request({"type": "http", "method": "POST", "headers": []}, _whole(b"[" * 100_000))
    with pytest.raises(BadBody, match="no JSON"):
        anyio.run(read_json, request, 1_000_000)


def _whole(body: bytes) -> Any:
    async def receive() -> Message:
        return part(body, more=False)

    return receive
