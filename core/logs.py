"""How every process of this project logs: one line an event, with ids, without secrets.

``CONTACT_SHEET_LOG`` is "keyvalue" (the default) or "json", ``CONTACT_SHEET_LOG_LEVEL`` a level of
Python's logging. Lines go to standard error. Whatever a text holds, it stays on its line, and what
looks like a password, token or signature is blotted out.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, quote_plus

from core.log_brake import BrakedHandler

FORMATS = ("keyvalue", "json")
BLOT = "***"
SHORTEST_SECRET = 6  # a shorter value is too likely to be a word of the text

_ids: ContextVar[Mapping[str, str]] = ContextVar("ids", default=MappingProxyType({}))
# The modules' own messages may begin with their ids: "operation=projects/... accepted".
_LEADING = re.compile(r"(operation|job|picture|feature)=(\S+) ?")
_NAMED_SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|PRIVATE|CREDENTIAL|API_?KEY", re.IGNORECASE)
_KEY = (
    r"(?:[\w.-]*(?:secret|passw(?:or)?d|passwd|passphrase|private[_-]?key|access[_-]?key|api[_-]?key"
    r"|credentials?|signature|token)(?:[_-](?:id|key|value))?|pwd|cookie|set-cookie|authorization"
    r"|proxy-authorization|x-goog-api-key|googleaccessid)"
)
_SECRETS = (
    # Of a URL's user: up to the last @ before the path ends, since passwords may hold one too.
    (
        re.compile(r"((?<![\w+.-])\w[\w+.-]*://[^\s:/@'\"]*:)[^\s'\"]{0,300}(?=@)"),
        r"\1" + BLOT,
    ),
    (
        re.compile(r"(?i)([?&;](?:X-Goog-\w+|X-Amz-\w+|sig|key|code|state)=)[^&\s'\"]+"),
        r"\1" + BLOT,
    ),
    (re.compile(r"(?i)\b(bearer|basic|digest|apikey|token)\s+[\w.~+/=:-]{6,}"), r"\1 " + BLOT),
    (re.compile(r"\bya29\.[\w-]+"), BLOT),  # Google's access tokens
    (re.compile(r"\b1//[\w-]{20,}"), BLOT),  # and what renews them
    (re.compile(r"\bAIza[\w-]{30,}"), BLOT),  # Google's API keys
    (re.compile(r"\bGOCSPX-[\w-]+"), BLOT),  # secrets of its OAuth clients
    (re.compile(r"\bGOOG[A-Z0-9]{4,}\b"), BLOT),  # access ids of Cloud Storage's HMAC keys
    (re.compile(r"\bA(?:K|S)IA[A-Z0-9]{12,}\b"), BLOT),  # of Amazon's
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.?[\w-]*"), BLOT),  # JSON web tokens
    (
        re.compile(r"-----BEGIN[A-Z ]*PRIVATE KEY-----.*?(?:-----END[A-Z ]*-----|$)", re.DOTALL),
        BLOT,
    ),
    # What is called by such a name: in quotes to their end, else to the next white space.
    (
        re.compile(
            rf"""(?ix) ( (?<![\w.-]) {_KEY} (?:\\*["'])? \s*[=:]\s* (?:[bru]+(?=["']))? )
            (?: \\+(?P<e>["']) .*? \\+(?P=e)
              | (?P<q>["']) (?:\\. | (?!(?P=q))[^\\])* (?P=q)?
              | (?!\*\*\*)(?:\\. | [^\s"'\\])+ )"""
        ),
        r"\1" + BLOT,
    ),
)


@contextmanager
def about(**ids: str) -> Iterator[None]:
    """Lines logged within carry these ids, but for empty ones: ``about(job=..., picture=...)``."""
    token = _ids.set({**_ids.get(), **{name: text for name, text in ids.items() if text}})
    try:
        yield
    finally:
        _ids.reset(token)


def fields(**values: str | float) -> dict[str, Any]:
    """What one line says by name, for the ``extra`` of a logging call; empty texts are left out.

    >>> log.info("accepted", extra=fields(job="j", pictures=3))  # doctest: +SKIP
    """
    return {"fields": {name: value for name, value in values.items() if value != ""}}


def adopt(name: str) -> None:
    """Let a library that has its own format write our lines instead."""
    library = logging.getLogger(name)
    library.handlers.clear()
    library.propagate = True


def set_up(env: Mapping[str, str] | None = None) -> None:
    """Make the root logger write our lines; a second call changes format and level only."""
    env = os.environ if env is None else env
    root = logging.getLogger()
    ours = [one for one in root.handlers if isinstance(one.formatter, LineFormatter)]
    handler = ours[0] if ours else BrakedHandler(sys.stderr)
    handler.setFormatter(
        LineFormatter(as_json=env.get("CONTACT_SHEET_LOG") == "json", secrets=_values(env))
    )
    level = env.get("CONTACT_SHEET_LOG_LEVEL", "INFO").upper()
    root.setLevel(level if level in logging.getLevelNamesMapping() else "INFO")
    if not ours:
        root.addHandler(handler)
    # Requests with their queries, and each step of a connection: never of use here.
    for noisy in ("urllib3", "google.auth", "httpx", "asyncio", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def unknown(env: Mapping[str, str]) -> list[str]:
    """Variables of ours whose values ``set_up`` does not know, and takes for the usual ones."""
    level = env.get("CONTACT_SHEET_LOG_LEVEL", "INFO").upper()
    wrong = {
        "CONTACT_SHEET_LOG": env.get("CONTACT_SHEET_LOG", FORMATS[0]) not in FORMATS,
        "CONTACT_SHEET_LOG_LEVEL": level not in logging.getLevelNamesMapping(),
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]


def _values(env: Mapping[str, str]) -> tuple[str, ...]:
    secrets = [value for name, value in env.items() if _NAMED_SECRET.search(name)]
    # A path to a file of credentials is no secret itself.
    long = [value for value in secrets if len(value) >= SHORTEST_SECRET and value[0] not in "/.~"]
    # As it is, in an address, in JSON, and as bytes are shown.
    forms = [
        (v, quote(v, safe=""), quote_plus(v), json.dumps(v)[1:-1], repr(v)[1:-1]) for v in long
    ]
    return tuple(sorted({form for of in forms for form in of}, key=len, reverse=True))


class LineFormatter(logging.Formatter):
    """One event as one line.

    Args:
        as_json: a JSON object; else ``time level=... logger=... key=value message``.
        secrets: values that must not be logged, wherever they come up.
    """

    def __init__(self, *, as_json: bool = False, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._as_json = as_json
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        message = record.getMessage()
        ids: dict[str, str | float] = {**_ids.get(), **getattr(record, "fields", {})}
        while match := _LEADING.match(message):
            ids[match[1]] = match[2]
            message = message[match.end() :]
        line: dict[str, str | float] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            **{n: self._blotted(v) if isinstance(v, str) else v for n, v in ids.items()},
            "message": self._blotted(message),
        }
        if record.exc_info:
            line["fault"] = self._blotted(self.formatException(record.exc_info))
        if self._as_json:
            return json.dumps(line)  # ASCII: no control character and no line end gets through
        time, said = line.pop("time"), str(line.pop("message"))
        words = [f"{name}={_word(str(value))}" for name, value in line.items()]
        fault = words.pop() if record.exc_info else ""
        return " ".join(filter(None, [str(time), *words, _escaped(said), fault]))

    def _blotted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        for pattern, instead in _SECRETS:
            text = pattern.sub(instead, text)
        return text


def _word(text: str) -> str:
    """As it is if it is one plain word, else in quotes."""
    return text if re.fullmatch(r"[\w./:@#+-]+", text, re.ASCII) else json.dumps(text)


def _escaped(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
