"""Reading order: character error rate on tables, receipts, columns, screens, mixed scripts.

What counts is the order in which the whole text comes: a table read column by column has most of
its characters wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from scripts.evaluation.figures import Figure, ask
from scripts.evaluation.fonts import Font, font_file
from scripts.evaluation.text import errors

FONT = "DejaVuSans.ttf"
SIZE = 24
GROUND, INK = (245, 245, 242), (30, 30, 30)

Text = tuple[int, int, str]  # left and top in pixels


class LayoutPage(NamedTuple):
    """A drawn page: its size, what stands where, in the order in which it is to be read.

    Attributes:
        rows: texts that stand on one level are one line of the truth.
    """

    name: str
    width: int
    height: int
    rows: tuple[tuple[Text, ...], ...]


def _table(name: str, columns: tuple[int, ...], step: int, cells: str) -> LayoutPage:
    rows = tuple(
        tuple(
            (left, 40 + step * at, cell) for left, cell in zip(columns, row.split("|"), strict=True)
        )
        for at, row in enumerate(cells.split("/"))
    )
    return LayoutPage(name, max(columns) + 240, 80 + step * len(rows), rows)


LEFT = (
    "The ships left the harbour early/in the morning, when the market/opened its doors. Nobody knew"
    "/how long the journey would take/or what they would find there."
)
RIGHT = (
    "A letter had come the day before/with news of a storm in the south/and of two boats that"
    " had not/returned. The captain read it twice/and said nothing to his people."
)
PAGES = (
    _table(
        "receipt",
        (40, 520),
        38,
        "Coffee|3.50/Green tea|2.80/Apple cake with cream|4.20/Mineral water|2.10/Total|12.60",
    ),
    _table(
        "table, wide rows",
        (40, 300, 560),
        90,
        "Town|Inhabitants|Area/Lisbon|545,796|100 km/Oslo|717,710|454 km/Vienna|2,005,760|415 km",
    ),
    _table(
        "form",
        (40, 300),
        44,
        "Name|Maria Andersen/Date of birth|14 March 1987/Address|Harbour Street 12/Country|Denmark",
    ),
    LayoutPage(
        "two columns",
        1000,
        300,
        tuple(
            ((left, 40 + 36 * at, text),)
            for left, column in ((40, LEFT), (540, RIGHT))
            for at, text in enumerate(column.split("/"))
        ),
    ),
    LayoutPage(
        "screen",
        1000,
        420,
        (
            ((40, 30, "File"), (150, 30, "Edit"), (260, 30, "View"), (370, 30, "Help")),
            ((40, 110, "Settings of this computer"),),
            ((40, 170, "Brightness"), (640, 170, "80 percent")),
            ((40, 220, "Language"), (640, 220, "English")),
            ((40, 270, "Time zone"), (640, 270, "Copenhagen")),
            ((40, 320, "Version"), (640, 320, "4.12.7")),
        ),
    ),
    LayoutPage(
        "Russian with Latin words",
        900,
        200,
        (
            ((40, 40, "Цена телефона Samsung Galaxy растёт"),),
            ((40, 85, "на сайте Example Shop: 500 рублей"),),
            ((40, 130, "Программа Windows обновлена сегодня"),),
        ),
    ),
)
TURNS = {"level": 0, "turned by 2°": 2, "turned by -4°": -4}


def drawn(page: LayoutPage, font: Font) -> Image.Image:
    """The page as a picture."""
    image = Image.new("RGB", (page.width, page.height), GROUND)
    pen = ImageDraw.Draw(image)
    for row in page.rows:
        for left, top, text in row:
            pen.text((left, top), text, INK, font)
    return image


def evaluate() -> Iterator[Figure]:
    """One figure for each page and turn."""
    path = font_file(FONT)
    measure = "character error rate"
    if path is None:
        yield Figure("layouts", "level", measure, None, note=f"skipped: no font ({FONT})")
        return
    font = ImageFont.truetype(str(path), SIZE)
    for page in PAGES:
        truth = "\n".join(" ".join(text for _, _, text in row) for row in page.rows)
        for case, angle in TURNS.items():
            turned = drawn(page, font).rotate(
                angle, Image.Resampling.BICUBIC, expand=True, fillcolor=GROUND
            )
            response = ask("DOCUMENT_TEXT_DETECTION", turned)
            wrong, count = errors(response.full_text_annotation.text, truth, spaced=True)
            yield Figure(f"layouts, {page.name}", case, measure, wrong / count, count)
