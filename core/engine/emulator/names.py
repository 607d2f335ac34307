"""Which names of buckets and objects Cloud Storage takes; nothing here makes a path of one.

Sources: cloud.google.com/storage/docs/buckets#naming, cloud.google.com/storage/docs/objects#naming
"""

from __future__ import annotations

import re

from core.engine.emulator.errors import ApiError, invalid

MAX_OBJECT_NAME = 1024  # bytes of UTF-8
_PART = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


def check_new_bucket(name: object) -> str:
    """A bucket's name that may be created.

    Raises:
        ApiError: 400, saying which rule is broken.
    """
    if not isinstance(name, str) or not name:
        raise ApiError(400, "required", "Required: the bucket's name.")
    fault = ""
    longest = 222 if "." in name else 63
    if not 3 <= len(name) <= longest:
        fault = f"it has {len(name)} characters; 3 to {longest} are allowed"
    elif _ADDRESS.fullmatch(name):
        fault = "it looks like an IP address"
    elif not all(_PART.fullmatch(part) for part in name.split(".")):
        fault = (
            "only a-z, 0-9, dashes, underscores and dots are allowed, a letter or digit first and "
            "last, and at most 63 characters between dots"
        )
    elif name.startswith("goog") or "google" in name:
        fault = "names with 'google' in them, or 'goog' at their beginning, are reserved"
    if fault:
        raise invalid(f"Invalid bucket name: {name[:230]!r}: {fault}.")
    return name


def check_object(name: object) -> str:
    """An object's name as it is, white space and all.

    Raises:
        ApiError: 400, saying which rule is broken.
    """
    if not isinstance(name, str) or not name:
        raise ApiError(400, "required", "Required: the object's name.")
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise invalid("Invalid object name: it is not valid Unicode.") from None
    fault = ""
    if length > MAX_OBJECT_NAME:
        fault = f"it has {length} bytes; {MAX_OBJECT_NAME} are allowed"
    elif "\r" in name or "\n" in name:
        fault = "it has a line break"
    elif name in (".", ".."):
        fault = "'.' and '..' are no names"
    elif name.startswith(".well-known/acme-challenge/"):
        fault = "'.well-known/acme-challenge/' at its beginning is reserved"
    if fault:
        raise invalid(f"Invalid object name: {name[:80]!r}: {fault}.")
    return name
