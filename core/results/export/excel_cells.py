"""Cells of a workbook: every text is written as text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from core.results.export.sheets import is_formula

if TYPE_CHECKING:
    import pandas as pd

MAX_TEXT = 32_767  # "Excel specifications and limits", support.microsoft.com
WIDTHS = {
    "uri": 46, "name": 30, "folder": 30, "error_message": 40, "text": 60, "url": 46, "polygon": 30,
    "shard": 30, "note": 40,
}  # fmt: skip


def on_one_line(text: str) -> str:
    """A text for an attribute of XML, which takes no control characters and no half ones."""
    return "".join(c if c.isprintable() else " " for c in text)


class Pen:
    """Writes cells; every text is written as text."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#F3F0EA"})
        # As an apostrophe typed before it: Excel leaves the text alone even after F2 and Enter.
        self.quoted = book.add_format({"quote_prefix": True})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.bold = book.add_format({"bold": True, "valign": "top"})

    def style(self, **values: Any) -> Any:
        """A format of a cell."""
        return self.book.add_format(values)

    def write_pairs(self, page: Any, pairs: list[tuple[str, str]]) -> None:
        """Two columns: names and texts."""
        page.set_column(0, 0, 30)
        page.set_column(1, 1, 100)
        for row, (name, text) in enumerate(pairs):
            page.write_string(row, 0, fitting(name), self.bold)
            page.write_string(row, 1, fitting(text), self.quoted if is_formula(text) else
                              self.wrapped)  # fmt: skip

    def write_frames(self, page: Any, frames: Iterable[pd.DataFrame]) -> None:
        """A header that stays in sight and filters, then the rows of some dataframes."""
        row, columns = 1, 1
        for frame in frames:
            if row == 1:
                columns = len(frame.columns)
                self.write_header(page, frame, 0)
            for values in frame.itertuples(index=False, name=None):
                for column, value in enumerate(values):
                    self.write(page, row, column, value)
                row += 1
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, max(1, row - 1), columns - 1)

    def write_header(self, page: Any, frame: pd.DataFrame, row: int) -> None:
        """The names of a frame's columns."""
        for column, name in enumerate(frame.columns):
            if row == 0:
                page.set_column(column, column, WIDTHS.get(name, max(12, len(name) + 3)))
            page.write_string(row, column, str(name), self.head)

    def write(self, page: Any, row: int, column: int, value: Any) -> None:
        """One cell: a text, a truth or a number."""
        if isinstance(value, str):
            if value:
                kind = self.quoted if is_formula(value) else None
                page.write_string(row, column, fitting(value), kind)
        elif isinstance(value, bool):
            page.write_boolean(row, column, value)
        elif value is not None and math.isfinite(value):
            page.write_number(row, column, value)


def fitting(text: str) -> str:
    """A text that a cell can hold."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
