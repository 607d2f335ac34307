"""Finds lines of text, tells their scripts, and has each read by who knows its letters.

``line_finder`` finds the lines, ``line_reader`` (PP-OCR) reads Latin, Chinese and Japanese letters,
``tesseract_reader`` those of the scripts that it has data for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.ocr.line_finder import line_finder
from core.engine.ocr.line_reader import LINE_HEIGHT, Reading, line_reader, strip_width
from core.engine.ocr.lines import (
    Line,
    Quad,
    Symbol,
    confidence,
    is_tall,
    sides,
    straightened,
    upright,
)
from core.engine.ocr.scripts import (
    FROM_RIGHT,
    READ_BY_PP_OCR,
    letters_of,
    script_classifier,
    with_greek_words,
)
from core.engine.ocr.tesseract_reader import HEIGHT, TesseractReader

if TYPE_CHECKING:
    from core.pictures.picture import Picture

# Longest sides for finding lines. Of 110 pictures 57 need no second look, and of the 4,660
# characters that were read at 960 pixels 12 came out otherwise, with 67 ms less a picture.
FIRST_SIDE = 640
# The strongest sign of a letter, below which a picture without a line at FIRST_SIDE has no text.
# None of 20 had; but captions of 10 to 14 pixels on a photograph leave a sign of 0.98 and no line.
TRACE, SCAN_TRACE = 0.97, 0.30
SCAN = 1280  # longest side from which print may be too small to leave a clear sign
LARGE_PRINT = 16  # pixels of the lowest line, twice as high as its letters, that is read as found
DETECT_SIDE = 960  # longest side for finding lines: three times as fast as rapidocr's own choice
FINE_SIDE = 1600  # for a second look, if what was found is small print in a larger picture
SMALL_PRINT = 24  # pixels of a found line's height at DETECT_SIDE, twice that of its letters
READ_SIDES = (320, 640, 960, 2560)  # longest sides for reading: small print stays sharp
# Least mean confidence of a line's characters, by how many different ones they are: textures and
# edges look like single letters (a cup's rim "8" 0.97, strawberries "0000" 0.88), not like words.
MIN_SCORES = ((1, 0.98), (3, 0.85), (100_000, 0.70))
TRY_TURNED = 0.75  # below this a line may be upside down...
WORD_SHAPE = 1.5  # ... if it is so much wider than high
TURNED_BETTER_BY = 0.1
LOOKED_AT_FIRST = 3  # lines, the longest, which tell whether a page stands on its head
SURE_UPRIGHT, SEVERAL = 0.90, 5  # confidence of one of so many characters, which shows that
# A script is on a page if one line in it has so many letters, is read so surely, and looks so much
# like it: shapes in photographs were read as "فل" 0.96 and "ріку" 0.94.
CERTAIN = ((3, 0.95, 0.90), (8, 0.85, 0.50))
# ... or of which Tesseract is so sure as of no shape: on 118 pictures of packages it was sure of
# letters to 0.84 at most, and of "출구" and "Έξοδος" on signs 0.96.
SURE_ALONE, LEAST_ALONE = 0.95, 2
LEAST_SURE = 0.65  # of Tesseract's words: a blurred shelf of books was Thai of 0.59
ALL_READ = 0.8  # share of its letters that PP-OCR reads of a line in its own scripts at least
SURE_LETTERS = 0.85  # of Tesseract: it has letters where PP-OCR has only the figures beside them
LOOK_ALIKE = 0.90  # a line in a script that nothing here reads is believed from this on
# On a page in another script a line whose own script does not show ("Тел.: +7 (495) 123-45-67"
# looks Latin, "12.50 לחם" Thai) is read in the page's, unless PP-OCR is surer of it than it is of
# look-alikes: docs/models-trials.md has what drawn receipts gained.
PLAINLY_READ, SURE_BY_PAGE = 0.998, 0.90
SEEMS = 0.90  # likeness to that script, from which it is read so where PP-OCR has no letters for it
# A word within a line of another script is Latin if Tesseract is not quite sure of it, PP-OCR is,
# of at least so many letters or digits, and it looks Latin; probabilities and mean confidences.
NATIVE_WORD, IN_DOUBT, SURE_WORD, LEAST_LATIN, SURE_LATIN = 0.99, 0.985, 0.90, 2, 0.90
LONG_LATIN = 8  # from which it need not look Latin: the script of "info@example.com" does not show
WORD_MARGIN = 0.15  # of the line's height, at both ends of a word


class _Look(NamedTuple):
    """A line as PP-OCR sees it, read along ``quad``."""

    quad: Quad
    reading: Reading


class _BySecond(NamedTuple):
    """A line as Tesseract reads it; ``sure`` is how surely its words are read."""

    script: str
    look: _Look
    sure: float
    line: Line


class _Page:
    """A picture's pixels for cutting lines out.

    Attributes:
        looks: by the bytes of a quad: a line that is turned and turned back is read once.
    """

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self.looks: dict[bytes, _Look] = {}

    def strip(self, quad: Quad, height: int, width: int) -> NDArray[np.uint8]:
        """A line of the picture made that small that it is still twice as high as it is wanted."""
        enough = 2 * height / sides(quad)[1] * max(self._picture.width, self._picture.height)
        pixels = self._picture.scaled(next((s for s in READ_SIDES if s >= enough), READ_SIDES[-1]))
        across, down = pixels.shape[1] / self._picture.width, pixels.shape[0] / self._picture.height
        return straightened(pixels, quad * (across, down), height, width)


class TextReader:
    """All models of one process.

    Args:
        second: who reads the scripts that PP-OCR has no letters for, as far as there is data.
    """

    def __init__(self, second: TesseractReader) -> None:
        self._finder, self._first = line_finder(), line_reader()
        self._classifier, self._second = script_classifier(), second

    @property
    def scripts(self) -> list[str]:
        """ISO 15924 codes of what is read beside Latin, Chinese and Japanese."""
        return self._second.scripts

    def read(self, picture: Picture) -> list[Line]:
        """Every line that can be read, in no order."""
        quads = self._find(picture)
        if not quads:
            return []
        page = _Page(picture)
        # Lines that stand on end were turned a quarter to the left: all of them may be upside down
        # while the others are not, and the other way round.
        looks = [
            look
            for tall in (False, True)
            for look in self._looks([upright(q) for q in quads if is_tall(q) == tall], page)
        ]
        scripts = self._classifier.of_lines([look.reading.seen for look in looks])
        possible = {
            script
            for look, script in zip(looks, scripts, strict=True)
            if self._may_be_certain(look, script)
        }
        first: list[tuple[_Look, Line | None]] = []
        second: list[_BySecond] = []
        for look, script in zip(looks, scripts, strict=True):
            read = self._by_second(look, script, page) if script in possible else None
            if read is not None:
                second.append(read)
            else:
                first.append((look, self._by_first(look, script, page)))
        certain = {one.script for one in second if self._is_certain(one)}
        first += [(one.look, None) for one in second if one.script not in certain]
        second = [one for one in second if one.script in certain]
        if not second:
            return [line for _, line in first if line is not None]
        letters = Counter[str]()
        for one in second:
            letters[one.script] += letters_of(one.script, one.line.text)
        usual = letters.most_common(1)[0][0]
        lines = [self._in(usual, look, line, page) for look, line in first]
        if usual == "Grek":
            lines = [line and with_greek_words(line) for line in lines]
        for one in second:
            doubtful = one.script != usual and one.sure < SURE_BY_PAGE
            lines.append(self._in(usual, one.look, one.line, page) if doubtful else one.line)
        return [line for line in lines if line is not None]

    def _in(self, script: str, look: _Look, line: Line | None, page: _Page) -> Line | None:
        """A line in the script of its page, if it is surely read so; else what it was taken for."""
        seems = self._classifier.probability(look.reading.seen, [script]) >= SEEMS
        lacking = line is None or _lacks_letters(line)
        if line is not None and line.confidence >= PLAINLY_READ and not (seems and lacking):
            return line
        sure, other = self._second_line(look.quad, script, page)
        lacking = lacking or (line is not None and line.confidence < LOOK_ALIKE)
        if sure < SURE_BY_PAGE and not (seems and lacking):
            return line
        if not letters_of(script, other.text) or not _believable(other):
            return line
        return replace(other, symbols=self._with_latin_words(other, page))

    def _may_be_certain(self, look: _Look, script: str) -> bool:
        """Whether ``_is_certain`` can come true, whatever Tesseract reads. Without this look it
        read shapes in photographs, 20 ms each, which were never believed."""
        if script not in self._second.scripts or not _is_long(look.quad):
            return False
        least = min(seems for _, _, seems in CERTAIN)
        return self._classifier.probability(look.reading.seen, [script]) >= least

    def _is_certain(self, one: _BySecond) -> bool:
        """Whether a line is enough to believe that its script is on the page."""
        letters = letters_of(one.script, one.line.text)
        probable = self._classifier.probability(one.look.reading.seen, [one.script])
        if letters >= LEAST_ALONE and one.sure >= SURE_ALONE:
            return True
        return any(
            letters >= least and one.line.confidence >= sure and probable >= seems
            for least, sure, seems in CERTAIN
        )

    def _find(self, picture: Picture) -> list[Quad]:
        """Looked at small first: large letters are found there, and most pictures have none."""
        first, longest = self._finder.look(picture, FIRST_SIDE), max(picture.width, picture.height)
        if not len(first.quads) and first.trace < (SCAN_TRACE if longest > SCAN else TRACE):
            return []
        lowest = min((sides(upright(quad))[1] for quad in first.quads), default=0.0)
        if lowest >= LARGE_PRINT or longest <= FIRST_SIDE:
            return _of_picture(first.quads, picture, FIRST_SIDE)
        quads = _of_picture(
            self._finder.look_closer(picture, DETECT_SIDE, first.signs), picture, DETECT_SIDE
        )
        larger = longest / DETECT_SIDE
        heights = [sides(upright(quad))[1] / larger for quad in quads]
        if larger > 1 and heights and float(np.quantile(heights, 0.25)) < SMALL_PRINT:
            closer = self._finder.look_closer(picture, FINE_SIDE, first.signs)
            return _of_picture(closer, picture, FINE_SIDE)
        return quads

    def _looks(self, quads: list[Quad], page: _Page) -> list[_Look]:
        """Read lines that lie alike, all of them the way that most of their letters stand."""
        longest_first = sorted(quads, key=lambda quad: -sides(quad)[0])
        first, rest = longest_first[:LOOKED_AT_FIRST], longest_first[LOOKED_AT_FIRST:]
        looks = [self._look(quad, page) for quad in first]
        if not looks or not _is_long(first[0]):
            return looks + [self._look(quad, page) for quad in rest]
        if _sure(looks) < SURE_UPRIGHT:
            turned = [self._look(np.roll(quad, 2, axis=0), page) for quad in first]
            if self._stand_on_their_head(looks, turned, page):
                looks, rest = turned, [np.roll(quad, 2, axis=0) for quad in rest]
        return looks + [self._look(quad, page) for quad in rest]

    def _stand_on_their_head(self, looks: list[_Look], turned: list[_Look], page: _Page) -> bool:
        """By how surely they are read, by PP-OCR or by Tesseract; else by how they look."""
        if max(_sure(looks), _sure(turned)) >= SURE_UPRIGHT:
            return _sure(turned) > _sure(looks)
        upright_sure, turned_sure = (self._second_sure(which, page) for which in (looks, turned))
        if max(upright_sure, turned_sure) >= TRY_TURNED:
            return turned_sure > upright_sure
        odds = self._classifier.odds_of_turned
        return odds([look.reading.seen for look in looks]) > odds(
            [look.reading.seen for look in turned]
        )

    def _second_sure(self, looks: list[_Look], page: _Page) -> float:
        """How surely Tesseract reads the longest line; 0 if it is in none of its scripts."""
        script = self._classifier.of_lines([look.reading.seen for look in looks])[0]
        if not self._may_be_certain(looks[0], script):
            return 0.0
        return self._second_line(looks[0].quad, script, page)[0]

    def _look(self, quad: Quad, page: _Page) -> _Look:
        key = quad.tobytes()
        if key not in page.looks:
            strip = page.strip(quad, LINE_HEIGHT, strip_width(*sides(quad)))
            page.looks[key] = _Look(quad, self._first.read(strip))
        return page.looks[key]

    def _by_first(self, look: _Look, script: str, page: _Page) -> Line | None:
        best = Line(look.quad, look.reading.symbols)
        if best.confidence < TRY_TURNED and _is_long(look.quad):
            turned = self._look(np.roll(look.quad, 2, axis=0), page)
            if confidence(turned.reading.symbols) > best.confidence + TURNED_BETTER_BY:
                best = Line(turned.quad, turned.reading.symbols)
        least = 0.0 if script in READ_BY_PP_OCR else LOOK_ALIKE
        return best if _believable(best) and best.confidence >= least else None

    def _by_second(self, look: _Look, script: str, page: _Page) -> _BySecond | None:
        """A line as Tesseract reads it; None if PP-OCR's reading is to be heard."""
        sure, line = self._second_line(look.quad, script, page)
        if sure < TRY_TURNED:
            turned = self._second_line(np.roll(look.quad, 2, axis=0), script, page)
            sure, line = max((sure, line), turned, key=itemgetter(0))
        first = Line(look.quad, look.reading.symbols)
        mistaken = _as_many_and_surer(first, line, letters_too=sure >= SURE_LETTERS)
        if sure < LEAST_SURE or not _believable(line) or mistaken:
            return None
        line = replace(line, symbols=self._with_latin_words(line, page))
        return _BySecond(script, look, sure, line)

    def _second_line(self, quad: Quad, script: str, page: _Page) -> tuple[float, Line]:
        width, height = sides(quad)
        strip = page.strip(quad, HEIGHT, max(round(HEIGHT * width / height), 8))
        sure, symbols = self._second.read(strip, script)
        return sure, Line(quad, symbols, from_right=script in FROM_RIGHT)

    def _with_latin_words(self, line: Line, page: _Page) -> tuple[Symbol, ...]:
        """Latin words within a line of another script, which Tesseract is less sure of, as PP-OCR
        reads them by themselves: within such a line it reads nothing. Of an address Tesseract makes
        several words: those side by side are first read as one."""
        words = [tuple(run) for _, run in groupby(line.symbols, key=lambda s: s.text == " ")]
        native = [word[0].text != " " and confidence(word) >= IN_DOUBT for word in words]
        # A space between two words in doubt is theirs.
        for n in range(1, len(words), 2):
            native[n] = native[n - 1] or native[n + 1 : n + 2] != [False]
        symbols: list[Symbol] = []
        for is_native, run in groupby(zip(words, native, strict=True), key=itemgetter(1)):
            pieces = [word for word, _ in run]
            whole = tuple(symbol for word in pieces for symbol in word)
            several = len(pieces) > 1 and not is_native
            if several and (latin := self._latin(whole, line, page)):
                symbols += latin
                continue
            for word in pieces:
                is_sure = word[0].text == " " or confidence(word) >= NATIVE_WORD
                symbols += word if is_sure else self._latin(word, line, page) or word
        return tuple(symbols)

    def _latin(self, word: tuple[Symbol, ...], line: Line, page: _Page) -> tuple[Symbol, ...]:
        """A word as PP-OCR reads it; () if it is none of Latin letters."""
        width, height = sides(line.quad)
        margin = WORD_MARGIN * height / width
        begin = max(min(symbol.begin for symbol in word) - margin, 0.0)
        end = min(max(symbol.end for symbol in word) + margin, 1.0)
        if (end - begin) * width < 1:
            return ()
        reading = self._look(line.part(begin, end), page).reading
        text = "".join(symbol.text for symbol in reading.symbols)
        before, sure = "".join(symbol.text for symbol in word), confidence(reading.symbols)
        count = sum(letter.isascii() and letter.isalnum() for letter in text)
        if count < LEAST_LATIN or sure < SURE_WORD:
            return ()
        figures = len(text) >= len(before) and not any(c.isalpha() for c in before + text)
        plain = figures or (count >= LONG_LATIN and sure >= PLAINLY_READ)
        if not plain and self._classifier.probability(reading.seen, READ_BY_PP_OCR) < SURE_LATIN:
            return ()
        first = line.from_right and text[0] in ",.:;!?"  # stands behind it, which is on the left
        return tuple(
            symbol._replace(
                begin=begin + symbol.begin * (end - begin), end=begin + symbol.end * (end - begin)
            )
            for symbol in (*reading.symbols[first:], *reading.symbols[:first])
        )


