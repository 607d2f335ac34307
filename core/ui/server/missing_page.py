"""What the web server answers below a page's own address, where there is nothing, and at /submit.

Streamlit gives its front end there, which then looks for its server in the wrong place without end.
A page that is not there at all, such as ``/nothing``, it tells by itself.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from core.ui.server.gate import base_path

PAGES = ("submit", "operations", "explore", "compare", "report", "picture", "gallery", "health")
_TEXT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Page not found</title>
<body style="font-family: sans-serif; margin: 4rem auto; max-width: 40rem">
<h1>Page not found</h1><p>Contact Sheet has no page at this address. Pages have one name, such as
<a href="{base}/operations">operations</a>; what they show stands behind a question mark.</p>
<p><a href="{base}/">To the first page</a></p></body></html>"""


async def missing_page(_: Request) -> Response:
    """404, also for what Streamlit's front end asks for below a page before it finds its server."""
    return HTMLResponse(_TEXT.format(base=base_path()), status_code=404)


async def first_page(request: Request) -> Response:
    """Submit is the first page, which Streamlit shows at no address but the base path."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{base_path()}/{query}", status_code=307)


def routes(base: str) -> list[Route]:
    """The routes below a base path ("" without one)."""
    below = [Route(f"{base}/{page}/{{rest:path}}", missing_page) for page in PAGES]
    return [Route(f"{base}/submit", first_page), *below]
