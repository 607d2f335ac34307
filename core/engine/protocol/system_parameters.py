"""The parameters that every Google API takes, over REST in the query or in headers.

Source: cloud.google.com/apis/docs/system-parameters and the parameters of Vision's discovery
document. Everything else in a query must be a field of the request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite

from core.engine.refusals import Refused, Violation, quoted

# Taken and not needed: nobody signs in to this engine, and nobody pays for it.
_NOT_NEEDED = {
    *("key", "$key", "access_token", "oauth_token", "quotaUser", "$quotaUser", "$userProject"),
    *("uploadType", "upload_protocol", "$apiVersion"),
}
_BOOLEANS = {"true": True, "1": True, "": True, "false": False, "0": False}
_NOT_HERE = {
    "callback": "JSONP would let any web page read what this engine answers",
    "$callback": "JSONP would let any web page read what this engine answers",
    "$ct": "a web page could pass its content type off as another; send the header Content-Type",
}


@dataclass(slots=True)
class Parameters:
    """How an answer is wanted.

    Attributes:
        binary: as a serialised protobuf instead of JSON.
        numbers: enums as numbers instead of names.
        pretty: JSON with line breaks.
        error_format: 1 has the list ``errors`` too.
        fields: a field mask; empty for the whole response.
        timeout: seconds that the client waits; None if it does not say.
        request: what is left of the query: fields of the request.
    """

    binary: bool = False
    numbers: bool = False
    pretty: bool = True
    error_format: int = 2
    fields: str = ""
    timeout: float | None = None
    request: dict[str, str] = field(default_factory=dict)


def read(
    query: Iterable[tuple[str, str]], headers: Mapping[str, str], known: Collection[str]
) -> Parameters:
    """The parameters of one request.

    Args:
        known: fields of the request that its query may have.

    Raises:
        Refused: one is unknown, or its value is.
    """
    parameters = Parameters()
    violations: list[Violation] = []
    for name, value in query:
        if name in known:
            parameters.request[name] = value
        elif not _taken(parameters, name, value):
            shown = quoted(name)
            why = f"Cannot bind query parameter. Field '{shown}' could not be found in request"
            description = f'Invalid JSON payload received. Unknown name "{shown}": {why} message.'
            violations.append(("", description))
    if violations:
        raise Refused("\n".join(why for _, why in violations), violations=violations)
    parameters.fields = parameters.fields or headers.get("x-goog-fieldmask", "")
    parameters.timeout = _timeout(headers.get("x-server-timeout", ""))
    return parameters


def _taken(parameters: Parameters, name: str, value: str) -> bool:
    if name in _NOT_HERE:
        raise Refused(f"{name} is not answered by the local engine: {_NOT_HERE[name]}.")
    bare = name.removeprefix("$")
    if bare == "alt":
        _alt(parameters, value)
    elif bare == "fields":
        parameters.fields = f"{parameters.fields},{value}" if parameters.fields and value else value
    elif bare == "prettyPrint":
        if value.lower() not in _BOOLEANS:
            raise _invalid("prettyPrint", "TYPE_BOOL", value)
        parameters.pretty = _BOOLEANS[value.lower()]
    elif name == "$.xgafv":
        if value not in ("1", "2"):
            raise _invalid("$.xgafv", "TYPE_ENUM", value)
        parameters.error_format = int(value)
    else:
        return name in _NOT_NEEDED
    return True


def _alt(parameters: Parameters, value: str) -> None:
    kind, *options = value.split(";")
    if kind in ("media", "sse"):
        raise Refused(f"alt={kind} is for downloads and streams; this method has neither.")
    if kind not in ("", "json", "proto"):
        raise _invalid("alt", "TYPE_ENUM", value)
    parameters.binary = kind == "proto"
    parameters.numbers = "enum-encoding=int" in options


def _timeout(value: str) -> float | None:
    if not value.strip():
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not isfinite(seconds) or seconds < 0:
        raise _invalid("X-Server-Timeout", "TYPE_DOUBLE", value)
    return seconds


def _invalid(name: str, kind: str, value: str) -> Refused:
    return Refused(f"Invalid value at '{name}' ({kind}), \"{quoted(value)}\"", field=name)
