"""Streamlit's scripts go out compressed, and its page says where the server is."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.ui.server import front_end
from core.ui.server.front_end import FrontEnd, framed
from core.ui.server.missing_page import PAGES
from tests.kit.web.routes import sending

HINT = b"//# allFunctionsCalledOnLoad\n"
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
    if path.startswith("/static/css/"):
        return Response(SCRIPT, media_type="text/css")
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
        assert gzip.decompress(packed.body) == HINT + SCRIPT
    assert asked == ["/static/js/index.abc.js"]  # the second time it is not read again
    plain = ask("GET", "/static/js/index.abc.js")
    assert plain.body == SCRIPT and "content-encoding" not in plain.headers


@pytest.mark.parametrize("path", ["/static/css/index.abc.css", "/static/js/PlotlyChart.abc.js"])
def test_style_sheets_and_plotly_get_no_comment(path: str) -> None:
    assert gzip.decompress(ask("GET", path, headers=READS).body) == SCRIPT


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


STREAMLIT = Path(streamlit.__file__).parent / "static"
PRELOADED = re.compile(r'<link rel="modulepreload" crossorigin href="\./(static/js/[^"]+)">')


@pytest.mark.parametrize("path", ["/", *(f"/{page}" for page in PAGES)])
@pytest.mark.parametrize("charts", [False, True])
def test_scripts_that_a_page_asks_for_early_are_there_with_all_that_they_import(
    path: str, charts: bool
) -> None:
    own = (STREAMLIT / "index.html").read_bytes()
    asked_for = PRELOADED.findall(framed(own, path, charts=charts).decode())
    assert len(asked_for) == len(set(asked_for)) > own.count(b"modulepreload")
    names = {Path(address).name for address in asked_for}
    for address in asked_for:
        script = (STREAMLIT / address).read_text(encoding="utf-8")
        imported = set(re.findall(r"""(?:from|import)["'`]\./([\w.-]+\.js)["'`]""", script))
        entry = {name for name in imported if name.startswith("index.")}  # the page's own script
        assert imported - entry <= names, address
    for element in ("BidiComponent", "Html"):
        assert any(name.startswith(f"{element}.") for name in names), element


@pytest.mark.parametrize(
    ("address", "at_once", "later"),
    [
        ("/explore", False, True),  # its first tab has charts of our own
        ("/explore?prefix=gs://b/p/&tab=Labels", True, False),
        ("/compare", True, False),
        ("/report?tab=Labels", False, False),
    ],
)
def test_the_script_of_large_charts_waits_where_none_is_shown(
    address: str, at_once: bool, later: bool
) -> None:
    text = ask("GET", address, headers=READS).body.decode()
    assert any("/PlotlyChart." in name for name in PRELOADED.findall(text)) == at_once
    assert ('import(new URL("./static/js/PlotlyChart.' in text) == later


def test_placeholders_stand_still_from_the_first_one_on() -> None:
    """Streamlit's own name for them: another one would leave them moving."""
    text = framed(b"<html><script></script></html>", "/explore").decode()
    assert text.index('[data-testid="stSkeleton"] { animation: none') < text.index("<script")
    scripts = (STREAMLIT / "static" / "js").glob("index.*.js")
    assert any('"data-testid":`stSkeleton`' in path.read_text("utf-8") for path in scripts)


def test_elements_of_explore_are_known_to_this_streamlit() -> None:
    for elements in front_end._ELEMENTS.values():
        names = front_end._scripts(elements)
        assert all(any(name.startswith(f"{one}.") for name in names) for one in elements)


def test_an_element_that_streamlit_calls_otherwise_is_left_out() -> None:
    assert front_end._scripts(("NoSuchElement",)) == ()


def test_a_page_without_scripts_stays_as_it_is() -> None:
    assert framed(b"<p>nothing</p>", "/explore") == b"<p>nothing</p>"


def test_below_a_path_the_server_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_end, "base_path", lambda: "/sheet/x")
    assert b'BACKEND_BASE_URL: location.origin + "/sheet/x/"' in framed(b"<script>", "/")
