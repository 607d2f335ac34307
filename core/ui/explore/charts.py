"""The Explore page's charts: each drawn with all filters but its own, each with its table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.results.figures import bars
from core.results.figures.relations import RELATIONS_NOTE, label_relations
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.vocabulary import COUNT_TITLES, RELATIONS_TITLE
from core.ui.components.chart_card import show_figure, show_heading, theme
from core.ui.components.url_state import on_click

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

TOP_LABELS = 25


def show_numbers(store: Store, now: Filters) -> None:
    """How many pictures pass, and what they hold."""
    shown = store.count(now)
    holding = store.features(now)
    pictures, failed, labelled, texts = st.columns(4)
    pictures.metric("Pictures", f"{shown:,}", border=True, help=f"of {store.tables.pictures:,}")
    failed.metric("Errors", f"{store.count(replace(now, status='failed')):,}", border=True)
    labelled.metric("With labels", f"{holding['labels']:,}", border=True)
    texts.metric("With text", f"{holding['texts']:,}", border=True)


def show_charts(store: Store, now: Filters) -> None:
    """Labels beside palette, safe search and errors; the other features below, where present."""
    left, right = st.columns(2, gap="large")
    with left:
        frame = store.labels(now, TOP_LABELS)
        figure = bars.label_frequency(frame, theme(), now.labels)
        _panel("Labels", figure, frame, "labels", _toggle("labels"))
    with right:
        frame = store.palette_batch(now)
        figure = bars.palette(frame, theme(), now.color)
        _panel("Dominant colours of the batch", figure, frame, "palette", _toggle_color)
        frame = store.safe_search(now)
        figure = bars.safe_search(frame, theme(), now.safe_is)
        _panel("Safe search", figure, frame, "safe", _toggle("safe_is"))
        frame = store.errors(now)
        figure = bars.errors(frame, theme(), now.errors)
        _panel("Errors", figure, frame, "errors", _toggle("errors"))
    _show_relations(store, now)
    _show_others(store, now)


def _show_relations(store: Store, now: Filters) -> None:
    frame = store.co_occurrence(now)
    if not frame.empty:
        figure = label_relations(frame, theme())
        _panel(RELATIONS_TITLE, figure, frame, "relations", _toggle_pair, section=True)
        st.caption(RELATIONS_NOTE)


def _show_others(store: Store, now: Filters) -> None:
    frames = {name: store.counts(name, now) for name in COUNT_TITLES}
    present = [name for name, frame in frames.items() if not frame.empty]
    for row in range(0, len(present), 2):
        for column, name in zip(st.columns(2, gap="large"), present[row : row + 2], strict=False):
            with column:
                chosen: Any = getattr(now, name) or ()
                picked = [chosen] if name == "faces" and chosen else chosen
                figure = bars.counts(frames[name], name, theme(), picked)
                _panel(COUNT_TITLES[name], figure, frames[name], name, _toggle(name))


def _panel(
    title: str,
    figure: go.Figure,
    frame: pd.DataFrame,
    key: str,
    change: Callable[[Filters, Any], Filters],
    *,
    section: bool = False,
) -> None:
    show_heading(title, frame, key, section=section)
    show_figure(figure, title, f"chart_{key}", chosen=on_click(f"chart_{key}", change))


def _toggle(field: str) -> Callable[[Filters, Any], Filters]:
    return lambda now, value: now.toggled(field, value)


def _toggle_pair(now: Filters, value: Any) -> Filters:
    pair = tuple(value)
    if now.labels == pair and now.match == "all":
        return now.without("labels")
    return replace(now, labels=pair, match="all")


def _toggle_color(now: Filters, value: Any) -> Filters:
    color, tolerance = value
    if now.color == color:
        return now.without("color")
    return replace(now, color=color, tolerance=float(tolerance))
