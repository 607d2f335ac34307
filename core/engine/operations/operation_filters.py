"""The ``filter`` of ListOperations -> a condition on the store's table.

The grammar is google.aip.dev/160's, for what an operation has: comparisons with ``=``, ``!=``,
``<``, ``<=``, ``>``, ``>=`` and ``:``, ``NOT`` or ``-``, ``AND`` (or nothing) between terms,
``OR``, which binds closer, and parentheses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.engine.operations.records import State
from core.engine.refusals import Refused, quoted

MAX_TERMS = 50
_TOKEN = re.compile(
    r"""\s*( "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*'
        | <= | >= | != | [=<>:()-] | [^\s=<>!:()"']+ )""",
    re.VERBOSE,
)
_COMPARISONS = {"=", "!=", "<", "<=", ">", ">=", ":"}
_EQUAL = {"=": "=", ":": "=", "!=": "!="}
# Fields by both of their names -> columns. ``output_uri`` is ours: it finds an operation whose
# name was lost.
_TIMES = {
    "metadata.createTime": "created",
    "metadata.create_time": "created",
    "metadata.updateTime": "updated",
    "metadata.update_time": "updated",
}
_TEXTS = {"name": "name", "output_uri": "output_uri", "outputUri": "output_uri"}
_DONE = f"state IN ({State.DONE:d}, {State.CANCELLED:d})"


@dataclass(frozen=True, slots=True)
class Condition:
    """A WHERE clause of our own texts alone, and the values that it compares with."""

    sql: str = "TRUE"
    values: tuple[Any, ...] = ()


def condition(text: str) -> Condition:
    """What a filter asks for; everything if it is empty.

    Raises:
        Refused: it cannot be read, or names a field that operations do not have.
    """
    tokens: list[str] = []
    place = 0
    text = text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _refused(text)
        tokens.append(match[1])
        place = match.end()
    if not tokens:
        return Condition()
    reader = _Parser(text, tokens)
    parsed = reader.terms()
    if reader.tokens:
        raise _refused(text)
    return parsed


class _Parser:
    def __init__(self, text: str, tokens: list[str]) -> None:
        self.tokens = tokens
        self._text = text
        if len(tokens) > 4 * MAX_TERMS:
            raise _refused(text)

    def terms(self) -> Condition:
        """Terms joined by AND, up to a closing parenthesis or the end."""
        terms = [self._alternatives()]
        while self.tokens and self.tokens[0] != ")":
            if self.tokens[0] == "AND":
                self._take()
            terms.append(self._alternatives())
        return _joined(" AND ", terms)

    def _alternatives(self) -> Condition:
        terms = [self._term()]
        while self.tokens and self.tokens[0] == "OR":
            self._take()
            terms.append(self._term())
        return _joined(" OR ", terms)

    def _term(self) -> Condition:
        first = self._take()
        if first in ("NOT", "-"):
            inner = self._term()
            return Condition(f"NOT ({inner.sql})", inner.values)
        if first == "(":
            inner = self.terms()
            if self._take() != ")":
                raise _refused(self._text)
            return inner
        if not self.tokens or self.tokens[0] not in _COMPARISONS:
            return self._compared(first, "=", "true")
        sign, value = self._take(), self._take()
        while self.tokens and self.tokens[0] == ":":  # of a time or a URI without quotes
            value += self._take() + self._take()
        if "*" in value and value[0] not in "\"'":
            raise _refused(self._text)  # a pattern, which is not looked for here
        return self._compared(first, sign, _unquoted(value))

    def _take(self) -> str:
        if not self.tokens:
            raise _refused(self._text)
        return self.tokens.pop(0)

    def _compared(self, field: str, sign: str, value: str) -> Condition:
        if field in _TIMES:
            return Condition(f"{_TIMES[field]} {'=' if sign == ':' else sign} ?", (_time(value),))
        if sign not in _EQUAL:
            raise _refused(self._text)
        equal = _EQUAL[sign]
        if field == "done" and value in ("true", "false"):
            return Condition(_DONE if (value == "true") == (equal == "=") else f"NOT {_DONE}")
        if field == "metadata.state":
            return Condition(f"state {equal} ?", (_state(value),))
        if field in _TEXTS:
            return Condition(f"{_TEXTS[field]} {equal} ?", (value,))
        raise _refused(self._text)


def _joined(word: str, terms: list[Condition]) -> Condition:
    if len(terms) == 1:
        return terms[0]
    sql = word.join(f"({term.sql})" for term in terms)
    return Condition(sql, tuple(value for term in terms for value in term.values))


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] in "\"'" else value


def _state(value: str) -> int:
    if value in State.__members__:
        return State[value].value
    if value.isdecimal() and len(value) < 4:
        return int(value)
    names = ", ".join(State.__members__)
    raise Refused(
        f"Invalid filter: no metadata.state is called {quoted(value)}; they are {names}.",
        field="filter",
    )


def _time(value: str) -> float:
    try:
        time = datetime.fromisoformat(value)
    except ValueError as error:
        raise Refused(
            f'Invalid filter: "{quoted(value)}" is no time like "2026-01-31T12:00:00Z".',
            field="filter",
        ) from error
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _refused(text: str) -> Refused:
    return Refused(f"Invalid filter: {quoted(text, 200)}", field="filter")
