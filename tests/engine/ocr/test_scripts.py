"""Which script a line is in, and whether it is upside down, by what the reading model sees."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from core.engine.ocr.line_finder import line_finder
from core.engine.ocr.line_reader import LINE_HEIGHT, line_reader, strip_width
from core.engine.ocr.lines import sides, straightened
from core.engine.ocr.scripts import script_classifier
from tests.kit.pictures.drawn_text import drawn_lines

LINES = {
    "Latn": ("The ships left the harbour early", "DejaVuSans.ttf"),
    "Cyrl": ("Корабли вышли из гавани утром", "DejaVuSans.ttf"),
    "Grek": ("Τα πλοία έφυγαν νωρίς το πρωί", "DejaVuSans.ttf"),
    "Arab": ("غادرت السفن الميناء في الصباح", "DejaVuSans.ttf"),
    "Hebr": ("האוניות עזבו את הנמל מוקדם", "DejaVuSans.ttf"),
    "Deva": ("जहाज़ सुबह बंदरगाह से निकल गए", "FreeSans.ttf"),
    "Thai": ("เรือออกจากท่าเรือแต่เช้าตรู่", "Loma.ttf"),
    "Hang": ("배는 아침 일찍 항구를 떠났다", "NotoSansCJK-Regular.ttc"),
    "Hani": ("船は朝早く港を出ました", "NotoSansCJK-Regular.ttc"),
}


def seen(image: Image.Image) -> list[np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
    """The inner layer of every line, from the top down."""
    pixels = np.asarray(image)
    quads = sorted(line_finder().look_at(pixels).quads, key=lambda quad: float(quad[:, 1].mean()))
    return [
        line_reader().see(straightened(pixels, quad, LINE_HEIGHT, strip_width(*sides(quad))))
        for quad in quads
    ]


@pytest.mark.parametrize("script", sorted(LINES))
def test_a_line_is_told_by_its_script(script: str) -> None:
    text, font = LINES[script]
    (line,) = seen(drawn_lines(text, font=font))
    assert script_classifier().of_lines([line]) == [script]


@pytest.mark.parametrize("script", sorted(LINES))
def test_a_page_on_its_head_is_told(script: str) -> None:
    text, font = LINES[script]
    page = drawn_lines(text, text, font=font)
    on_its_head = page.transpose(Image.Transpose.ROTATE_180)
    odds = script_classifier().odds_of_turned
    assert odds(seen(page)) < odds(seen(on_its_head))


def test_a_word_that_might_be_of_two_scripts_is_of_the_page() -> None:
    """Cyrillic or Latin: both have these capitals."""
    lines = seen(drawn_lines("Корабли вышли из гавани утром", "МОСТ", "Дети играли на лугу"))
    assert script_classifier().of_lines(lines) == ["Cyrl"] * 3


def test_nothing_is_of_no_script() -> None:
    assert script_classifier().of_lines([]) == []
    assert script_classifier().odds_of_turned([]) == 0
    empty = np.empty((0, 120), np.float32)
    assert script_classifier().probability(empty, ["Latn"]) == 0.0
