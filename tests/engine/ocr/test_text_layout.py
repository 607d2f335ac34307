"""Lines to blocks, on made-up lines; and the language of a text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.engine.ocr.lines import Line, Symbol
from core.engine.ocr.text_language import LanguageGuesser
from core.engine.ocr.text_layout import around, blocks_of


def line(text: str, left: float, top: float, height: float = 20, width: float = 0) -> Line:
    """An upright line; half as wide as high a character unless said."""
    wide = width or len(text) * height / 2
    corners = [[left, top], [left + wide, top], [left + wide, top + height], [left, top + height]]
    step = 1 / len(text)
    symbols = [Symbol(c, 0.9, at * step, (at + 1) * step) for at, c in enumerate(text)]
    return Line(np.array(corners), tuple(symbols))


def rotated(own: Line, degrees: float) -> Line:
    """Turned to the right about the origin."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return replace(own, quad=own.quad @ np.array([[cos, sin], [-sin, cos]]))


def texts(lines: list[Line]) -> list[list[str]]:
    return [[own.text for own in block.lines] for block in blocks_of(lines)]


def test_a_title_and_two_columns() -> None:
    left = [line(f"the left column, line {n}", 50, 120 + 30 * n) for n in range(4)]
    right = [line(f"the right column, line {n}", 400, 120 + 30 * n) for n in range(4)]
    title = line("A title over both columns", 50, 20, height=40)
    mixed = [right[2], left[0], right[0], left[3], title, left[1], right[3], left[2], right[1]]
    assert texts(mixed) == [
        ["A title over both columns"],
        [f"the left column, line {n}" for n in range(4)],
        [f"the right column, line {n}" for n in range(4)],
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


MENU = (("Coffee", "3.50"), ("Green tea with lemon", "2.80"), ("Cake", "4.20"))


@pytest.mark.parametrize("step", [30, 70])
@pytest.mark.parametrize("degrees", [0, 3, -4, 90, 183])
def test_rows_of_a_table_are_read_one_by_one(degrees: float, step: int) -> None:
    cells = [
        line(text, left, step * row)
        for row, texts_of in enumerate(MENU)
        for text, left in zip(texts_of, (0, 400), strict=True)
    ]
    blocks = texts([rotated(own, degrees) for own in reversed(cells)])
    assert [text for block in blocks for text in block] == [" ".join(row) for row in MENU]


def test_a_wrapped_cell_follows_its_row() -> None:
    cells = [line("Cake", 0, 0), line("3.50", 300, 0), line("with cream", 0, 26)]
    cells += [line("Tea", 0, 60), line("2.80", 300, 60)]
    assert [text for block in texts(cells) for text in block] == [
        "Cake 3.50",
        "with cream",
        "Tea 2.80",
    ]


def test_one_pair_beside_each_other_is_no_table() -> None:
    assert texts([line("Page", 0, 0), line("12", 400, 0)]) == [["Page"], ["12"]]


def test_a_slightly_turned_page_is_read_in_order() -> None:
    """The left end of a line is as low as the next one's right."""
    lines = [line("a line as wide as the page is, number " + str(n), 0, 30 * n) for n in range(6)]
    turned = [rotated(own, 5) for own in lines]
    blocks = texts([turned[n] for n in (3, 1, 5, 0, 2, 4)])
    assert [text for block in blocks for text in block] == [own.text for own in lines]


def test_boxes_of_a_turned_page_are_those_of_its_lines() -> None:
    turned = [rotated(line(f"this is line {n}", 0, 30 * n), 4) for n in range(3)]
    (block,) = blocks_of(turned)
    for laid_out, given in zip(block.lines, turned, strict=True):
        np.testing.assert_allclose(laid_out.quad, given.quad)


def test_columns_from_right_to_left() -> None:
    def arabic(text: str, left: float, top: float) -> Line:
        return replace(line(text, left, top), from_right=True)

    right = [arabic(f"right column, line {n} of it", 500, 30 * n) for n in range(3)]
    left = [arabic(f"left column, line {n} of it", 0, 30 * n) for n in range(3)]
    blocks = texts([left[1], right[2], left[0], right[1], left[2], right[0]])
    assert blocks == [[own.text for own in right], [own.text for own in left]]


def test_pieces_of_a_row_from_right_to_left() -> None:
    pieces = [
        replace(line(text, left, 0), from_right=True)
        for text, left in (("second", 0), ("first", 65))
    ]
    ((joined,),) = [block.lines for block in blocks_of(pieces)]
    assert joined.text == "first second" and joined.from_right
    first = next(s for s in joined.symbols if s.text == "f")
    assert joined.part(first.begin, first.end)[0][0] == pytest.approx(65)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_turned_page_is_read_in_its_own_order(turns: int) -> None:
    def turned(own: Line) -> Line:
        quad = own.quad
        for _ in range(turns):
            quad = np.column_stack([-quad[:, 1], quad[:, 0]])
        return Line(quad, own.symbols)

    lines = [line(f"this is line {n}", 0, 30 * n) for n in range(4)]
    blocks = texts([turned(own) for own in (lines[2], lines[0], lines[3], lines[1])])
    assert blocks == [[f"this is line {n}" for n in range(4)]]
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
        ("Корабли вышли из гавани рано утром.", "ru"),
        ("Кораблі вийшли з гавані рано-вранці.", "uk"),
        ("Τα πλοία έφυγαν νωρίς το πρωί από το λιμάνι.", "el"),
        ("배는 아침 일찍 항구를 떠났다.", "ko"),
        ("غادرت السفن الميناء في الصباح الباكر.", "ar"),
        ("האוניות עזבו את הנמל מוקדם בבוקר.", "he"),
        ("เรือออกจากท่าเรือแต่เช้าตรู่", "th"),
        ("जहाज़ सुबह जल्दी बंदरगाह से निकल गए।", "hi"),
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
