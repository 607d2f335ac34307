"""The tab of labels: all of them, under their broader terms, and those that come together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.app.hub import Hub
from core.results.figures import bars
from core.results.figures.relations import RELATIONS_NOTE, label_relations
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.vocabulary import RELATIONS_TITLE
from core.ui.components import url_state
from core.ui.explore import label_hierarchy
from core.ui.explore.panes import Chart, beside_sheet, drawn, show_chart, toggle

TOP = 25


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""

    def frequency(theme: str) -> Chart:
        frame = store.labels(now, TOP)
        return Chart(bars.label_frequency(frame, theme, now.labels), frame)

    def relations(theme: str) -> Chart:
        pairs = store.co_occurrence(now)
        return Chart(None if pairs.empty else label_relations(pairs, theme), pairs)

    def charts() -> None:
        figure, frame, _ = drawn(store, ("all labels", now), frequency)
        show_chart("All labels", figure, frame, "all_labels", toggle("labels"))
        label_hierarchy.show_hierarchy(store, now)
        figure, pairs, _ = drawn(store, ("relations", now), relations)
        if not pairs.empty:
            show_chart(RELATIONS_TITLE, figure, pairs, "relations", _toggle_pair)
            st.caption(RELATIONS_NOTE)

    beside_sheet(hub, what, store, now, charts)


def _toggle_pair(now: Filters, value: Any) -> Filters:
    pair = tuple(value)
    if now.labels == pair and now.match == "all":
        return now.without("labels")
    return replace(now, labels=pair, match="all")
