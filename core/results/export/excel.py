"""The pictures that pass, as an Excel workbook: a summary to look at, then one sheet a table."""

from __future__ import annotations

import io

from core.results.export.excel_cells import Pen, on_one_line
from core.results.export.excel_summary import write_charts, write_summary
from core.results.export.provenance import Method
from core.results.export.report.document import Progress, ReportDocument, ReportOptions
from core.results.export.report.pictures import See
from core.results.export.sheets import about, row_count, sheet_blocks, sheet_names
from core.results.query.selection import Selection

# A sheet could hold 1,048,576 rows ("Excel specifications and limits", support.microsoft.com); one
# of so many opens slowly, and fourteen of them not at all. All rows are in the other exports.
MAX_ROWS = 100_000
# Nothing that comes from a picture may become a formula, a link or a number by its looks.
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def build_workbook(
    chosen: Selection, method: Method, see: See, options: ReportOptions, progress: Progress
) -> bytes:
    """An .xlsx file. Text that looks like a formula stays text, also when its cell is edited.

    Args:
        see: a picture or page, small; may raise any ``ContactSheetError``.
        progress: called with (sheets done, all sheets).
    """
    import xlsxwriter  # type: ignore[import-untyped]  # ships no stubs

    document = ReportDocument(chosen, method, options)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        book.set_properties(
            {"title": on_one_line(document.title), "author": on_one_line(options.author)}
        )
        pen = Pen(book)
        names = sheet_names(chosen)
        progress(0, len(names) + 1)
        summary, charts = book.add_worksheet("Summary"), book.add_worksheet("Charts")
        last = book.add_worksheet("About")
        ranges = write_charts(pen, charts, document)
        write_summary(pen, summary, document, see, ranges)
        notes = []
        for done, name in enumerate(names, start=1):
            progress(done, len(names) + 1)
            pen.write_frames(book.add_worksheet(name), sheet_blocks(chosen, name, MAX_ROWS))
            rows = row_count(chosen, name)
            if rows > MAX_ROWS:
                notes.append((name, f"The first {MAX_ROWS:,} of {rows:,} rows; all of them are in "
                              "the CSV and Parquet exports."))  # fmt: skip
        pen.write_pairs(last, [*about(chosen, document.method, options.made), *notes])
    return out.getvalue()
