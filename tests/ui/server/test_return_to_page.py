"""After signing in, the page that a link named, and never another server."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote

import anyio
import pytest
from starlette.types import Message, Scope

from core.ui.server import return_to_page
from core.ui.server.return_to_page import COOKIE, WayBack, place_of

OURS = "https://sheet.example"


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(return_to_page, "own_origin", lambda: OURS)


@pytest.mark.parametrize("place", ["/explore?prefix=gs%3A%2F%2Fb%2F&label=a%20b", "/operations",
                                   "/explore?to=https://evil.example//x", "/?draft=1"])  # fmt: skip
def test_our_own_pages_are_kept(place: str) -> None:
    assert place_of(OURS + place) == place


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/explore",
        f"{OURS}/",
        f"{OURS}",
        "https://evil.example/explore",
        "http://sheet.example/explore",
        f"{OURS}.evil.example/explore",
        f"{OURS}@evil.example/explore",
        f"{OURS}:444/explore",
        f"{OURS}//evil.example/x",
        f"{OURS}/\\evil.example",
        f"{OURS}/explore/../x",
        f"{OURS}/media/x.png",
        f"{OURS}/explore?a\r\nSet-Cookie: x=1",
        f"{OURS}/explore?" + "x" * 4000,
        "https://[",
    ],
)
def test_nothing_else_is(address: str) -> None:
    assert place_of(address) == ""


def answer(path: str, headers: dict[str, str], location: str) -> list[tuple[str, str]]:
    response_headers: list[tuple[str, str]] = []

    async def behind(scope: Scope, receive: Any, send: Any) -> None:
        sent = [(b"location", location.encode()), (b"set-cookie", b"_streamlit_user=x")]
        await send({"type": "http.response.start", "status": 302, "headers": sent})

    async def send(message: Message) -> None:
        response_headers.extend(
            (name.decode(), value.decode()) for name, value in message["headers"]
        )

    async def receive() -> Message:
        return {"type": "http.request"}

    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    anyio.run(WayBack(behind), {"type": "http", "path": path, "headers": sent}, receive, send)
    return response_headers


def cookie_of(response_headers: list[tuple[str, str]]) -> Any:
    cookies = [SimpleCookie(value) for name, value in response_headers if name == "set-cookie"]
    return next((one[COOKIE] for one in cookies if COOKIE in one), None)


def test_there_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for base in ("", "/sheets"):
        monkeypatch.setattr(return_to_page, "base_path", lambda base=base: base)
        monkeypatch.setattr(return_to_page, "below_base", lambda path, base=base: path[len(base) :])
        page = {"referer": f"{OURS}{base}/explore?label=a%20b"}
        cookie = cookie_of(answer(f"{base}/auth/login", page, "https://id.example/authorize"))
        assert cookie["httponly"] and cookie["secure"] and cookie["samesite"] == "lax"
        assert (cookie["max-age"], cookie["path"]) == ("600", base or "/")
        back = {"cookie": f"{COOKIE}={cookie.coded_value}"}
        response_headers = answer(f"{base}/oauth2callback", back, f"{base}/")
        assert ("location", f"{base}/explore?label=a%20b") in response_headers
        assert ("set-cookie", "_streamlit_user=x") in response_headers
        assert cookie_of(response_headers)["max-age"] == "0"


@pytest.mark.parametrize("planted", ["//evil.example", "https://evil.example", "/a/b", "/\\x",
                                     "/explore?a\r\nx: y", "/explore?é"])  # fmt: skip
def test_a_planted_cookie_leads_nowhere(planted: str) -> None:
    response_headers = answer(
        "/oauth2callback", {"cookie": f"{COOKIE}={quote(planted, safe='')}"}, "/"
    )
    assert ("location", "/") in response_headers and cookie_of(response_headers)["max-age"] == "0"


def test_a_link_from_elsewhere_forgets_an_older_one() -> None:
    response_headers = answer(
        "/auth/login", {"referer": "https://evil.example/x"}, "https://id.example/"
    )
    assert cookie_of(response_headers)["max-age"] == "0"


def test_other_answers_stay_as_they_are() -> None:
    back = {"cookie": f"{COOKIE}={quote('/explore?x', safe='')}"}
    assert ("location", "https://id.example/") in answer(
        "/oauth2callback", back, "https://id.example/"
    )
    for path in ("/", "/explore", "/auth/logout"):
        assert cookie_of(answer(path, {**back, "referer": f"{OURS}/explore"}, "/")) is None
