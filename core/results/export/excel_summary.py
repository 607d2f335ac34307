"""The first two sheets of a workbook: what the pictures show, in charts that Excel draws itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.results.analysis.best_pictures import best_pictures
from core.results.charts.chart import Form
from core.results.export.excel_cells import Pen, fitting, on_one_line
from core.results.export.report.charts import Panel, level
from core.results.export.report.document import FIRST_PICTURES, ReportDocument
from core.results.export.report.pictures import See, cards
from core.results.theme import FONT, LOOKS
from core.results.vocabulary import LIKELIHOODS

SHEET = "Charts"
SIDE, CELL = 240, 104  # pixels: of a thumbnail's file, and as it is shown
LOOK = LOOKS["light"]
FIRST = ("specific", "palette", "safe")  # charts at the top; the others follow in their order
WIDTH, ROW_PX = 520, 20  # pixels of a chart, and of a sheet's row
_FONT = FONT.split(",", 1)[0].strip('"')


@dataclass(frozen=True, slots=True)
class CellRange:
    """Where a chart's numbers stand on ``SHEET``: rows and columns from 0, without the heading."""

    first: int
    last: int
    columns: int


def write_charts(pen: Pen, page: Any, document: ReportDocument) -> dict[str, CellRange]:
    """A table for each chart, one below the other; where each of them is."""
    title = pen.style(bold=True, font_size=13)
    page.set_column(0, 0, 34)
    page.set_column(1, 12, 13)
    blocks, row = {}, 0
    for panel in document.charts:
        page.write_string(row, 0, panel.title, title)
        names, rows = _rows(panel)
        for column, name in enumerate(names):
            page.write_string(row + 1, column, name, pen.head)
        for n, values in enumerate(rows, start=row + 2):
            for column, value in enumerate(values):
                pen.write(page, n, column, value)
        blocks[panel.key] = CellRange(row + 2, row + 1 + len(rows), len(names))
        row += len(rows) + 3
    return blocks


def _rows(panel: Panel) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Headings and rows of a chart's table, as its native chart reads them."""
    marks = panel.marks
    if panel.chart.form is Form.TILES:
        return ["", *(level(name) for name in LIKELIHOODS)], [
            (name.replace("_", " "), *(int(marks[n].number) for n in places))
            for name, places in panel.rows_of
        ]
    if panel.chart.form is Form.POINTS:
        frame = panel.frame
        columns = ("landmark", "pictures", "longitude", "latitude")
        return list(columns), list(frame[list(columns)].itertuples(index=False, name=None))
    if panel.chart.form is Form.STRIPS:
        frame = panel.frame
        return list(frame.columns), list(frame.itertuples(index=False, name=None))
    names = ["name", panel.chart.number, *(["times chance"] if marks[0].more else [])]
    lifts = panel.frame["lift"].round(2).tolist() if marks[0].more else []
    return names, [(mark.name, mark.number, *lifts[n : n + 1]) for n, mark in enumerate(marks)]


def write_summary(
    pen: Pen, page: Any, document: ReportDocument, see: See, blocks: Mapping[str, CellRange]
) -> None:
    """Title, sentences, numbers, the best pictures, and charts of ``blocks``."""
    page.hide_gridlines(2)
    page.set_column(0, 0, 3)
    page.set_column(1, 14, 14.5)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    row = _heading(pen, page, document)
    row = _pictures(pen, page, document, see, row + 1)
    _native_charts(pen, page, document, blocks, row + 1)
    page.activate()


def _heading(pen: Pen, page: Any, document: ReportDocument) -> int:
    page.set_row(0, 34)
    large = pen.style(bold=True, font_size=22, valign="vcenter", quote_prefix=True)
    page.write_string(0, 1, fitting(document.title), large)
    muted = pen.style(font_color=LOOK.muted, quote_prefix=True)
    said = pen.style(font_size=12, quote_prefix=True)
    lines = [(text, muted) for text in (document.byline, document.scope) if text]
    lines.append((f"Made {document.options.made}", muted))
    if document.shows("Sentences"):
        lines += [(text, said) for text in document.sentences]
    lines += [(text, said) for text in document.options.note.strip().splitlines()]
    row = 1
    for text, style in lines:
        page.write_string(row, 1, fitting(text), style)
        row += 1
    if not document.shows("Numbers"):
        return row
    row += 1
    page.set_row(row, 30)
    big = pen.style(bold=True, font_size=20, align="left", top=1, top_color=LOOK.line)
    small = pen.style(font_color=LOOK.muted, bottom=1, bottom_color=LOOK.line)
    for column in range(1, 9):
        page.write_blank(row, column, None, big)
    for n, (number, _) in enumerate(document.numbers):
        page.write_number(row, 1 + 2 * n, int(number.replace(",", "")), big)
    for column in range(1, 9):
        page.write_blank(row + 1, column, None, small)
    for n, (_, words) in enumerate(document.numbers):
        page.write_string(row + 1, 1 + 2 * n, words, small)
    return row + 2


