"""One page's text as lines of words with their places: what every text format is written from.

Read from a response's ``fullTextAnnotation``; from ``textAnnotations`` where that is missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from core.errors import BadShard
from core.results.features.feature import MAX_ANNOTATIONS
from core.results.features.text import TextPart, TextProperty
from core.results.messages import Poly
from core.results.shards import full_text as wire

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]
# TextAnnotation.DetectedBreak.BreakType and Block.BlockType: numbers stand in REST's answers.
_BREAKS = ("UNKNOWN", "SPACE", "SURE_SPACE", "EOL_SURE_SPACE", "HYPHEN", "LINE_BREAK")
_KINDS = ("UNKNOWN", "TEXT", "TABLE", "PICTURE", "RULER", "BARCODE")
_AFTER = {
    "SPACE": " ",
    "SURE_SPACE": " ",
    "EOL_SURE_SPACE": "\n",
    "HYPHEN": "\n",
    "LINE_BREAK": "\n",
}
_GRID = 1_000  # of a page whose places are normalized and whose size is not given


@dataclass(frozen=True, slots=True)
class Word:
    """A word; its text is untrusted.

    Attributes:
        quad: corners in the page's grid, y downwards, from where reading begins: upper left, upper
            right, lower right, lower left of the word as it is read. None without a place.
        confidence: 0..1; None where the service gives none.
        language: BCP-47; "" if unknown.
        after: what follows: "" (the next word at once), " ", or "\\n" (the line ends).
    """

    text: str
    quad: Quad | None
    confidence: float | None = None
    language: str = ""
    after: str = " "


Line = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Paragraphs of lines in reading order; ``kind`` is the service's, TEXT for most."""

    paragraphs: tuple[tuple[Line, ...], ...]
    kind: str = "TEXT"
    confidence: float | None = None
    languages: tuple[str, ...] = ()

    @property
    def lines(self) -> list[Line]:
        return [line for paragraph in self.paragraphs for line in paragraph]

    @property
    def text(self) -> str:
        """Lines, with an empty one between paragraphs."""
        return "\n\n".join("\n".join(map(line_text, lines)) for lines in self.paragraphs)


