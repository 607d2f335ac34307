"""Who is let in: clients on this machine, and no web page in one of its browsers.

There is no token, since the official clients send none to an emulator. A browser names the page
that asks in ``Origin``, and how far away it is in ``Sec-Fetch-Site``, which no script can change; a
page that gives its own name our address (DNS rebinding) shows it in ``Host``. The port in ``Host``
is not looked at: a forwarded one is another, and a page cannot gain by it.
"""

from __future__ import annotations

from starlette.requests import Request

from core.engine.emulator.errors import ApiError

OWN_NAMES = ("127.0.0.1", "localhost")
# Whatever is opened in a browser stays without scripts and without an origin of its own.
ANSWER_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def check(request: Request) -> None:
    """Refuse what may come from a web page, before anything else is looked at.

    Raises:
        ApiError: 403.
    """
    hosts = request.headers.getlist("host")
    if len(hosts) != 1 or not _is_own(hosts[0]):
        raise _refused(f"the Host {', '.join(hosts)[:80]!r} is not this machine's own")
    if "origin" in request.headers:
        raise _refused("requests of web pages are not answered")
    if request.headers.get("sec-fetch-site", "none") != "none":
        raise _refused("requests of web pages are not answered")


def _is_own(host: str) -> bool:
    name, colon, port = host.strip().lower().rpartition(":")
    if not colon:
        name, port = port, ""
    return name in OWN_NAMES and (not colon or (port.isascii() and port.isdigit()))


def _refused(why: str) -> ApiError:
    return ApiError(403, "forbidden", f"Refused: {why}.")
