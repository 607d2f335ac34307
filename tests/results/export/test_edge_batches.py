"""Every kind of file of batches with next to nothing in them: none of them fails to be made."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import openpyxl  # type: ignore[import-untyped]  # ships no stubs
import pytest

from core.results.charts.catalogue import CHARTS
from core.results.export.bigquery import build_bigquery_zip
from core.results.export.excel import build_workbook
from core.results.export.provenance import Method
from core.results.export.report.document import ReportOptions
from core.results.export.report.html import build_paper, build_report
from core.results.export.zip_archives import build_csv_zip, build_parquet_zip
from core.results.query.filters import Filters
from core.results.query.selection import Selection
from core.results.query.store import Store
from core.results.tables.tables import empty
from tests.kit.results.reports import gone, silent
from tests.kit.results.shards import failed, generated, labelled, response, store_of

MAKERS: dict[str, Callable[[], Store]] = {
    "no picture": lambda: Store(empty()),
    "only failures": lambda: store_of(failed("gs://b/1.jpg"), failed("gs://b/2.jpg", 3)),
    "one": lambda: store_of(labelled("gs://b/1.jpg", "Dog")),
    "nothing found": lambda: store_of(response("gs://b/1.jpg"), response("")),
    "every feature, once": lambda: store_of(*generated(1)),
}
METHOD, OPTIONS = Method("Job", "gs://b/"), ReportOptions("today")


@pytest.mark.parametrize("batch", MAKERS)
@pytest.mark.parametrize("filters", [Filters(), Filters(labels=("no such label",))])
def test_files_of_next_to_nothing_are_made(batch: str, filters: Filters) -> None:
    store = MAKERS[batch]()
    for chart in CHARTS:
        frame = chart.ask(store, filters, None)
        chart.figure(frame, "dark", chart.chosen(store, filters))
    chosen = Selection(store, filters)
    count = store.count(filters)
    for build in (build_report, build_paper):
        html = build(chosen, METHOD, gone, OPTIONS, silent).decode()
        assert ("No picture passes the filter." in html) == (not count)
    book = openpyxl.load_workbook(io.BytesIO(build_workbook(chosen, METHOD, gone, OPTIONS, silent)))
    assert book.sheetnames[0] == "Summary"
    assert len([*book["pictures"].values]) == count + 1
    for pack in (build_csv_zip, build_parquet_zip, build_bigquery_zip):
        with zipfile.ZipFile(io.BytesIO(pack(chosen, METHOD, "today", silent))) as archive:
            assert archive.testzip() is None and archive.namelist()
