"""One catalogue: Explore, the report and the workbook show every chart, from the same rows."""

from __future__ import annotations

import io
from collections import Counter

import openpyxl  # type: ignore[import-untyped]  # ships no stubs
import pandas as pd
import pytest

from core.results.charts.catalogue import BY_KEY, CHARTS, of_tab
from core.results.charts.chart import BARS, Chart, Form
from core.results.export.excel import build_workbook
from core.results.export.provenance import Method
from core.results.export.report.charts import panels
from core.results.export.report.document import ReportOptions
from core.results.query.facets import facets
from core.results.query.filters import Filters
from core.results.query.selection import Selection
from core.results.query.store import Store
from core.ui.explore.tabs.tabs import TABS
from tests.kit.results.reports import picture, silent
from tests.kit.results.shards import response, store_of

ALL = pytest.mark.parametrize("chart", CHARTS, ids=[chart.key for chart in CHARTS])


@ALL
def test_every_chart_is_drawn_in_both_themes_and_says_of_what(store: Store, chart: Chart) -> None:
    frame = chart.ask(store, Filters(), None)
    for theme in ("light", "dark"):
        assert chart.figure(frame, theme, chart.chosen(store, Filters())).data or frame.empty
    assert len(chart.names(frame)) == len(chart.values(frame)) == len(frame)
    assert chart.tab in TABS
    nothing = chart.ask(store, Filters(labels=("no such label",)), None)
    assert chart.is_empty(nothing)


@ALL
def test_the_marks_of_pictures_are_what_the_chart_counts(store: Store, chart: Chart) -> None:
    if chart.number != "pictures" or chart.form is Form.STRIPS:
        return
    filters = Filters(score=0.55, status="ok")
    frame = chart.ask(store, filters, None)
    counted: Counter[object] = Counter()
    for of in store.annotations_of(store.ids(filters)):
        counted.update(set(chart.marks(store, filters, of)))
    bars = dict(zip(chart.values(frame), frame["pictures"], strict=True))
    assert {value: counted[value] for value in bars} == bars


@ALL
def test_a_second_click_takes_the_first_back(store: Store, chart: Chart) -> None:
    frame = chart.ask(store, Filters(), chart.group)
    if not chart.clickable or chart.is_empty(frame):
        return
    drawn = chart.figure(frame, "light")
    value = next(
        v for trace in drawn.data if trace.customdata is not None for v in trace.customdata
    )
    once = chart.clicked(store, Filters(), value)
    assert once != Filters()
    assert store.count(once) <= store.count(Filters())
    assert chart.clicked(store, once, value) == Filters()


@pytest.mark.slow
def test_bars_of_one_chart_are_the_same_everywhere(store: Store) -> None:
    """25 labels on Explore and 20 in the report is what there was."""
    chart = BY_KEY["labels"]
    frame = chart.ask(store, Filters(), None)
    assert len(frame) > BARS and chart.left_out(frame) == f"{BARS} of {len(frame)}"
    names = frame["label"].tolist()[:BARS]
    assert list(chart.figure(frame, "light").data[0].customdata) == names
    (panel,) = [one for one in panels(store, Filters()) if one.key == "labels"]
    assert [mark.name for mark in panel.marks] == names
    chosen, method = Selection(store, Filters()), Method("Job", "gs://b/")
    data = build_workbook(chosen, method, picture, ReportOptions("today", pictures=0), silent)
    cells = [row[0].value for row in openpyxl.load_workbook(io.BytesIO(data))["Charts"].iter_rows()]
    start = cells.index("All labels") + 2
    assert cells[start : start + BARS] == names
    titles = {one.title for one in panels(store, Filters())}
    assert titles <= set(cells)


def test_text_of_no_certain_language_is_called_so_and_its_code_is_the_value() -> None:
    locales = {"a": "und", "b": "und", "c": "en", "d": "zxx"}
    store = store_of(
        *(
            response(f"gs://b/{name}.jpg", text_annotations=[{"description": "x", "locale": code}])
            for name, code in locales.items()
        )
    )
    chart = BY_KEY["languages"]
    frame = chart.ask(store, Filters(), None)
    names = ["Undetermined", "English", "No linguistic content"]
    assert frame["name"].tolist() == chart.names(frame) == names
    figure = chart.figure(frame, "light")
    assert list(figure.data[0].customdata) == ["und", "en", "zxx"]
    assert all(name in figure.to_json() for name in names)
    (panel,) = [one for one in panels(store, Filters()) if one.key == "languages"]
    assert next((mark.name, mark.number) for mark in panel.marks) == ("Undetermined", 2)
    options = facets(store, Filters()).names["languages"]
    assert [(one.value, one.name) for one in options[:2]] == [
        ("und", "Undetermined"),
        ("en", "English"),
    ]
    chosen = chart.clicked(store, Filters(), "und")
    assert store.count(chosen) == 2
    assert [chip.text for chip in (*chosen.chips(), *chosen.values())] == [
        "Language Undetermined"
    ] * 2
    assert chosen.to_params() == {"language": "und"}
    method, options_ = Method("Job", "gs://b/"), ReportOptions("today", pictures=0)
    data = build_workbook(Selection(store, Filters()), method, picture, options_, silent)
    cells = [row[0].value for row in openpyxl.load_workbook(io.BytesIO(data))["Charts"].iter_rows()]
    assert "Undetermined" in cells and "und" not in cells


def test_keys_and_titles_are_each_there_once() -> None:
    assert len(BY_KEY) == len(CHARTS) == len({chart.title for chart in CHARTS})
    assert [chart.key for chart in of_tab("Labels")] == [
        "labels", "hierarchy", "relations", "scores", "label_counts"
    ]  # fmt: skip


def test_likelihoods_that_nobody_judged_have_no_row(store: Store) -> None:
    frame = BY_KEY["safe"].ask(store, Filters(), None)
    assert isinstance(frame, pd.DataFrame)
    assert not set(frame["category"]) & set(store.unjudged("safe_search"))
