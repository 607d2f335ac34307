"""Lines to blocks, on made-up lines; and the language of a text."""

from __future__ import annotations

import numpy as np
import pytest

from core.engine.ocr.text_language import LanguageGuesser
from core.engine.ocr.text_layout import around, blocks_of
from core.engine.ocr.text_reader import Line, Symbol


def line(text: str, left: float, top: float, height: float = 20, width: float = 0) -> Line:
    """An upright line; half as wide as high a character unless said."""
    wide = width or len(text) * height / 2
    corners = [[left, top], [left + wide, top], [left + wide, top + height], [left, top + height]]
    step = 1 / len(text)
    symbols = [Symbol(c, 0.9, at * step, (at + 1) * step) for at, c in enumerate(text)]
    return Line(np.array(corners), tuple(symbols))


def texts(lines: list[Line]) -> list[list[str]]:
    return [[own.text for own in block.lines] for block in blocks_of(lines)]


def test_a_title_and_two_columns() -> None:
    left = [line(f"left line {n}", 50, 120 + 30 * n) for n in range(4)]
    right = [line(f"right line {n}", 400, 120 + 30 * n) for n in range(4)]
    title = line("A title over both columns", 50, 20, height=40)
    mixed = [right[2], left[0], right[0], left[3], title, left[1], right[3], left[2], right[1]]
    assert texts(mixed) == [
        ["A title over both columns"],
        [f"left line {n}" for n in range(4)],
        [f"right line {n}" for n in range(4)],
    ]


def test_a_gap_begins_a_paragraph_and_a_larger_one_a_block() -> None:
    tops = (0, 24, 48, 88, 112, 136, 300, 324)
    blocks = blocks_of([line(f"this is line {n}", 0, top) for n, top in enumerate(tops)])
    assert [[len(p) for p in block.paragraphs] for block in blocks] == [[3, 3], [2]]


def test_pieces_of_a_row_become_one_line_again() -> None:
    (block,) = blocks_of([line("second", 110, 1), line("first", 50, 0)])
    (joined,) = block.lines
    assert joined.text == "first second"
    x = [round(float(joined.part(s.begin, s.end)[0][0])) for s in joined.symbols]
    assert x[0] == 50 and x[6] == 110 and x == sorted(x)


def test_cells_of_a_table_stay_apart() -> None:
    cells = [line("coffee", 0, 0), line("3.50", 300, 0), line("tea", 0, 30), line("2.80", 300, 30)]
    assert texts(cells) == [["coffee", "tea"], ["3.50", "2.80"]]


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_turned_page_is_read_in_its_own_order(turns: int) -> None:
    def turned(own: Line) -> Line:
        quad = own.quad
        for _ in range(turns):
            quad = np.column_stack([-quad[:, 1], quad[:, 0]])
        return Line(quad, own.symbols)

    lines = [line(f"this is line {n}", 0, 30 * n) for n in range(4)]
    found = texts([turned(own) for own in (lines[2], lines[0], lines[3], lines[1])])
    assert found == [[f"this is line {n}" for n in range(4)]]
    np.testing.assert_allclose(around([turned(own) for own in lines])[0], turned(lines[0]).quad[0])


def test_no_lines_no_blocks() -> None:
    assert blocks_of([]) == []


def test_overlapping_lines_are_all_kept() -> None:
    lines = [line("stacked", 5 * n, 3 * n, height=10 + 15 * n) for n in range(5)]
    assert sum(len(own) for own in texts(lines)) == 5


@pytest.fixture(scope="module")
def guesser() -> LanguageGuesser:
    return LanguageGuesser()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The ships left the harbour early in the morning.", "en"),
        ("Die Kinder spielten am Nachmittag auf der Wiese.", "de"),
        ("Les enfants jouaient dans le jardin de la maison.", "fr"),
        ("今天天气很好我们去公园", "zh"),
        ("Invoice total amount due", "en"),
        ("Wyjście ewakuacyjne", "pl"),
        ("Total", "und"),
        ("3.50", "und"),
        ("", "und"),
    ],
)
def test_languages(text: str, code: str, guesser: LanguageGuesser) -> None:
    assert guesser.guess(text)[0] == code


def test_a_hint_decides_what_is_too_short_or_close(guesser: LanguageGuesser) -> None:
    assert guesser.guess("Total", ["es"])[0] == "es"
    assert guesser.guess("3.50", ["es"])[0] == "und"
    assert guesser.guess("Total", ["xx"])[0] == "und"
    assert guesser.guess("Total", ["xx", "pt-BR"])[0] == "pt-BR"
    assert guesser.guess("Les enfants jouaient dans le jardin.", ["en-GB", "fr"])[0] == "fr"
