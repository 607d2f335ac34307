"""A request's JSON -> its message; what is wrong with it is said of each field, as Google does.

``json_format`` alone says it in words of its own, and takes any text for base64.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from core.engine.refusals import Refused, Violation, quoted

MAX_DEPTH = 100  # of JSON; real requests have less than 10
MAX_VIOLATIONS = 20
# With or without padding, of either alphabet; line breaks as `base64` writes them.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_INTEGER = re.compile(r"-?[0-9]+(\.0+)?")
_INVALID = "Invalid JSON payload received."


def parse(text: str, message: Any) -> None:
    """Fill ``message``.

    Raises:
        Refused: with a violation for each field that is wrong.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique) if text.strip() else {}
    except RecursionError as error:
        raise _refused([("", f"{_INVALID} It is nested too deeply.")]) from error
    except ValueError as error:
        raise _refused([("", f"{_INVALID} {quoted(error, 300)}")]) from error
    if not isinstance(value, dict):
        why = f'{_INVALID} Unknown name "": Root element must be a message.'
        raise _refused([("", why)])
    violations = []
    for violation in _faults(value, message.DESCRIPTOR, ""):
        violations.append(violation)
        if len(violations) == MAX_VIOLATIONS:
            break
    if violations:
        raise _refused(violations)
    try:
        json_format.ParseDict(value, message, max_recursion_depth=MAX_DEPTH)
    except (json_format.ParseError, ValueError, RecursionError) as error:
        raise _refused([("", f"{_INVALID} {quoted(error, 500)}")]) from error


def _refused(violations: list[Violation]) -> Refused:
    message = "\n".join(description for _, description in violations)
    return Refused(message, violations=violations)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'The name "{quoted(twice)}" stands twice in one object.')
    return unique


def _faults(value: dict[str, Any], kind: Any, path: str) -> Iterator[Violation]:
    known = {name: field for field in kind.fields for name in (field.name, field.json_name)}
    for name, inner in value.items():
        field = known.get(name)
        if field is None:
            yield _unknown(name, path, "Cannot find field.")
        elif inner is None:
            continue
        elif field.message_type is not None and field.message_type.GetOptions().map_entry:
            continue  # labels: texts by name
        elif field.is_repeated:
            if isinstance(inner, list):
                for place, one in enumerate(inner):
                    yield from _fault(one, field, f"{_joined(path, field.name)}[{place}]")
        elif isinstance(inner, list):
            yield _unknown(name, path, "Proto field is not repeating, cannot start list.")
        else:
            yield from _fault(inner, field, _joined(path, field.name))


def _fault(value: Any, field: FieldDescriptor, path: str) -> Iterator[Violation]:
    if field.message_type is not None:
        if isinstance(value, dict):
            yield from _faults(value, field.message_type, path)
        elif value is not None:
            yield _invalid(value, f"type.googleapis.com/{field.message_type.full_name}", path)
    elif field.type == FieldDescriptor.TYPE_BYTES:
        if not isinstance(value, str) or not _is_base64(value):
            shown = quoted(value)
            why = f"Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed for \"{shown}\""
            yield path, why
    elif field.enum_type is not None:
        if not _is_enum(value, field.enum_type):
            yield _invalid(value, f"type.googleapis.com/{field.enum_type.full_name}", path)
    elif field.type == FieldDescriptor.TYPE_INT32 and not (
        isinstance(value, (int, float, str)) and _INTEGER.fullmatch(str(value))
    ):
        yield _invalid(value, "TYPE_INT32", path)


def _is_base64(text: str) -> bool:
    compact = "".join(text.split())
    if _BASE64.fullmatch(compact) is None:
        return False
    length = len(compact.rstrip("="))
    return length % 4 != 1 and (length == len(compact) or len(compact) % 4 == 0)


def _is_enum(value: Any, kind: Any) -> bool:
    if isinstance(value, str) and value in kind.values_by_name:
        return True
    # Any number: whether it means something is said by name later.
    return isinstance(value, (int, str)) and _INTEGER.fullmatch(str(value)) is not None


def _unknown(name: str, path: str, why: str) -> Violation:
    where = f" at '{path}'" if path else ""
    return path, f'{_INVALID} Unknown name "{quoted(name)}"{where}: {why}'


def _invalid(value: Any, kind: str, path: str) -> Violation:
    shown = f'"{quoted(value)}"' if isinstance(value, str) else quoted(json.dumps(value))
    return path, f"Invalid value at '{path}' ({kind}), {shown}"


def _joined(path: str, name: str) -> str:
    name = name.rstrip("_")  # of the generated type_, which is type in the .proto
    return f"{path}.{name}" if path else name
