"""Streamlit's scripts go out compressed, and its page says where the server is."""

from __future__ import annotations

import gzip

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.ui.server import front_end
from core.ui.server.front_end import FrontEnd, framed
from tests.kit.routes import sending

SCRIPT = b"const a = 1;\n" * 999
asked: list[str] = []  # paths that came through to Streamlit
PAGE = "<html><script>window.ready = false</script><script src='./x.js'></script></html>"


def answer(request: Request) -> Response:
    path = request.url.path
    asked.append(path)
    if path.endswith("missing.js"):
        return PlainTextResponse("none", status_code=404, media_type="text/javascript")
    if path.startswith("/static/js/"):
        return Response(SCRIPT, media_type="text/javascript", headers={"etag": '"1"'})
    if path.startswith("/static/"):
        return Response(SCRIPT, media_type="font/woff2")
    if path.startswith("/gallery"):
        return Response(SCRIPT, media_type="text/javascript")
    assert "accept-encoding" not in request.headers  # what is changed has to come as it is
    return HTMLResponse(PAGE, headers={"etag": '"2"'})


ask = sending(FrontEnd(Starlette(routes=[Route("/{rest:path}", answer)])))
READS = {"Accept-Encoding": "gzip, br"}


@pytest.fixture(autouse=True)
def no_request_before() -> None:
    asked.clear()


def test_a_script_is_compressed_for_who_can_read_it() -> None:
    for _ in range(2):  # made, and kept
        packed = ask("GET", "/static/js/index.abc.js", headers=READS)
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == "accept-encoding"
        assert int(packed.headers["content-length"]) == len(packed.body) < len(SCRIPT) / 10
        assert gzip.decompress(packed.body) == SCRIPT
    assert asked == ["/static/js/index.abc.js"]  # the second time it is not read again
    plain = ask("GET", "/static/js/index.abc.js")
    assert plain.body == SCRIPT and "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/static/js/missing.js", READS),
        ("/static/media/font.woff2", READS),
        ("/static/js/../secret.js", READS),
        ("/gallery/x.js", READS),
        ("/static/js/index.abc.js", {**READS, "Range": "bytes=0-9"}),
    ],
)
def test_nothing_else_is_changed(path: str, headers: dict[str, str]) -> None:
    for times in (1, 2):  # and none of it is kept
        assert "content-encoding" not in ask("GET", path, headers=headers).headers
        assert len(asked) == times


def test_a_script_that_is_kept_is_not_sent_for_a_part_of_it() -> None:
    for _ in range(2):
        ask("GET", "/static/js/kept.abc.js", headers=READS)
    assert len(asked) == 1
    for part in ({"Range": "bytes=0-9"}, {"If-None-Match": '"1"'}):
        ask("GET", "/static/js/kept.abc.js", headers={**READS, **part})
    assert len(asked) == 3


@pytest.mark.parametrize("path", ["/", "/explore", "/health"])
def test_a_page_says_where_its_server_is(path: str) -> None:
    shown = ask("GET", path, headers=READS)
    text = shown.body.decode()
    assert text.index("BACKEND_BASE_URL") < text.index("window.ready")
    assert "etag" not in shown.headers and int(shown.headers["content-length"]) == len(shown.body)
    assert ("PlotlyChart." in text) == (path == "/explore")


def test_a_page_without_scripts_stays_as_it_is() -> None:
    assert framed(b"<p>nothing</p>", "/explore") == b"<p>nothing</p>"


def test_below_a_path_the_server_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_end, "base_path", lambda: "/sheet/x")
    assert b'BACKEND_BASE_URL: location.origin + "/sheet/x/"' in framed(b"<script>", "/")
