"""A database's URL as it may be shown: without a password, wherever it stands in it."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

SETTING = "CONTACT_SHEET_LEDGER_URL"
BLOT = "***"
_SPLIT = re.compile(r"[:/?#@&=\s]+")


def shown(url: str) -> str:
    """Host and database, or SQLite's whole URL; the setting's name if it is no URL."""
    scheme, separator, rest = url.encode(errors="replace").decode().partition("://")
    if not separator or not re.fullmatch(r"[\w+.-]+", scheme):
        return SETTING
    if scheme.startswith("sqlite"):
        return f"{scheme}://{rest.partition('?')[0]}"
    before = rest.partition("?")[0]
    if "@" in rest and "@" not in before:  # of a password, or of an option: nobody can tell
        return SETTING
    return rest.rpartition("@")[2].partition("?")[0] if "@" in before else before or SETTING


def secrets(url: str) -> tuple[str, ...]:
    """The password and options that may hold one, as they stand there and decoded, and their
    pieces: what a driver takes for a host may be half a password."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return (url,) if len(url) > 1 else ()
    if scheme.startswith("sqlite"):
        return ()
    user, at, _ = rest.rpartition("@")
    options = re.findall(r"(?i)[?&](?:[\w-]*(?:pass|secret|options)[\w-]*)=([^&]*)", rest)
    found_texts = [*(user.split(":", 1)[1:] if at else ()), *options]
    texts = {form for text in found_texts for form in (text, unquote_plus(text))}
    pieces = {piece for text in texts for piece in _SPLIT.split(text)}
    return tuple(sorted({t for t in texts | pieces if len(t) > 1}, key=len, reverse=True))


def blotted(text: str, secrets: tuple[str, ...]) -> str:
    """A driver's message without them."""
    for secret in secrets:
        text = text.replace(secret, BLOT)
    return text
