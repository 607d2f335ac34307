"""A page's words as a PDF content stream that is not seen: it can be searched and copied.

Text render mode 3 (ISO 32000-1, 9.3.6) with a font without shapes, of which every code is half an
em wide; each word is scaled to the width of its box. Words of a line share size and baseline, or
programs that take text out of PDFs would break the line. A word is followed by a space, or by none
where the service saw none (Chinese, or a comma): there it reaches to the next.

A line from right to left is written as it is seen, from left to right: that is what pdf.js, PDFium
and poppler all expect, and turn round themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from core.results.documents.glyph_codes import GlyphCodes, clusters, is_rtl
from core.results.documents.text_page import Point, Quad, TextPage, Word

FONT = "/ContactSheetText"  # its name in a page's resources
ADVANCE = 0.5  # em a code, as in ``glyphless.ttf``
UPRIGHT_WITHIN = (
    5.0  # degrees: words of a slightly turned page are written level, each at its place
)
_JOINED = 0.6  # of the size: a gap up to which words without a space between them are joined
_TALL = 1.6  # a word so much taller than wide, of several signs of Chinese script, runs downwards


class _PlacedWord(NamedTuple):
    """A word on its line: where it begins and ends along it, and how far below the line's own."""

    word: Word
    number: int
    begin: float
    end: float
    drop: float
    height: float


def text_layer(page: TextPage, codes: GlyphCodes) -> tuple[bytes, int]:
    """The content, in the page's grid with y downwards, and how many words have no place.

    Args:
        codes: of the whole PDF; new characters are added.
    """
    parts, missing = [], 0
    for block in page.blocks:
        for line in block.lines:
            placed = [word for word in line if word.quad is not None and word.text.strip()]
            missing += sum(word.quad is None for word in line)
            for run in _runs(_joined(placed)):
                parts.append(_run(run, codes))
    said = "\n".join(part for part in parts if part)
    return (f"BT\n3 Tr\n{said}\nET\n".encode("ascii") if said else b""), missing


def _joined(words: Sequence[Word]) -> list[Word]:
    """Words of Chinese script and kana without anything between them as one, so that none stands
    alone: PDFium breaks the line before a single letter.
    """
    joined: list[Word] = []
    for word in words:
        last = joined[-1] if joined else None
        if last is None or last.after or not _are_square(last.text + word.text):
            joined.append(word)
            continue
        assert last.quad is not None and word.quad is not None
        a, b, _, d = last.quad
        below = word.quad[0][1] >= d[1] - 0.5 * math.dist(a, d)
        quad = (a, b, *word.quad[2:]) if below else (a, *word.quad[1:3], d)
        joined[-1] = replace(word, text=last.text + word.text, quad=quad)
    return joined


def _runs(words: Sequence[Word]) -> list[list[Word]]:
    """Pieces of a line whose words run the same way."""
    runs: list[list[Word]] = []
    for word in words:
        if runs and _turn(_corners(runs[-1][-1])) == _turn(_corners(word)):
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _turn(quad: Quad) -> int:
    """In which quarter a word runs: 0 to the right, 1 down, 2 to the left, 3 up."""
    across, down = _direction(quad)
    return round(math.atan2(down, across) / (math.pi / 2)) % 4


def _corners(word: Word) -> Quad:
    """A word's corners; those of a column of signs as one reads it with the head to the side."""
    quad = word.quad
    assert quad is not None
    a, b, c, d = quad
    tall = math.dist(a, d) > _TALL * math.dist(a, b)
    if tall and len(word.text) > 1 and _are_square(word.text):
        return b, c, d, a
    return quad


def _are_square(text: str) -> bool:
    """Whether all signs may stand in a column: those of Chinese script and kana."""
    return all(
        "\u3000" <= sign <= "\u9fff"
        or "\uf900" <= sign <= "\ufaff"
        or "\U00020000" <= sign <= "\U0003ffff"
        for sign in text
    )


def _direction(quad: Quad) -> Point:
    """Along which way a word is read, of any length: by its longer sides, which round less."""
    a, b, c, d = quad
    along = (b[0] - a[0] + c[0] - d[0], b[1] - a[1] + c[1] - d[1])
    up = (a[0] - d[0] + b[0] - c[0], a[1] - d[1] + b[1] - c[1])
    across = (-up[1], up[0])
    if math.hypot(*along) >= math.hypot(*up) or not any(up):
        return along if any(along) else (1.0, 0.0)
    # Of two ways across, the one that the corners' order means.
    same = across[0] * along[0] + across[1] * along[1] >= 0
    return across if same else (-across[0], -across[1])


class _Baseline(NamedTuple):
    """What a line is written on: ``drop`` below ``origin``, ``along`` its slope."""

    origin: Point
    along: Point
    drop: float
    written: Point  # the direction of its words
    size: float  # of its letters


