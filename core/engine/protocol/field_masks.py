"""Partial responses: ``fields=`` of REST, ``X-Goog-FieldMask`` of REST and gRPC.

Names as in JSON or in the .proto; ``a.b`` and ``a/b`` go down, ``a(b,c)`` groups, ``*`` is every
field (cloud.google.com/apis/docs/system-parameters). The words of refusals are those that users of
several Google APIs report.
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf import any_pb2, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from core.engine.refusals import Refused, quoted

MAX_DEPTH = 50
MAX_LENGTH = 4000  # each * of a path multiplies what it means
_NAME = re.compile(r"\*|[A-Za-z0-9_@-]+")
_ANY = any_pb2.Any.DESCRIPTOR.full_name

Path = tuple[str, ...]
Tree = dict[str, Any]  # field -> the tree inside it; None for the whole field


class FieldMask:
    """The fields of a response that a client wants.

    Args:
        text: as it was sent; empty for the whole response.
        kind: what the response is.

    Raises:
        Refused: the text is no mask, or names a field that is not there.
    """

    def __init__(self, text: str, kind: Descriptor) -> None:
        self._tree: Tree = {}
        for path in _paths(text) if text.strip() else ():
            try:
                resolved = _resolved(path, kind)
            except KeyError as error:
                shown = quoted(".".join(path))
                raise _refusal(text, f"Cannot find matching fields for path '{shown}'.") from error
            for one in resolved:
                _insert(self._tree, one)

    def apply(self, message: Any) -> None:
        """Clear what is not wanted."""
        if self._tree:
            _apply(self._tree, message)


def _apply(tree: Tree, message: Any) -> None:
    if message.DESCRIPTOR.full_name == _ANY:
        _apply_inside(tree, message)
        return
    for field, value in message.ListFields():
        names = [name for name in (field.name, field.json_name, "*") if name in tree]
        if not names:
            message.ClearField(field.name)
        elif tree[names[0]] is not None and not field.message_type.GetOptions().map_entry:
            for part in [value] if isinstance(value, Message) else value:
                _apply(tree[names[0]], part)


def _apply_inside(tree: Tree, packed: Any) -> None:
    pool = packed.DESCRIPTOR.file.pool
    try:
        inside = message_factory.GetMessageClass(pool.FindMessageTypeByName(packed.TypeName()))()
    except KeyError:
        return  # of an unknown kind: its parts cannot be named
    packed.Unpack(inside)
    _apply(tree, inside)
    packed.Pack(inside)


def _insert(tree: Tree, path: Path) -> None:
    for name in path[:-1]:
        inside: Tree | None = tree.setdefault(name, {})
        if inside is None:
            return  # the whole of it is wanted already
        tree = inside
    tree[path[-1]] = None


def _resolved(path: Path, kind: Descriptor) -> list[Path]:
    """The path by the names of the .proto; several where it has a ``*``."""
    if kind.full_name == _ANY:
        return [path]  # what is packed is known when it is there
    name, *rest = path
    fields = [field for field in kind.fields if name in ("*", field.name, field.json_name)]
    paths: list[Path] = []
    for field in fields:
        if not rest:
            paths.append((field.name,))
        elif field.message_type is not None:
            try:
                inner = _resolved(tuple(rest), field.message_type)
            except KeyError:
                continue  # of the fields meant by a * some may do
            paths += [(field.name, *one) for one in inner]
    if not paths:
        raise KeyError(name)
    return paths


def _paths(text: str) -> list[Path]:
    """Every path of a mask with its groups resolved."""
    stack: list[Path] = [()]
    paths: list[Path] = []
    path: Path = ()
    place, after_name = 0, False
    compact = re.sub(r"\s+", "", text)
    if len(compact) > MAX_LENGTH:
        raise _refusal(text, f"It is longer than {MAX_LENGTH} characters.")
    while place < len(compact):
        sign = compact[place]
        match = _NAME.match(compact, place)
        if match and not after_name and len(path) < MAX_DEPTH:
            path, place, after_name = (*path, match[0]), match.end(), True
            continue
        if sign in "./" and after_name and compact[place - 1] != ")":
            after_name = False
        elif sign == "(" and after_name and compact[place - 1] != ")":
            stack.append(path)
            after_name = False
        elif sign in ",)" and after_name and len(stack) > (sign == ")"):
            if compact[place - 1] != ")":
                paths.append(path)
            if sign == ")":
                stack.pop()
            path, after_name = stack[-1], sign == ")"
        else:
            break
        place += 1
    if place < len(compact) or not after_name or len(stack) > 1:
        raise _refusal(text, f"Syntax error at '{quoted(compact[place:], 40)}'.")
    return paths if compact.endswith(")") else [*paths, path]


def _refusal(text: str, why: str) -> Refused:
    violation = (quoted(text, 300), f"Error expanding 'fields' parameter. {why}")
    return Refused("Request contains an invalid argument.", violations=[violation])
