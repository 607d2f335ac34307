"""Who is there: from Streamlit's session for pages, from the same signed cookie for other routes.

Streamlit signs people in by OpenID Connect and keeps what the provider said of them in a cookie
that only this server can sign. If sign-in is on and anything about it is not in order, nobody is
let in.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import streamlit as st
from starlette.requests import HTTPConnection
from streamlit import auth_util
from streamlit.errors import StreamlitAuthError
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from core.errors import NotAllowed, SettingsError
from core.jobs.ledger.access import ALONE, Visitor
from core.settings import LEAST_COOKIE_SECRET, Settings

DEFAULT = "default"  # Streamlit's name for the provider of [auth] itself
_WHERE = ".streamlit/secrets.toml, [auth]"


def is_on(settings: Settings) -> bool:
    """Whether people must sign in.

    Raises:
        SettingsError: the secrets cannot be read.
    """
    if settings.sign_in is not None:
        return settings.sign_in
    try:
        return bool(auth_util.get_secrets_auth_section())
    except Exception as error:
        # A file that cannot be read may well have the section: better nobody than everybody.
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> SettingsError:
    return SettingsError(
        "Streamlit's secrets cannot be read", where=_WHERE, then=f"It said: {error!r}"[:300]
    )


def providers() -> tuple[str, ...]:
    """Names of the providers that people may choose from.

    Raises:
        SettingsError: sign-in is not configured, or not wholly.
    """
    section = auth_util.get_secrets_auth_section()
    names = tuple(
        name
        for name, value in section.items()
        if isinstance(value, Mapping) and name != "client_kwargs"
    )
    if section.get("client_id") or not names:
        names = (DEFAULT, *names)
    if not auth_util.is_authlib_installed():
        raise SettingsError("Sign-in needs Authlib", then="Run: pip install 'streamlit[auth]'.")
    try:
        for name in names:
            auth_util.validate_auth_credentials(name)
    except StreamlitAuthError as error:
        raise SettingsError(
            "Sign-in is on and not configured", where=_WHERE, then=" ".join(str(error).split())
        ) from error
    if len(str(section["cookie_secret"])) < LEAST_COOKIE_SECRET:
        raise SettingsError(
            f"cookie_secret has fewer than {LEAST_COOKIE_SECRET} characters",
            where=_WHERE,
            then='Make one: python -c "import secrets; print(secrets.token_hex(32))".',
        )
    return names


def visitor_of_session(settings: Settings) -> Visitor | None:
    """Who looks at this page; None before they have signed in.

    Raises:
        SettingsError: sign-in is on and not in order.
        NotAllowed: they have signed in and are no member.
    """
    return _visitor(settings, st.user.to_dict)


def visitor_of_request(request: HTTPConnection, settings: Settings) -> Visitor | None:
    """Who asks for one of the web server's own addresses; None if nobody has signed in."""
    return _visitor(settings, lambda: _claims(request.cookies))


def _visitor(settings: Settings, read_claims: Any) -> Visitor | None:
    if not is_on(settings):
        return Visitor(read_only=True) if settings.demo else ALONE
    providers()
    claims: Mapping[str, Any] = read_claims()
    subject = subject_of(claims)
    if claims.get("is_logged_in") is not True or not subject:
        return None
    if not _is_recent(claims.get("iat"), settings.sign_in_hours):
        return None
    email = str(claims.get("email") or "")
    _check_member(settings.members, email, claims.get("email_verified"))
    return Visitor(
        subject=subject,
        name=str(claims.get("name") or claims.get("preferred_username") or email or claims["sub"])[
            :200
        ],
        email=email[:320],
        read_only=settings.demo,
    )


def subject_of(claims: Mapping[str, Any]) -> str:
    """Who somebody is, of what the provider said; "" if it did not say."""
    issuer, subject = claims.get("iss"), claims.get("sub")
    # An address has no space, so no two are written alike.
    return f"{issuer} {subject}" if issuer and subject else ""


def _is_recent(signed_in: object, hours: float) -> bool:
    """Whether the provider issued it (its ``iat``) lately; Streamlit asks for no more than 30 days.

    It is asked at every run of a page and every request, so that open windows end as well.
    """
    if isinstance(signed_in, bool) or not isinstance(signed_in, int | float):
        return False
    return time.time() - signed_in < 3600 * hours


def _check_member(members: tuple[str, ...], email: str, verified: object) -> None:
    if not members:
        return
    address = email.lower()
    known = address in members or f"@{address.rpartition('@')[2]}" in members
    # Some providers leave it out; one that says no means that anybody could have typed it.
    if not known or not address or verified in (False, "false"):
        raise NotAllowed(
            "This account may not use this dashboard",
            where=email[:320],
            then="Ask its operator to add it to CONTACT_SHEET_MEMBERS, or use another account.",
        )


def _claims(cookies: Mapping[str, str]) -> Mapping[str, Any]:
    """What Streamlit's cookie says of the person; empty if there is none of ours."""

    def part(name: str) -> bytes | None:
        value = cookies.get(name)
        if value is None:
            return None
        try:
            return decode_signed_value(get_cookie_secret(), name, value.encode("latin-1"))
        except UnicodeEncodeError:
            return None

    cookie = auth_util.get_cookie_with_chunks(part, USER_COOKIE_NAME)
    if cookie is None:
        return {}
    try:
        claims = json.loads(cookie)
    except ValueError:
        return {}
    # As for Streamlit's own sessions: a cookie of another of our addresses does not count.
    ours = isinstance(claims, dict) and bool(claims.get("origin"))
    return dict(claims) if ours and claims["origin"] == own_origin() else {}


def own_origin() -> str:
    """Scheme and host under which people reach this server; "" without sign-in.

    Raises:
        SettingsError: the secrets cannot be read.
    """
    try:
        return auth_util.get_origin_from_redirect_uri() or ""
    except Exception as error:
        raise _unreadable(error) from error