def _run(words: Sequence[Word], codes: GlyphCodes) -> str:
    quads = [_corners(word) for word in words]
    along = _unit(_sum(_direction(quad) for quad in quads))
    origin = quads[0][3]
    line = _place(words, quads, origin, along)
    if len(line) > 1:  # a line's own slope is surer than its words'
        along = _unit(_slope(line, along))
        line = _place(words, quads, origin, along)
    size = max(0.1, median(one.height for one in line))
    base = _Baseline(origin, along, median(one.drop for one in line), _level(along), size)
    said = [f"{FONT} {size:.2f} Tf"]
    for at, one in enumerate(line):
        following = line[at + 1] if at + 1 < len(line) else None
        said.append(_word(one, following, words, codes, base))
    return "\n".join(said)


def _place(
    words: Sequence[Word], quads: Sequence[Quad], origin: Point, along: Point
) -> list[_PlacedWord]:
    """Words from the line's visible beginning to its end."""
    down = (-along[1], along[0])
    line = []
    for number, (word, quad) in enumerate(zip(words, quads, strict=True)):
        steps = [_dot(_minus(corner, origin), along) for corner in quad]
        depths = [_dot(_minus(corner, origin), down) for corner in quad]
        low, high = (depths[2] + depths[3]) / 2, (depths[0] + depths[1]) / 2
        begin, end = min(steps), max(steps)
        line.append(_PlacedWord(word, number, begin, end, low, max(abs(low - high), 0.1)))
    if any(is_rtl(word.text) for word in words):
        line.sort(key=lambda one: one.begin + one.end)
    return line


def _word(
    one: _PlacedWord,
    following: _PlacedWord | None,
    words: Sequence[Word],
    codes: GlyphCodes,
    base: _Baseline,
) -> str:
    text = list(clusters(one.word.text))
    if is_rtl(one.word.text):
        text.reverse()
    begin, end, spaced = one.begin, max(one.end, one.begin + 0.1), True
    if following is not None:
        spaced = _spaced(one, following, words)
        if not spaced and abs(following.begin - end) < _JOINED * base.size:
            end = max(following.begin, begin + 0.1)
    middle = (begin + end) / 2
    # Level words of a sloping line stand at the height of their own middle.
    down = (-base.along[1], base.along[0])
    x, y = (
        o + a * middle + d * base.drop
        for o, a, d in zip(base.origin, base.along, down, strict=True)
    )
    half = (end - begin) / 2
    right, up = base.written
    x, y = x - right * half, y - up * half
    place = f"{right:.5f} {up:.5f} {up:.5f} {-right:.5f} {x:.2f} {y:.2f} Tm"
    said = f"{place} {_scale(end - begin, len(text), base.size)} Tz "
    # In one string with its word: PDFium takes strings of one letter for a column of letters.
    return f"{said}<{_hex([*text, ' '] if spaced else text, codes)}> Tj"


def _spaced(one: _PlacedWord, following: _PlacedWord, words: Sequence[Word]) -> bool:
    """Whether a space stands between two neighbours on the page."""
    first, second = sorted((one.number, following.number))
    return second != first + 1 or words[first].after != ""


def _scale(width: float, count: int, size: float) -> str:
    percent = 100 * width / (max(count, 1) * ADVANCE * size)
    return f"{min(max(percent, 1.0), 10_000.0):.2f}"


def _hex(text: Sequence[str], codes: GlyphCodes) -> str:
    return "".join(f"{codes.of(cluster):04X}" for cluster in text)


def _level(along: Point) -> Point:
    """The direction in which words are written: the page's own, if theirs is near to it."""
    angle = math.degrees(math.atan2(along[1], along[0]))
    quarter = round(angle / 90)
    if abs(angle - 90 * quarter) > UPRIGHT_WITHIN:
        return along
    return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarter % 4]


def _slope(line: Sequence[_PlacedWord], along: Point) -> Point:
    """From the first word's foot to the last one's."""
    first, last = line[0], line[-1]
    step = (last.begin + last.end - first.begin - first.end) / 2
    fall = last.drop - first.drop
    if step < 2 * max(first.height, last.height):
        return along
    return (along[0] * step - along[1] * fall, along[1] * step + along[0] * fall)


def _sum(points: object) -> Point:
    x = y = 0.0
    for px, py in points:  # type: ignore[attr-defined]
        x, y = x + px, y + py
    return x, y


def _unit(vector: Point) -> Point:
    length = math.hypot(*vector)
    return (vector[0] / length, vector[1] / length) if length else (1.0, 0.0)


def _minus(a: Point, b: Point) -> Point:
    return a[0] - b[0], a[1] - b[1]


def _dot(a: Point, b: Point) -> float:
    return a[0] * b[0] + a[1] * b[1]
