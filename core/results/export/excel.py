"""The pictures that pass, as an Excel workbook: one sheet a table."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.results.export.provenance import Method
from core.results.export.sheets import about, is_formula, sheet, sheet_names
from core.results.query.selection import Selection

if TYPE_CHECKING:
    import pandas as pd

# support.microsoft.com, "Excel specifications and limits"
MAX_ROWS = 1_048_576
MAX_TEXT = 32_767
# Nothing that comes from a picture may become a formula, a link or a number by its looks.
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
WIDTHS = {
    "uri": 46,
    "name": 30,
    "folder": 30,
    "error_message": 40,
    "text": 60,
    "url": 46,
    "polygon": 30,
    "shard": 30,
}
Progress = Callable[[int, int], None]


def build_workbook(chosen: Selection, method: Method, made: str, progress: Progress) -> bytes:
    """An .xlsx file. Text that looks like a formula stays text, also when its cell is edited.

    Args:
        made: date and time, for people.
        progress: called with (sheets done, all sheets).
    """
    import xlsxwriter  # type: ignore[import-untyped]  # ships no stubs

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        pen = _Pen(book)
        first = book.add_worksheet("About")
        names = sheet_names(chosen)
        notes = []
        for done, name in enumerate(names):
            progress(done, len(names))
            frame = sheet(chosen, name)
            pen.write_frame(book.add_worksheet(name), frame.head(MAX_ROWS - 1))
            if len(frame) >= MAX_ROWS:
                notes.append((name, f"The first {MAX_ROWS - 1:,} of {len(frame):,} rows; the rest "
                              "is in the CSV and Parquet exports."))  # fmt: skip
        pen.write_pairs(first, [*about(chosen, method, made), *notes])
    return out.getvalue()


class _Pen:
    """Writes cells; every text is written as text."""

    def __init__(self, book: Any) -> None:
        self.head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#F3F0EA"})
        # As an apostrophe typed before it: Excel leaves the text alone even after F2 and Enter.
        self.quoted = book.add_format({"quote_prefix": True})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.bold = book.add_format({"bold": True, "valign": "top"})

    def write_pairs(self, page: Any, pairs: list[tuple[str, str]]) -> None:
        """Two columns: names and texts."""
        page.set_column(0, 0, 30)
        page.set_column(1, 1, 100)
        for row, (name, text) in enumerate(pairs):
            page.write_string(row, 0, _fitting(name), self.bold)
            page.write_string(row, 1, _fitting(text), self.quoted if is_formula(text) else
                              self.wrapped)  # fmt: skip

    def write_frame(self, page: Any, frame: pd.DataFrame) -> None:
        """A header that stays in sight and filters, then the rows."""
        for column, name in enumerate(frame.columns):
            page.set_column(column, column, WIDTHS.get(name, max(12, len(name) + 3)))
            page.write_string(0, column, str(name), self.head)
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, len(frame), len(frame.columns) - 1)
        for row, values in enumerate(frame.itertuples(index=False, name=None), start=1):
            for column, value in enumerate(values):
                self._write(page, row, column, value)

    def _write(self, page: Any, row: int, column: int, value: Any) -> None:
        if isinstance(value, str):
            if value:
                kind = self.quoted if is_formula(value) else None
                page.write_string(row, column, _fitting(value), kind)
        elif isinstance(value, bool):
            page.write_boolean(row, column, value)
        elif value is not None and math.isfinite(value):
            page.write_number(row, column, value)


def _fitting(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
