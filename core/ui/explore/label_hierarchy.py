"""Explore's panel of labels under their broader terms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.results.figures.label_hierarchy import label_hierarchy, most_telling
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.ui.components.chart_card import show_figure, show_heading
from core.ui.components.url_state import on_click
from core.ui.explore.panes import Chart, drawn

TITLE = "Labels by broader term"
MOST_ROWS = 30


def show_hierarchy(store: Store, now: Filters) -> None:
    """Bars of terms and labels; a click narrows to all labels of one. Nothing without labels."""
    tree = store.hierarchy()

    def draw(theme: str) -> Chart:
        frame = tree.count(store.mask(now, "labels"), now.score)
        shown, chosen = most_telling(frame, MOST_ROWS), set(now.labels)
        selected = [n for n in shown["node"] if chosen and chosen <= tree.names_under(n)]
        return Chart(None if frame.empty else label_hierarchy(shown, theme, selected), frame)

    figure, frame, _ = drawn(store, ("hierarchy", now), draw)
    if figure is None:
        return

    def toggled(before: Filters, node: Any) -> Filters:
        labels = tree.labels_for(str(node), before.score)
        if before.labels == labels and before.match == "any":
            return before.without("labels")
        return replace(before, labels=labels, match="any")

    show_heading(TITLE, frame, "hierarchy")
    show_figure(
        figure,
        TITLE,
        "chart_hierarchy",
        chosen=on_click("chart_hierarchy", toggled),
    )
    rest = max(0, len(frame) - MOST_ROWS)
    more = f" {rest:,} rarer ones stand in the table alone." if rest else ""
    st.caption(
        f"A picture counts once a bar. Broader terms are WordNet's; labels it lacks are under "
        f"Other.{more}"
    )
