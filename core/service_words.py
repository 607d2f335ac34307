"""The words of Google's services, as they are quoted: whole, without accounts and paths."""

from __future__ import annotations

import re

MOST_SAID = 800  # characters; what matters stands before


def said(error: BaseException) -> str:
    """The service's own words: without accounts, paths and request lines, cut only far behind."""
    text = message(error).replace("Getting metadata from plugin failed with error: ", "")
    text = scrubbed(" ".join(text.split()))
    text = text if len(text) <= MOST_SAID else f"{text[:MOST_SAID]} …"
    return f"The service said: {text}" if text else ""


def scrubbed(text: str) -> str:
    """Words of the service without accounts and without the paths of credentials files."""
    text = re.sub(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "The account", text)
    return re.sub(r"(?<![\w:/])(?:~|[A-Za-z]:\\|/)[\w.@~\\/-]*\.json\b", "the file", text)


def message(error: BaseException) -> str:
    """What the service said, without status, details and the request's line."""
    message = getattr(error, "message", None)
    if isinstance(message, str):  # of Cloud Storage, behind the request's line
        return re.sub(r"^(?:GET|POST|PUT|PATCH|DELETE|HEAD) https?://\S+: ", "", message)
    if isinstance(error, OSError) or not error.args:
        return str(error)
    return str(error.args[0])  # google-auth puts the whole answer behind it
