"""Text made comparable: case, accents, punctuation and line breaks fall away.

What is left are words between single spaces, with a space at either end: then a whole word, the
beginning of one, and a phrase are all plain substrings (" tax ", " rec", " thank you "). Between
characters of scripts that write no spaces, such as Chinese, Japanese and Thai, spaces and line
breaks mean nothing and fall away too.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache
from typing import NamedTuple

# Latin, Greek and Cyrillic accents; the marks of other scripts spell, and stay.
_ACCENTS = re.compile("[\u0300-\u036f]+")
# Letters that have no decomposition, but that are typed without their stroke.
_STROKES = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "ŧ": "t", "æ": "ae", "œ": "oe"}
)
# Han, kana, Thai, Lao, Tibetan, Burmese and Khmer: written without spaces.
_UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"  # spaced, but particles cling to words
WITHIN = re.compile(f"[{_UNSPACED}{_HANGUL}]")  # found within words: there are no whole ones
_SPACELESS = re.compile(f"[{_UNSPACED}]")
_GLUED = re.compile(f"(?<=[{_UNSPACED}]) (?=[{_UNSPACED}])")
SHORT = 40  # letters of a word that is worth remembering
_CLUSTER = re.compile("(?s).[\u0300-\u036f\u3099\u309a\uff9e\uff9f]*")


def _marks() -> str:
    """Combining marks of all scripts: part of words, although ``\\w`` leaves them out."""
    marks = (n for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n))[0] == "M")
    ranges: list[list[int]] = []
    for mark in marks:
        if ranges and mark == ranges[-1][1] + 1:
            ranges[-1][1] = mark
        else:
            ranges.append([mark, mark])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


@lru_cache(maxsize=1)
def _separators() -> re.Pattern[str]:
    return re.compile(f"(?:[^\\w{_marks()}]|_)+")


class Folded(NamedTuple):
    """Folded text, and where each of its characters comes from.

    ``starts`` and ``ends`` are places in ``original``; separating spaces stand at their place.
    """

    text: str
    original: str
    starts: list[int]
    ends: list[int]


def fold(text: str) -> str:
    """Text as described above; " " if it has no letter or digit."""
    words = [_short(word) if len(word) <= SHORT else _word(word) for word in text.split()]
    folded = " ".join(["", *filter(None, words), ""])
    return folded if folded.isascii() else _GLUED.sub("", folded)


def _word(word: str) -> str:
    return _separators().sub(" ", _letters(word)).strip(" ")


_short = lru_cache(maxsize=1 << 17)(_word)  # texts are mostly words that others have, too


def fold_name(text: str) -> str:
    """A name made comparable: without case and accents, in one normal form; its signs stay.

    >>> fold_name("Cafe\u0301_1.JPG") == fold_name("caf\u00e9_1.jpg") == "cafe_1.jpg"
    True
    """
    return _letters(text)


def fold_with_places(text: str) -> Folded:
    """As ``fold``, telling where each character was; some 100 times as slow.

    ``original`` is the text in normal form C: the same to the eye.
    """
    original = unicodedata.normalize("NFC", text)
    separates = _separators().fullmatch
    chars, starts, ends = [" "], [0], [0]
    for cluster in _CLUSTER.finditer(original):
        for char in _letters(cluster.group()):
            if separates(char):
                if chars[-1] == " ":
                    continue
                char = " "  # noqa: PLW2901 - every separator is folded to this one
            elif _is_glued(chars, char):
                for column in (chars, starts, ends):
                    column.pop()
            chars.append(char)
            starts.append(cluster.start())
            ends.append(cluster.end())
    if chars[-1] != " ":
        chars.append(" ")
        starts.append(len(original))
        ends.append(len(original))
    return Folded("".join(chars), original, starts, ends)


def _is_glued(chars: list[str], char: str) -> bool:
    """Whether the space before a character falls away."""
    return (
        len(chars) > 1
        and chars[-1] == " "
        and bool(_SPACELESS.match(char) and _SPACELESS.match(chars[-2]))
    )


def _letters(text: str) -> str:
    """Text without case and accents."""
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold()
    # Some capitals gain an accent only as small letters.
    bare = _ACCENTS.sub("", bare).translate(_STROKES)
    return unicodedata.normalize("NFC", bare)
