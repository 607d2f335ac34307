"""Codes for characters in a font without shapes, and the map that leads back from them.

A PDF's text layer needs no shapes, only codes whose ``ToUnicode`` map says what they stand for
(ISO 32000-1, 9.10.3). Each cluster of characters that belong together gets one code, so any script
can be searched, and marks stay with their letters when a viewer turns text from right to left.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

MOST = 0xFFFF  # codes of two bytes
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_BLOCK = 100  # entries of one bfchar section (Adobe Technical Note 5411)
_JOINERS = "\N{ZERO WIDTH JOINER}"
_MARKS = ("Mn", "Me", "Mc")

_HEAD = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
"""
_END = """endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


class GlyphCodes:
    """Codes of one PDF's characters, from 1, in the order in which they are met.

    Attributes:
        lost: clusters that got no code of their own, since there are more than two bytes hold.
    """

    def __init__(self) -> None:
        self._codes: dict[str, int] = {UNKNOWN: 1}
        self.lost = 0

    def of(self, cluster: str) -> int:
        """The code of a cluster of characters."""
        code = self._codes.get(cluster)
        if code is None:
            if len(self._codes) >= MOST:
                self.lost += 1
                return self._codes[UNKNOWN]
            code = self._codes[cluster] = len(self._codes) + 1
        return code

    def to_unicode(self) -> bytes:
        """The ``ToUnicode`` CMap."""
        pairs = [
            f"<{code:04X}> <{cluster.encode('utf-16-be', 'replace').hex().upper()}>"
            for cluster, code in self._codes.items()
        ]
        sections = []
        for start in range(0, len(pairs), _BLOCK):
            part = pairs[start : start + _BLOCK]
            sections.append(f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n")
        return (_HEAD + "".join(sections) + _END).encode("ascii")


def clusters(text: str) -> Iterator[str]:
    """Characters with the marks that belong to them; what cannot be printed is left out.

    >>> list(clusters("e\\u0301a"))
    ['é', 'a']
    """
    cluster = ""
    for character in text.encode("utf-8", "replace").decode():
        joins = unicodedata.category(character) in _MARKS or character in _JOINERS
        if cluster and len(cluster) < 8 and (joins or cluster[-1] in _JOINERS):
            cluster += character
        elif character == " " or character.isprintable():
            if cluster:
                yield cluster
            cluster = character
    if cluster:
        yield cluster


def is_rtl(text: str) -> bool:
    """Whether most of a word's letters run from right to left."""
    kinds = [unicodedata.bidirectional(character) for character in text]
    return sum(kind in ("R", "AL") for kind in kinds) > sum(kind == "L" for kind in kinds)
