"""Who is let in: settings, secrets, members, and the door before the server's addresses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from starlette.requests import HTTPConnection
from starlette.types import Message, Scope
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from core.errors import NotAllowed, SettingsError
from core.jobs.ledger.access import ALONE, Visitor
from core.settings import Settings
from core.ui.server import gate
from core.ui.server.access import identity

ORIGIN = "http://127.0.0.1:8501"
ADA = {
    "iss": "https://id.example",
    "sub": "7",
    "name": "Ada",
    "email": "Ada@example.org",
    "origin": ORIGIN,
    "is_logged_in": True,
    "iat": int(time.time()),
}
SECTION = {
    "redirect_uri": f"{ORIGIN}/oauth2callback",
    "cookie_secret": "0" * 32,
    "client_id": "a",
    "client_secret": "b",
    "server_metadata_url": "https://id.example/.well-known/openid-configuration",
}
Configure = Callable[..., None]


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Stand in for Streamlit's secrets file."""
    from streamlit.runtime.secrets import AttrDict, Secrets

    def use(**changed: Any) -> None:
        section = {k: v for k, v in {**SECTION, **changed}.items() if v is not None}
        auth = {"auth": AttrDict(section)}
        monkeypatch.setattr(Secrets, "load_if_toml_exists", lambda _: True)
        monkeypatch.setattr(Secrets, "get", lambda _, key, default=None: auth.get(key, default))

    return use


def settings(**env: str) -> Settings:
    return Settings.from_env({f"CONTACT_SHEET_{name}": value for name, value in env.items()})


def asks(claims: dict[str, Any], *, signed_by: str = "") -> HTTPConnection:
    secret = signed_by or get_cookie_secret()
    value = create_signed_value(secret, USER_COOKIE_NAME, json.dumps(claims)).decode()
    cookie = f"{USER_COOKIE_NAME}={value}".encode()
    return HTTPConnection({"type": "http", "headers": [(b"cookie", cookie)]})


def who(claims: dict[str, Any], **env: str) -> Visitor | None:
    return identity.visitor_of_request(asks(claims), settings(**env))


def test_without_secrets_there_is_one_user_or_the_demo() -> None:
    nobody = HTTPConnection({"type": "http", "headers": []})
    assert identity.visitor_of_request(nobody, settings()) == ALONE
    guest = identity.visitor_of_request(nobody, settings(DEMO="1"))
    assert guest is not None and guest.read_only and not guest.unrestricted


def test_sign_in_without_secrets_lets_nobody_in() -> None:
    with pytest.raises(SettingsError, match="Sign-in is on and not configured"):
        who(ADA, SIGN_IN="1")


@pytest.mark.parametrize("missing", ["client_id", "cookie_secret", "redirect_uri"])
def test_half_a_configuration_lets_nobody_in(configure: Configure, missing: str) -> None:
    configure(**{missing: None})
    with pytest.raises(SettingsError, match="not configured"):
        who(ADA)


def test_cookie_secret_must_not_be_guessed(configure: Configure) -> None:
    configure(cookie_secret="xxx")
    with pytest.raises(SettingsError, match="fewer than 32"):
        who(ADA)


def test_person_is_the_issuers_own_id(configure: Configure) -> None:
    configure()
    ada = who(ADA)
    assert ada is not None and not ada.alone and not ada.unrestricted
    assert (ada.subject, ada.name, ada.email) == ("https://id.example 7", "Ada", "Ada@example.org")
    elsewhere = who({**ADA, "iss": "https://other.example"})
    assert elsewhere is not None and elsewhere.subject != ada.subject


@pytest.mark.parametrize(
    "changed",
    [
        {"is_logged_in": False},
        {"is_logged_in": "yes"},
        {"sub": ""},
        {"iss": None},
        {"origin": "http://evil.example"},
        {"origin": ""},
        {"iat": None},
        {"iat": True},
        {"iat": "2026-11-25"},
    ],
)
def test_doubtful_cookie_is_nobody(configure: Configure, changed: dict[str, Any]) -> None:
    configure()
    assert who({**ADA, **changed}) is None


def test_a_sign_in_ends(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    configure()
    hour, begun = 3600, int(time.time())
    for env, lasts in (({}, 168), ({"SIGN_IN_HOURS": "12"}, 12), ({"SIGN_IN_HOURS": "0.5"}, 0.5)):
        for later, welcome in ((lasts * hour - 60, True), (lasts * hour + 60, False)):
            monkeypatch.setattr(
                "core.ui.server.access.identity.time.time", lambda at=begun + later: at
            )
            assert (who({**ADA, "iat": begun}, **env) is not None) is welcome


def test_cookie_of_another_server_is_nobody(configure: Configure) -> None:
    configure()
    assert identity.visitor_of_request(asks(ADA, signed_by="1" * 32), settings()) is None


def test_only_members_are_let_in(configure: Configure) -> None:
    configure()
    for members in ("ada@example.org", "bob@x.org, @example.org"):
        assert who(ADA, MEMBERS=members) is not None
    for members, changed in (
        ("bob@example.org", {}),
        ("@ple.org", {}),
        ("@example.org", {"email_verified": False}),
        ("@example.org", {"email": None}),
    ):
        with pytest.raises(NotAllowed, match="may not use"):
            who({**ADA, **changed}, MEMBERS=members)


@pytest.mark.parametrize("name", ["SIGN_IN", "DEMO", "MEMBERS"])
def test_doubtful_setting_opens_no_door(name: str) -> None:
    with pytest.raises(SettingsError, match=f"CONTACT_SHEET_{name}"):
        settings(**{name: "yes please"})


def status(path: str, visitor: Visitor | None) -> int:
    """What the door answers; 200 is the application behind it."""
    answers: list[int] = []

    async def behind(scope: Scope, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answers.append(message["status"])

    async def receive() -> Message:
        return {"type": "http.request"}

    door = gate.Gate(behind, lambda _: visitor)
    scope = {"type": "http", "path": path, "headers": [], "method": "GET"}
    anyio.run(door, scope, receive, send)
    return answers[0]


def test_door_is_shut_to_a_sign_in_that_is_over(configure: Configure) -> None:
    configure()
    for age, expected in ((0, 200), (8 * 24 * 3600, 401)):
        claims = {**ADA, "iat": int(time.time()) - age}
        assert status("/gallery/t/cells/v/0", who(claims)) == expected


def test_door_is_shut_to_all_that_is_not_known_to_be_harmless() -> None:
    signed_in, guest = Visitor("i s"), Visitor(read_only=True)
    for path in ("/", "/explore", "/healthz", "/static/js/a.js", "/_stcore/health", "/auth/login"):
        assert status(path, None) == 200
    for path in ("/gallery/t/cells/v/0", "/component/a/b", "/_stcore/metrics"):
        assert status(path, None) == 401
        assert status(path, signed_in) == status(path, guest) == 200
    assert status("/_stcore/agent/interact", None) == 401
    assert [status("/media/a.png", one) for one in (None, signed_in, guest)] == [401, 404, 200]
    for upload in ("/_stcore/upload_file/session/file", "/upload/t/d/file", "/upload/t/d/known"):
        assert [status(upload, one) for one in (None, guest, signed_in)] == [401, 403, 200]