@dataclass(frozen=True, slots=True)
class TextPage:
    """All text of a page or picture.

    Attributes:
        width, height: of the grid in which places count: points of a PDF's page as it is shown,
            pixels of a stored picture; 0 where it is not known.
        normalized: whether the places came in 0..1, so that they hold for the page at any size.
        languages: BCP-47 codes, the surest first.
    """

    width: float = 0
    height: float = 0
    normalized: bool = False
    blocks: tuple[Block, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def words(self) -> list[Word]:
        return [word for block in self.blocks for line in block.lines for word in line]

    @property
    def text(self) -> str:
        """Blocks with an empty line between them."""
        return "\n\n".join(block.text for block in self.blocks)

    @property
    def confidence(self) -> float | None:
        """Mean of the words' confidences, each word counting once; None if none was given."""
        return mean(word.confidence for word in self.words)


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of what is known; None for nothing."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def line_text(line: Line) -> str:
    """A line's words, with spaces where the service saw some.

    >>> line_text((Word("Good", None), Word("day", None, after=""), Word(".", None, after="\\n")))
    'Good day.'
    """
    text = "".join(word.text + (word.after if word.after != "\n" else "") for word in line)
    return text.rstrip(" ")


def bounds(quads: Iterable[Quad | None]) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom around some quads; None without any."""
    points = [point for quad in quads if quad is not None for point in quad]
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def read_page(response: wire.TextResponse, where: str = "") -> TextPage:
    """The text of a response; a page without words if it has none.

    Raises:
        BadShard: it holds more words than a page can have.
    """
    full = response.full_text_annotation
    pages = full.pages if full else []
    count = sum(len(p.words) for page in pages for block in page.blocks for p in block.paragraphs)
    if max(count, len(response.text_annotations)) > MAX_ANNOTATIONS:
        raise BadShard(f"The page holds over {MAX_ANNOTATIONS:,} words", where=where)
    if not count:
        return _from_entities(response.text_annotations)
    page = pages[0]  # the service writes one a response
    normalized = any(
        word.bounding_box is not None and bool(word.bounding_box.normalized_vertices)
        for block in page.blocks
        for paragraph in block.paragraphs
        for word in paragraph.words
    )
    width, height = page.width or _GRID * normalized, page.height or _GRID * normalized
    blocks = tuple(_block(block, width, height) for one in pages for block in one.blocks)
    return TextPage(width, height, normalized, _with_lines(blocks), _languages(page.property))


def _block(block: wire.FullBlock, width: float, height: float) -> Block:
    paragraphs = tuple(
        (tuple(_words(paragraph.words, width, height)),) for paragraph in block.paragraphs
    )
    return Block(
        paragraphs,
        _named(block.block_type, _KINDS),
        block.confidence or None,
        _languages(block.property),
    )


def _words(words: Sequence[wire.FullWord], width: float, height: float) -> Iterator[Word]:
    made: list[Word] = []
    for word in words:
        after = ""
        for number, symbol in enumerate(word.symbols):
            text_break = symbol.property.detected_break if symbol.property else None
            said = _AFTER.get(_named(text_break.type, _BREAKS), "") if text_break else ""
            if text_break is None or not said:
                continue
            if text_break.is_prefix and number == 0 and made:
                made[-1] = replace(made[-1], after=said)
            elif not text_break.is_prefix:
                after = said
        language = next(iter(_languages(word.property)), "")
        text = "".join(symbol.text for symbol in word.symbols)
        quad = _quad(word.bounding_box, width, height)
        made.append(Word(text, quad, word.confidence or None, language, after))
    return iter(made)


def _with_lines(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Blocks whose paragraphs are cut into lines, by breaks; by places on a page without any."""
    broken = any(w.after for b in blocks for p in b.paragraphs for line in p for w in line)
    return tuple(
        replace(
            block, paragraphs=tuple(tuple(_cut(words, broken)) for (words,) in block.paragraphs)
        )
        for block in blocks
    )


def _cut(words: Sequence[Word], broken: bool) -> Iterator[Line]:
    line: list[Word] = []
    for number, word in enumerate(words):
        following = words[number + 1] if number + 1 < len(words) else None
        after = word.after
        if not broken:
            ends = following is None or not _continues(word, following)
            after = "\n" if ends else " "
        line.append(replace(word, after=after))
        if after == "\n" or following is None:
            yield tuple(line)
            line = []


def _continues(word: Word, following: Word) -> bool:
    """Whether a word stands on the line of the one before it, by their places."""
    if word.quad is None or following.quad is None:
        return True
    (x0, y0), _, _, (x3, y3) = word.quad
    up = (x0 - x3, y0 - y3)
    height = math.hypot(*up) or 1.0
    fx, fy = following.quad[3]
    return abs((fx - x3) * up[0] + (fy - y3) * up[1]) / height < 0.6 * height


def _quad(poly: Poly | None, width: float, height: float) -> Quad | None:
    if poly is None:
        return None
    corners = [(v.x, v.y) for v in poly.vertices]
    if not corners:
        corners = [(v.x * width, v.y * height) for v in poly.normalized_vertices]
    if len(corners) != 4:
        if len(corners) < 2:
            return None
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if not all(math.isfinite(n) and abs(n) < 1e6 for corner in corners for n in corner):
        return None
    a, b, c, d = corners
    return a, b, c, d


def _named(value: int | str, names: Sequence[str]) -> str:
    if isinstance(value, str):
        return value if value in names else names[0]
    return names[value] if 0 <= value < len(names) else names[0]


def _languages(said: TextProperty | None) -> tuple[str, ...]:
    by_confidence = sorted(said.detected_languages if said else (), key=lambda one: -one.confidence)
    return tuple(dict.fromkeys(one.language_code for one in by_confidence if one.language_code))


def _from_entities(parts: Sequence[TextPart]) -> TextPage:
    """Of the whole text first, and then each word: what stands between words is in the former."""
    if not parts:
        return TextPage()
    normalized = any(p.bounding_poly and p.bounding_poly.normalized_vertices for p in parts)
    size = float(_GRID) if normalized else 0.0
    text, at = parts[0].description, 0
    words = []
    for part in parts[1:]:
        start = text.find(part.description, at)
        at = start + len(part.description) if start >= 0 else at
        rest = text[at : at + 1]
        after = "\n" if rest == "\n" else " " if rest.isspace() or start < 0 else ""
        words.append(Word(part.description, _quad(part.bounding_poly, size, size), None, "", after))
    language = (parts[0].locale,) if parts[0].locale else ()
    if not words:
        return TextPage()
    block = Block((tuple(_cut(words, True)),), languages=language)
    return TextPage(size, size, normalized, (block,), language)
