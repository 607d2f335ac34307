"""The report's charts: each as a figure for light and dark, and as the table behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.results.export.sheets import for_readers
from core.results.figures import bars as figures
from core.results.figures.landmark_map import landmarks
from core.results.figures.relations import RELATIONS_NOTE, label_relations
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.vocabulary import COUNT_TITLES, PLACES_TITLE, RELATIONS_TITLE, said_unknown

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

THEMES = ("light", "dark")
TOP = 20  # bars a chart: they fit a printed page; the exports hold the rest
TABLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart.

    Attributes:
        key: of this chart alone.
        figures: plotly's JSON by theme.
        columns, rows: the same numbers as a table; hostile text.
        marks: what its marks are, where that is not ``key``; a mark's ``customdata`` is a value
            of it, see ``report_gallery.Card.values``.
        wide: whether it takes the page's whole width.
        note: how it is to be read, where that is not plain.
    """

    key: str
    title: str
    figures: dict[str, Any]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: str = ""
    wide: bool = False
    note: str = ""


def panels(store: Store, filters: Filters) -> Iterator[Panel]:
    """Charts of the pictures that pass all filters; a feature without results has none."""
    labels = store.labels(filters, TOP, without=None)
    yield from _panel("labels", "Labels", labels, figures.label_frequency)
    palette = store.palette_batch(filters, without=None)
    yield from _panel("color", "Dominant colours of the batch", palette, figures.palette)
    safe = store.safe_search(filters, without=None)
    if safe["pictures"].sum():
        for panel in _panel("safe", "Safe search", safe, figures.safe_search):
            yield replace(panel, note=said_unknown("safe_search", store.unjudged("safe_search")))
    for name, title in COUNT_TITLES.items():
        frame = store.counts(name, filters, TOP, without=None)
        yield from _panel(name, title, frame, _counts_of(name))
    traits = store.face_traits(filters, without=None)
    if traits["faces"].sum():
        note = said_unknown("faces", store.unjudged("faces"))
        title = "Faces: expression and sharpness"
        for panel in _panel("traits", title, traits, figures.face_traits):
            yield replace(panel, note=note)
    pairs = store.co_occurrence(filters, TOP, without=None)
    for panel in _panel("relations", RELATIONS_TITLE, pairs, label_relations):
        yield replace(panel, marks="labels", wide=True, note=RELATIONS_NOTE)
    places = store.places(filters, without=None)
    for panel in _panel("places", PLACES_TITLE, places, landmarks):
        yield replace(panel, marks="landmarks", wide=True)


def _counts_of(name: str) -> Callable[[pd.DataFrame, str], go.Figure]:
    return lambda frame, theme: figures.counts(frame, name, theme)


def _panel(
    key: str, title: str, frame: pd.DataFrame, draw: Callable[[pd.DataFrame, str], go.Figure]
) -> Iterator[Panel]:
    if frame.empty:
        return
    shown = for_readers(frame)
    yield Panel(
        key=key,
        title=title,
        figures={theme: json.loads(draw(frame, theme).to_json()) for theme in THEMES},
        columns=tuple(str(name).replace("_", " ") for name in shown.columns),
        rows=tuple(
            tuple(map(_text, row))
            for row in shown.head(TABLE_ROWS).itertuples(index=False, name=None)
        ),
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.replace("_", " ").lower() if value.isupper() and "_" in value else value
    if isinstance(value, float):
        return "–" if value != value else f"{value:.3f}"
    return f"{value:,}"
