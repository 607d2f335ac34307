"""Who may come in: whether sign-in is on, whole and closed to anybody else. No secret is shown."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.doctor.findings import Finding, Level
from core.settings import LEAST_COOKIE_SECRET, Settings

NAME = "Sign-in"
_SHARED = ("redirect_uri", "cookie_secret")
_PROVIDER = ("client_id", "client_secret", "server_metadata_url")
_CURE = "docs/deploy.md shows the whole section."


def sign_in(settings: Settings, env: Mapping[str, str]) -> Finding:
    """Streamlit's secrets, read as Streamlit reads them: the last file that has the section."""
    if settings.sign_in is False:
        return Finding(NAME, Level.OK, "off, as CONTACT_SHEET_SIGN_IN says")
    section: Mapping[str, Any] = {}
    where = Path()
    for path in _files(env):
        try:
            auth = tomllib.loads(path.read_text(encoding="utf-8")).get("auth")
        except FileNotFoundError:
            continue
        except (OSError, ValueError):  # its text is secret
            return Finding(NAME, Level.FAIL, "the secrets cannot be read", str(path), _CURE)
        if isinstance(auth, Mapping):
            section, where = auth, path
    if not section:
        if settings.sign_in:
            return Finding(NAME, Level.FAIL, "asked for and not configured", "[auth]", _CURE)
        return Finding(
            NAME, Level.OK, "off: the demo's guest" if settings.demo else "off: one user"
        )
    fault = _fault(section)
    if fault:
        return Finding(NAME, Level.FAIL, fault, f"{where}, [auth]", _CURE)
    if stat.S_IMODE(where.stat().st_mode) & 0o077:
        cure = f"Run: chmod 600 {where}"
        return Finding(NAME, Level.WARN, "others may read the secrets", str(where), cure)
    who = "members only" if settings.members else "everybody whom the provider lets in"
    what = f"on, for {who}; good for {settings.sign_in_hours:g} hours"
    return Finding(NAME, Level.OK, what, str(where))


def _files(env: Mapping[str, str]) -> list[Path]:
    if named := env.get("STREAMLIT_SECRETS_FILES", "").split():
        return [Path(name) for name in named]
    return [Path.home() / ".streamlit/secrets.toml", Path(".streamlit/secrets.toml")]


def _fault(section: Mapping[str, Any]) -> str:
    if find_spec("authlib") is None:
        return "Authlib is not installed"
    providers = {
        name: one
        for name, one in section.items()
        if isinstance(one, Mapping) and name != "client_kwargs"
    }
    if section.get("client_id") or not providers:
        providers["default"] = section
    missing = [key for key in _SHARED if not section.get(key)]
    for name, one in providers.items():
        said = "" if one is section else f"{name}."
        missing += [f"{said}{key}" for key in _PROVIDER if not one.get(key)]
    if missing:
        return f"not whole: {', '.join(missing)} missing"
    if len(str(section["cookie_secret"])) < LEAST_COOKIE_SECRET:
        return f"cookie_secret has fewer than {LEAST_COOKIE_SECRET} characters"
    if not str(section["redirect_uri"]).endswith("/oauth2callback"):
        return "redirect_uri does not end with /oauth2callback"
    return ""
