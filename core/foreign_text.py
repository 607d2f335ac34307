"""Text from outside as it is shown: names without what nobody sees, and the words of Google's
services, as they are quoted: whole, without accounts and paths."""

from __future__ import annotations

import re
import unicodedata

MOST_SAID = 800  # characters; what matters stands before
_ZWNJ, _ZWJ = "\u200c", "\u200d"
_VIRAMA = 9  # canonical combining class
# England, Scotland, Wales: a black flag, its letters as tags, and the tag that ends them.
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")
_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_VARIANT = "\ufe0f"  # of a sign that is also a letter: the coloured one


def visible(text: str, keep: str = "") -> str:
    """A text in which control characters and those that turn or hide others are spaces.

    What joins signs stays where it joins some: in emoji of several, and between letters of Indic
    scripts and of Persian, as RFC 5892 (appendix A) lets it into names.

    Args:
        keep: control characters that stay.

    >>> visible("a\u202eb\u200dc")
    'a b c'
    """
    flags = {n for one in _FLAG.finditer(text) for n in range(*one.span())}
    return "".join(
        c
        if c in keep or n in flags or unicodedata.category(c)[0] != "C" or _joins(text, n)
        else " "
        for n, c in enumerate(text)
    )


def shortened(text: str, most: int) -> str:
    """A text of at most ``most`` characters, cut with "…" between what people see as letters."""
    if len(text) <= most:
        return text
    end = most - 1
    while end and (_belongs(text[end]) or text[end - 1] == _ZWJ):
        end -= 1
    if text[end] in _FLAG_LETTERS:  # countries' flags are two letters each
        before = text[:end]
        end -= (len(before) - len(before.rstrip(_FLAG_LETTERS))) % 2
    return f"{text[:end].rstrip()}…" if end else "…"


def _belongs(character: str) -> bool:
    """Whether it is a part of the sign before it."""
    of_flag = "\U000e0020" <= character <= "\U000e007f"
    joiner = character in (_ZWNJ, _ZWJ, *_TONES)
    return unicodedata.category(character)[0] == "M" or joiner or of_flag


def _joins(text: str, place: int) -> bool:
    """Whether the character joins those beside it to one sign or word."""
    if text[place] not in (_ZWNJ, _ZWJ) or not 0 < place < len(text) - 1:
        return False
    before, after = text[place - 1], text[place + 1]
    if _VIRAMA in (unicodedata.combining(before), unicodedata.combining(after)):
        return True
    if text[place] == _ZWJ and _is_emoji(after):
        return before in (_VARIANT, *_TONES) or _is_emoji(before)
    return unicodedata.bidirectional(before) == unicodedata.bidirectional(after) == "AL"


def _is_emoji(character: str) -> bool:
    """Whether it may be a part of an emoji; other symbols are let pass, which hide nothing."""
    return unicodedata.category(character) in ("So", "Sm")


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
