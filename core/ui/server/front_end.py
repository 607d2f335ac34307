"""Streamlit's front end as browsers get it: compressed, and told where its server is.

Streamlit serves its scripts as they are, 7.5 MB for a page with charts; a third is left of them. On
a deep link its front end looks for the server below the page's own path first, in vain; and it asks
for the scripts of an element only when the first one has come, and then for what those import.

A browser reads the functions of a script when they are first called, by then on the thread that
draws the page. ``_HINT`` has Chromium compile them in the background, while they arrive
(WICG/explicit-javascript-compile-hints-file-based); elsewhere it is a comment. Not those of plotly,
most of which are never called: compiling all takes so long that a second load waits for it.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

import streamlit
from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.ui.server.gate import base_path, below_base
from core.ui.server.missing_page import PAGES

_SCRIPT = re.compile(r"/static/(?:js|css)/[\w.-]+\.(?:js|css)")  # their names hold their hash
_HINTED = re.compile(r"/static/js/(?!PlotlyChart\.)[\w.-]+\.js")
_FRAME = re.compile(rf"/(?:{'|'.join(PAGES)})?")
# Elements that a page always shows, as Streamlit calls their scripts.
_ELEMENTS = {
    "/explore": ("BidiComponent", "Html", "Selectbox", "PageLink", "TextInput"),
    "/compare": ("PlotlyChart", "BidiComponent", "Html", "Selectbox", "PageLink"),
}
_CHARTS = ("PlotlyChart",)  # of Explore's other tabs: its first one has charts of our own
# Their script is fetched and read when the page stands and nothing moves: sooner it would make the
# first chart wait, later the first chart of another tab.
_LATER = """  <script>
    addEventListener("load", () => setTimeout(() => {{
      const take = () => import(new URL("./static/js/{name}", document.baseURI)).catch(() => null);
      window.requestIdleCallback ? requestIdleCallback(take) : take();
    }}, 3000));
  </script>
  """
_USUAL = ("BidiComponent", "Html")
_IMPORTS = re.compile(r"""(?:from|import)["']\./([\w.-]+\.js)["']""")
_HEAD = 20_000  # characters of a script in which all of its imports stand
_HINT = b"//# allFunctionsCalledOnLoad\n"
_LEVEL = 6
_MOST_CACHED = 500  # compressed scripts; Streamlit has fewer
_PARTS = {"range", "if-none-match", "if-modified-since"}  # asked for less than the whole
_CHANGED = ("content-length", "etag", "last-modified", "accept-ranges")
_WHERE = """<script>
      window.__streamlit = {{ ...window.__streamlit, BACKEND_BASE_URL: location.origin + {path} }};
    </script>
    """
# Placeholders that pulse 60 times a second take their processor time from what they stand for.
_STILL = """<style>[data-testid="stSkeleton"] { animation: none !important; }</style>
    """
# Without a base path of our own a proxy may still have put something before the page's name.
_PATH = f"location.pathname.replace(/(?<=\\/)(?:{'|'.join(PAGES)})?\\/*$/, '')"


class FrontEnd:
    """ASGI middleware around Streamlit's own files."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._cached: dict[str, tuple[Message, ...]] = {}  # answers of scripts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer scripts compressed where the browser can read that, and pages with ``_WHERE``."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        path, asked = below_base(scope["path"]), Headers(scope=scope)
        if _FRAME.fullmatch(path):
            asked_for = parse_qs(scope["query_string"].decode("latin-1"))
            tab = path == "/explore" and "tab" in asked_for
            whole = _Whole(send, lambda body: framed(body, path, charts=tab), "")
        elif _SCRIPT.fullmatch(path) and _readable(asked):
            if path in self._cached:  # read and compressed before: Streamlit need not be asked
                for message in self._cached[path]:
                    await send(dict(message))
                return
            whole = _Whole(send, _hinted if _HINTED.fullmatch(path) else _compress, "gzip")
        else:
            await self._app(scope, receive, send)
            return
        # What comes is changed, so it has to come as it is.
        headers = [(k, v) for k, v in scope["headers"] if k != b"accept-encoding"]
        await self._app({**scope, "headers": headers}, receive, whole)
        if whole.encoding and whole.sent and len(self._cached) < _MOST_CACHED:
            self._cached[path] = whole.sent


def _readable(asked: Headers) -> bool:
    """Whether all of a script can be sent compressed."""
    return "gzip" in asked.get("accept-encoding", "") and not _PARTS & set(asked.keys())


def _compress(body: bytes) -> bytes:
    return gzip.compress(body, _LEVEL, mtime=0)


def _hinted(body: bytes) -> bytes:
    return _compress(_HINT + body)


def framed(page: bytes, path: str, *, charts: bool = False) -> bytes:
    """Streamlit's page with what it cannot know by itself before its first script.

    Elements' scripts are named after its own, without which nothing of them runs.

    Args:
        charts: whether Explore opens with another tab than its first.
    """
    before, script, after = page.partition(b"<script")
    if not script:
        return page
    own, head, rest = after.partition(b"</head>")
    base = base_path()
    first = _STILL + _WHERE.format(path=json.dumps(f"{base}/") if base else _PATH)
    named = page.decode(errors="replace")
    elements = (*_ELEMENTS.get(path, _USUAL), *_CHARTS * charts)
    at_once = _scripts(tuple(dict.fromkeys(elements)))
    last = "".join(
        f'  <link rel="modulepreload" crossorigin href="./static/js/{name}">\n  '
        for name in at_once
        if name not in named
    )
    if path == "/explore" and not charts:
        last += "".join(_LATER.format(name=name) for name in _scripts(_CHARTS)[:1])
    return b"".join((before, first.encode(), script, own, last.encode(), head, rest))


@cache
def _scripts(elements: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the scripts that draw elements, and of all that these import.

    None of an element that this Streamlit calls otherwise.
    """
    folder = Path(streamlit.__file__).parent / "static" / "static" / "js"
    names = [path.name for name in elements for path in sorted(folder.glob(f"{name}.*.js"))]
    for name in names:  # which grows meanwhile
        with (folder / name).open(encoding="utf-8") as script:
            imported = _IMPORTS.findall(script.read(_HEAD))
        names += [other for other in dict.fromkeys(imported) if other not in names]
    return tuple(names)


class _Whole:
    """Collects an answer's body and sends it changed; other answers than 200 pass as they are.

    Attributes:
        sent: the changed answer; () while there is none.
    """

    def __init__(self, send: Send, change: Callable[[bytes], bytes], encoding: str) -> None:
        self._send, self._change, self.encoding = send, change, encoding
        self.sent: tuple[Message, ...] = ()
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        """Take one message of the answer."""
        if message["type"] == "http.response.start" and self._changes(message):
            self._start = message
        elif self._start is None or message["type"] != "http.response.body":
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self._start)

    def _changes(self, message: Message) -> bool:
        headers = Headers(raw=message.get("headers", []))
        kind = headers.get("content-type", "")
        wanted = "javascript" in kind or "css" in kind if self.encoding else "html" in kind
        return message["status"] == 200 and wanted and "content-encoding" not in headers

    async def _finish(self, start: Message) -> None:
        body = await to_thread.run_sync(self._change, self._body)
        headers = MutableHeaders(raw=list(start.get("headers", [])))
        if self.encoding:
            headers["content-encoding"] = self.encoding
            headers.add_vary_header("accept-encoding")
            del headers["accept-ranges"]
        else:
            for name in _CHANGED:  # the file's own; what is sent differs from it
                del headers[name]
        headers["content-length"] = str(len(body))
        begin = {**start, "headers": headers.raw}
        self.sent = (begin, {"type": "http.response.body", "body": body})
        for message in self.sent:
            await self._send(dict(message))


FRONT_END = Middleware(FrontEnd)
