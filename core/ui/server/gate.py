"""The door before the web server's own addresses: what is not known to be harmless needs sign-in.

Pages themselves are guarded by ``server.resources``. Here it is about everything else the server
answers: pictures and files that pages have shown (``/media``), uploads, the gallery, components.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from anyio import to_thread
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from core.errors import ContactSheetError
from core.jobs.ledger.access import Visitor
from core.ui.server.access.media_owners import OWNERS
from core.ui.server.resources import who_asks

# The front end's own files and pages' addresses (which all give the same empty frame), the way to
# the provider and back, the health check, and the socket, whose scripts guard themselves.
_OPEN = re.compile(
    r"/[^/]*|/static/.*|/auth/(login|logout)|/_stcore/(health|host-config|stream)", re.DOTALL
)
_UPLOADS, _MEDIA = ("/_stcore/upload_file/", "/upload/"), "/media/"


class Gate:
    """ASGI middleware: 401 without a sign-in, 403 for uploads to the demo, and 404 for
    files of pages that were shown to others alone.

    Args:
        visitor: who asks; raises ``ContactSheetError`` if that is unknown.
    """

    def __init__(
        self, app: ASGIApp, visitor: Callable[[HTTPConnection], Visitor | None] = who_asks
    ) -> None:
        self._app = app
        self._visitor = visitor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        refused = 0
        if scope["type"] == "http":
            path = below_base(scope["path"])
            if _OPEN.fullmatch(path) is None:
                refused = await to_thread.run_sync(self._refusal, HTTPConnection(scope), path)
        if refused:
            headers = {"Cache-Control": "no-store"}
            answer = PlainTextResponse("", status_code=refused, headers=headers)
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, request: HTTPConnection, path: str) -> int:
        try:
            visitor = self._visitor(request)
        except ContactSheetError:
            return 401
        if visitor is None:
            return 401
        if path.startswith(_MEDIA) and visitor.subject:
            return 0 if OWNERS.may_fetch(path, visitor.subject) else 404
        return 403 if visitor.read_only and path.startswith(_UPLOADS) else 0


def below_base(path: str) -> str:
    """A path without Streamlit's ``server.baseUrlPath``."""
    base = base_path()
    if base and (path == base or path.startswith(f"{base}/")):
        return path[len(base) :] or "/"
    return path


def base_path() -> str:
    """Streamlit's ``server.baseUrlPath`` as ``/BASE``, or "" without one."""
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


GATE = Middleware(Gate)
