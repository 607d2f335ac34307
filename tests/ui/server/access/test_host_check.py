"""Hosts and origins that are not ours get nothing, whatever they ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from starlette.types import Message, Scope
from streamlit import config

from core.errors import SettingsError
from core.settings import Settings, public_url
from core.ui.server.access.host_check import HostCheck, admit_public_host

OWN = "127.0.0.1:8501"
PUBLIC = "https://sheet.example.org/sheet/x"


@pytest.fixture(autouse=True)
def hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("CONTACT_SHEET_PUBLIC_URL", raising=False)
    before = config.get_option("server.allowedHosts")
    config.set_option("server.allowedHosts", ["127.0.0.1", "localhost"])
    yield
    config.set_option("server.allowedHosts", before)


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTACT_SHEET_PUBLIC_URL", PUBLIC)
    admit_public_host()


def ask(
    kind: str, host: str | None, origin: str | None = None, path: str = "/media/a.png"
) -> tuple[int, str]:
    """Status (101 for a socket that is passed on), and the host that the server behind it sees."""
    seen: list[Any] = []

    async def behind(scope: Scope, receive: Any, send: Any) -> None:
        seen.append(dict(scope["headers"])[b"host"].decode())
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Message) -> None:
        if message["type"] != "http.response.body":
            seen.append(message.get("status", 403))

    async def receive() -> Message:
        return {"type": "http.request"}

    headers = [(b"host", host.encode())] if host is not None else []
    headers += [(b"origin", origin.encode())] if origin is not None else []
    protocol = "websocket" if kind == "WS" else "http"
    scope = {"type": protocol, "path": path, "headers": headers, "method": kind}
    anyio.run(HostCheck(behind), scope, receive, send)
    status = next((n for n in seen if isinstance(n, int)), 101)
    return status, next((text for text in seen if isinstance(text, str)), "")


@pytest.mark.parametrize("kind", ["GET", "POST", "PUT", "WS"])
@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "[::1"],
)
@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/media/a.png", "/gallery/t/cells/v/0", "/upload/t/d/file"]
)
def test_other_hosts_are_refused_everywhere(kind: str, host: str | None, path: str) -> None:
    assert ask(kind, host, path=path)[0] in (400, 403)


def test_our_own_pages_get_through() -> None:
    for host in (OWN, "localhost:8501", "127.0.0.1"):
        for kind in ("GET", "POST", "WS"):
            assert ask(kind, host, f"http://{host}")[0] in (200, 101)
            assert ask(kind, host)[0] in (200, 101)  # no browser
    assert ask("GET", OWN, "http://evil.example")[0] == 200  # CORS keeps the page from reading it


@pytest.mark.parametrize("kind", ["PUT", "POST", "DELETE", "WS"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:9999",  # another program of this machine
        "http://localhost:8501",
        "http://127.0.0.1",
        "https://evil.example",
        "null",
        "file://",
        "ftp://127.0.0.1:8501",
        "http://127.0.0.1:8501.evil.example",
        "http://127.0.0.1:8501@evil.example",
        "http://127.0.0.1:8501/path",
        "http://[::1",
        "",
    ],
)
def test_pages_of_other_origins_are_refused(kind: str, origin: str) -> None:
    assert ask(kind, OWN, origin)[0] == 403


def test_the_public_address_is_ours_too(public: None) -> None:
    origin = "https://sheet.example.org"
    assert ask("GET", "sheet.example.org")[0] == 200
    # A proxy passes the host on, or asks under a name of its own.
    for host in ("sheet.example.org", OWN):
        assert ask("WS", host, origin) == (101, "sheet.example.org")
        assert ask("PUT", host, origin)[0] == 200
    assert ask("WS", OWN, f"http://{OWN}") == (101, OWN)
    for other in ("http://sheet.example.org", f"{origin}:8443", "https://other.example.org"):
        assert ask("WS", "sheet.example.org", other)[0] == 403


def test_without_it_the_name_must_be_allowed_and_the_host_passed_on() -> None:
    config.set_option("server.allowedHosts", ["sheet.example.org"])
    assert ask("WS", "sheet.example.org", "https://sheet.example.org")[0] == 101
    assert ask("WS", OWN, "https://sheet.example.org")[0] == 403


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", ""),
        ("https://sheet.example.org/", "https://sheet.example.org"),
        ("HTTPS://Sheet.Example.org:443/Sheet/x/", "https://sheet.example.org/Sheet/x"),
        ("http://localhost:80", "http://localhost"),
        ("https://example.org:8443/a-b", "https://example.org:8443/a-b"),
    ],
)
def test_public_addresses(text: str, read: str) -> None:
    env = {"CONTACT_SHEET_PUBLIC_URL": text}
    assert public_url(env) == read == Settings.from_env(env).public_url


@pytest.mark.parametrize(
    "text",
    [
        "sheet.example.org",
        "ftp://example.org",
        "https://ada:secret@example.org",
        "https://example.org/?a=b",
        "https://example.org/#x",
        "https://exa mple.org",
        "https://example.org/../x y",
        "https://",
        "javascript:alert(1)",
        "https://*.example.org",
    ],
)
def test_what_is_no_public_address_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="CONTACT_SHEET_PUBLIC_URL") as caught:
        public_url({"CONTACT_SHEET_PUBLIC_URL": text})
    assert "secret" not in str(caught.value)
