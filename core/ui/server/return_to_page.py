"""Back to the page that a link named, after signing in; Streamlit itself opens the first page.

The browser says with the way to the provider which of our pages it comes from (``Referer``, which
``headers`` allows within this server alone). That is kept in a cookie while the person signs in,
and on the way back stands in for the first page. Only a page's path and query are ever kept, and
both are looked at again before they are used: nobody is sent to another server.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import SettingsError
from core.ui.server.access.identity import own_origin
from core.ui.server.gate import base_path, below_base

COOKIE = "contact_sheet_way_back"
KEPT_S = 600  # for signing in
LONGEST = 3000  # characters in the cookie; browsers take some 4,000
_PLACE = re.compile(r"/[a-z_]*(\?[!-~]*)?")  # one name: never "//host", never "/\host"


class WayBack:
    """ASGI middleware; see above."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and change the answer to going and coming back."""
        path = below_base(scope["path"]) if scope["type"] == "http" else ""
        if path not in ("/auth/login", "/oauth2callback"):
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        going = path == "/auth/login"

        async def send_changed(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                change = _remember if going else _lead_back
                message["headers"] = change(request, list(message.get("headers", [])))
            await send(message)

        await self._app(scope, receive, send_changed)


Headers = list[tuple[bytes, bytes]]


def _remember(request: HTTPConnection, headers: Headers) -> Headers:
    place = place_of(request.headers.get("referer", ""))
    return [*headers, *_cookie(place)]


def _lead_back(request: HTTPConnection, headers: Headers) -> Headers:
    target = unquote(request.cookies.get(COOKIE, ""))
    if not target:
        return headers
    first = f"{base_path()}/".encode()
    if _PLACE.fullmatch(target):
        place = f"{base_path()}{target}".encode()
        headers = [
            (name, place if name.lower() == b"location" and value == first else value)
            for name, value in headers
        ]
    return [*headers, *_cookie("")]


def place_of(address: str) -> str:
    """Path and query of one of our own pages; "" for any other address, and for the first page."""
    ours = _origin()
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if not ours or f"{parts.scheme}://{parts.netloc}" != ours:
        return ""
    place = below_base(parts.path) + (f"?{parts.query}" if parts.query else "")
    fits = _PLACE.fullmatch(place) and len(quote(place, safe="")) <= LONGEST
    return place if fits and place != "/" else ""


def _origin() -> str:
    try:
        return own_origin()
    except SettingsError:  # then there is no sign-in to come back from
        return ""


def _cookie(place: str) -> Headers:
    """The header that keeps a place; "" forgets it."""
    answer = Response()
    answer.set_cookie(
        COOKIE,
        quote(place, safe=""),
        max_age=KEPT_S if place else 0,
        path=base_path() or "/",
        secure=_origin().startswith("https:"),
        httponly=True,
        samesite="lax",  # the way back comes from the provider
    )
    return [(name, value) for name, value in answer.raw_headers if name == b"set-cookie"]


WAY_BACK = Middleware(WayBack)