def _pictures(pen: Pen, page: Any, document: ReportDocument, see: See, row: int) -> int:
    """The best pictures in two rows of six, each with its label below."""
    options = document.options
    count = min(FIRST_PICTURES, options.pictures)
    ids = best_pictures(document.store, document.filters, count, options.by, options.policy)
    if not ids:
        return row
    page.write_string(row, 1, "Best pictures", pen.style(bold=True, font_size=13))
    read = cards(
        document.store, ids, see, lambda *_: None,
        side=SIDE, policy=options.policy, addresses=options.addresses,
    )  # fmt: skip
    shown = [card for _, card in read]
    caption = pen.style(font_size=9, font_color=LOOK.muted, quote_prefix=True)
    for first in range(0, len(shown), 6):
        row += 1
        page.set_row_pixels(row, CELL + 6)
        for column, card in enumerate(shown[first : first + 6], start=1):
            if not card.image:
                page.write_string(row, column, "No picture", caption)
                continue
            data = base64.b64decode(card.image.partition(",")[2])
            scale = min(CELL / max(card.size), 1.0)
            page.insert_image(
                row, column, "picture.jpg",
                {"image_data": io.BytesIO(data), "x_scale": scale, "y_scale": scale,
                 "description": on_one_line(card.name)[:200], "object_position": 1},
            )  # fmt: skip
        row += 1
        for column, card in enumerate(shown[first : first + 6], start=1):
            page.write_string(row, column, (card.best[0] or card.file)[:200], caption)
    return row + 1


def _native_charts(
    pen: Pen, page: Any, document: ReportDocument, blocks: Mapping[str, CellRange], row: int
) -> None:
    """Two charts a row, those of ``FIRST`` before the others."""
    panels = [panel for panel in document.charts if panel.chart.form in _MAKERS]
    panels.sort(key=lambda one: FIRST.index(one.key) if one.key in FIRST else len(FIRST))
    heights = [0, 0]
    for panel in panels:
        side = heights.index(min(heights))
        chart = _MAKERS[panel.chart.form](pen.book, panel, blocks[panel.key])
        height = 90 + 21 * min(panel.height, 30)
        chart.set_title({"name": panel.title, "overlay": False,
                         "name_font": {"size": 12, "name": _FONT, "color": LOOK.ink}})  # fmt: skip
        chart.set_size({"width": WIDTH, "height": height})
        chart.set_chartarea({"border": {"none": True}})
        page.insert_chart(
            row + heights[side], 1 + 5 * side, chart,
            {"description": f"{panel.title}: the numbers are on the sheet {SHEET}"},
        )  # fmt: skip
        heights[side] += -(-height // ROW_PX) + 1


def _bars(book: Any, panel: Panel, block: CellRange) -> Any:
    chart = book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": panel.chart.number,
            "categories": [SHEET, block.first, 0, block.last, 0],
            "values": [SHEET, block.first, 1, block.last, 1],
            "fill": {"color": LOOK.failure if panel.key == "errors" else LOOK.accent},
            "gap": 40,
            "data_labels": {"value": True, "num_format": "#,##0"},
        }
    )
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "line": {"none": True}, "major_tick_mark": "none"})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}, "min": 0})
    return chart


def _tiles(book: Any, panel: Panel, block: CellRange) -> Any:
    chart = book.add_chart({"type": "bar", "subtype": "percent_stacked"})
    for column, name in enumerate(LIKELIHOODS, start=1):
        chart.add_series(
            {
                "name": [SHEET, block.first - 1, column],
                "categories": [SHEET, block.first, 0, block.last, 0],
                "values": [SHEET, block.first, column, block.last, column],
                "fill": {"color": LOOK.likelihoods[name]},
                "gap": 40,
            }
        )
    chart.set_legend({"position": "bottom"})
    chart.set_y_axis({"reverse": True, "line": {"none": True}})
    chart.set_x_axis({"major_gridlines": {"visible": False}, "num_format": "0%"})
    return chart


def _strip(book: Any, panel: Panel, block: CellRange) -> Any:
    chart = book.add_chart({"type": "bar", "subtype": "percent_stacked"})
    for n, mark in enumerate(panel.marks):
        row = block.first + n
        chart.add_series(
            {
                "name": [SHEET, row, 0],
                "values": [SHEET, row, 1, row, 1],
                "fill": {"color": mark.name},
                "border": {"color": LOOK.line},
                "gap": 20,
            }
        )
    chart.set_legend({"position": "bottom"})
    chart.set_y_axis({"visible": False})
    chart.set_x_axis({"major_gridlines": {"visible": False}, "num_format": "0%"})
    return chart


def _points(book: Any, panel: Panel, block: CellRange) -> Any:
    chart = book.add_chart({"type": "scatter"})
    chart.add_series(
        {
            "name": panel.title,
            "categories": [SHEET, block.first, 2, block.last, 2],
            "values": [SHEET, block.first, 3, block.last, 3],
            "marker": {"type": "circle", "size": 9, "fill": {"color": LOOK.accent}},
        }
    )
    chart.set_legend({"none": True})
    chart.set_x_axis({"name": "longitude", "major_gridlines": {"visible": False}})
    chart.set_y_axis({"name": "latitude", "major_gridlines": {"visible": False}})
    return chart


_MAKERS = {
    Form.BARS: _bars,
    Form.PAIRS: _bars,
    Form.TILES: _tiles,
    Form.STRIP: _strip,
    Form.POINTS: _points,
}