def _of_picture(quads: NDArray[np.float64], picture: Picture, side: int) -> list[Quad]:
    """Places in a picture that was scaled to a longest side -> in its own pixels."""
    height, width = picture.scaled(side).shape[:2]
    scale = np.array([picture.width / width, picture.height / height])
    return [quad * scale for quad in quads]


def _is_long(quad: Quad) -> bool:
    """Whether a line may hold a word. What is not is mostly a shape that was taken for a letter."""
    width, height = sides(quad)
    return width >= WORD_SHAPE * height


def _sure(looks: list[_Look]) -> float:
    """Confidence of the line that is read best, of those of several characters; 0 of none."""
    return max(
        (
            confidence(look.reading.symbols)
            for look in looks
            if sum(symbol.text != " " for symbol in look.reading.symbols) >= SEVERAL
        ),
        default=0.0,
    )


def _lacks_letters(line: Line) -> bool:
    """Whether PP-OCR reads figures alone, or spaces, which it does where it has no letters."""
    return line.text != " ".join(line.text.split()) or not any(c.isalpha() for c in line.text)


def _as_many_and_surer(line: Line, other: Line, *, letters_too: bool) -> bool:
    """Whether a line's script was mistaken: PP-OCR reads blanks where it has no letters.

    Args:
        letters_too: as many letters are needed as well: "4071" is all that it has of "रसीद 4071".
    """
    kinds = (_is_seen, str.isalpha) if letters_too else (_is_seen,)
    as_many = all(
        sum(kind(s.text) for s in line.symbols)
        >= ALL_READ * sum(kind(s.text) for s in other.symbols)
        for kind in kinds
    )
    return as_many and line.confidence >= max(LOOK_ALIKE, other.confidence)


def _is_seen(text: str) -> bool:
    return not text.isspace()


def _believable(line: Line) -> bool:
    different = len({*line.text} - {" "})
    least = next(score for up_to, score in MIN_SCORES if different <= up_to)
    return different > 0 and line.confidence >= least
