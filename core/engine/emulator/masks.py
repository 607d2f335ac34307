"""The ``fields`` parameter: which parts of an answer are wanted.

Source: cloud.google.com/storage/docs/json_api#partial-response
"""

from __future__ import annotations

import re
from typing import Any

from core.engine.emulator.errors import invalid

Mask = dict[str, Any]  # a name and what of it is wanted; an empty one means all of it
_TOKEN = re.compile(r"[^,/()\s]+|[,/()]")


def parse(text: str) -> Mask:
    """``items(name,size),nextPageToken`` or ``items/name``.

    Raises:
        ApiError: 400, it cannot be read.
    """
    tokens = _TOKEN.findall(text)
    mask = _several(tokens, text)
    if tokens:
        raise _bad(text)
    return mask


def _several(tokens: list[str], text: str) -> Mask:
    mask: Mask = {}
    while True:
        place = mask
        while True:
            if not tokens or tokens[0] in ",/()":
                raise _bad(text)
            place = place.setdefault(tokens.pop(0), {})
            if not tokens or tokens[0] != "/":
                break
            tokens.pop(0)
        if tokens and tokens[0] == "(":
            tokens.pop(0)
            place.update(_several(tokens, text))
            if not tokens or tokens.pop(0) != ")":
                raise _bad(text)
        if not tokens or tokens[0] != ",":
            return mask
        tokens.pop(0)


def apply(mask: Mask, content: Any) -> Any:
    """What is wanted of an answer; names that it does not have are passed over."""
    if not mask or ("*" in mask and not mask["*"]):
        return content
    if isinstance(content, list):
        return [apply(mask, item) for item in content]
    if not isinstance(content, dict):
        return content
    every = mask.get("*")
    wanted = {key: mask.get(key, every) for key in content if key in mask or every is not None}
    return {key: apply(inner or {}, content[key]) for key, inner in wanted.items()}


def _bad(text: str) -> Exception:
    return invalid(f"Invalid field selection {text[:80]!r}")
