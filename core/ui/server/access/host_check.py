"""Which hosts and origins the web server answers to, for every one of its addresses.

Streamlit asks for the host of its WebSocket alone, and takes sockets from pages of any port of this
machine. Here every request must name a host that is ours (DNS rebinding), and what can change
something must come from a page of our own origin, its port included, or from the public address.
"""

from __future__ import annotations

import logging
import os
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from core.errors import SettingsError
from core.settings import public_url

log = logging.getLogger("core.ui.host_check")
_SAFE = ("GET", "HEAD", "OPTIONS")
_REFUSED = (
    "This server does not answer to this host name, or not to pages of this origin. "
    "Its operator sets CONTACT_SHEET_PUBLIC_URL or STREAMLIT_SERVER_ALLOWED_HOSTS."
)


def public_origin() -> str:
    """Scheme, host and port of the public address; "" if none is set or it cannot be used."""
    try:
        parts = urlsplit(public_url(os.environ))
    except SettingsError:  # which the first page shows
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def admit_public_host() -> None:
    """Let Streamlit's own check of hosts take the public address as well."""
    name, known = urlsplit(public_origin()).hostname, config.get_option("server.allowedHosts")
    if name and known and name not in known:
        config.set_option("server.allowedHosts", [*known, name])


class HostCheck:
    """ASGI middleware: 400 for other hosts, 403 for other origins; sockets are closed with 403."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        refused = self._refusal(scope) if scope["type"] in ("http", "websocket") else 0
        if not refused:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = PlainTextResponse(_REFUSED, refused, headers={"Cache-Control": "no-store"})
            await answer(scope, receive, send)
        else:
            log.info("a WebSocket was refused: %s", _REFUSED)
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, scope: Scope) -> int:
        hosts, origins = _header(scope, b"host"), _header(scope, b"origin")
        if len(hosts) != 1 or not is_host_allowed(hosts[0]):
            return 400
        if scope["type"] == "http" and scope["method"] in _SAFE:
            return 0
        # No browser leaves the origin out; what is no browser could as well make one up.
        if not origins:
            return 0
        if len(origins) > 1 or not is_own_origin(origins[0], hosts[0]):
            return 403
        if scope["type"] == "websocket":
            # A proxy may ask under a name of its own. Streamlit compares the two once more.
            netloc = urlsplit(origins[0]).netloc.encode()
            others = [pair for pair in scope["headers"] if pair[0] != b"host"]
            scope["headers"] = [*others, (b"host", netloc)]
        return 0


def is_own_origin(origin: str, host: str) -> bool:
    """Whether a page of that origin is one of ours, if the request names that host.

    Args:
        host: the ``Host`` header, an allowed one.
    """
    public = public_origin()
    if public and origin == public:
        return True
    try:
        parts, ours = urlsplit(origin), urlsplit(public)
        if parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != origin:
            return False
        # A page of the public name without its TLS is not ours.
        return parts.netloc == host.lower() and (not public or parts.hostname != ours.hostname)
    except ValueError:
        return False


def _header(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


HOST_CHECK = Middleware(HostCheck)
