"""The tab of colours: the palette, search by colour, and palettes by label or folder."""

from __future__ import annotations

import streamlit as st

from core.app.hub import Hub
from core.results.analysis.group_palettes import BY, group_palettes
from core.results.figures import bars
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.ui.components import url_state
from core.ui.components.chart_card import show_figure, show_heading
from core.ui.components.filter_popover import show_color
from core.ui.explore.panes import Chart, beside_sheet, drawn, show_chart
from core.ui.explore.sheet_tab import toggle_color


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""

    def palette(theme: str) -> Chart:
        frame = store.palette_batch(now)
        return Chart(bars.palette(frame, theme, now.color), frame)

    def charts() -> None:
        figure, frame, _ = drawn(store, ("palette", now), palette)
        show_chart("Palette", figure, frame, "palette_all", toggle_color)
        with st.container(key="color_search"):
            st.markdown("**Search by colour**")
            show_color(now)
        _show_groups(store, now)

    beside_sheet(hub, what, store, now, charts, usual="color")


def _show_groups(store: Store, now: Filters) -> None:
    by = st.segmented_control(
        "Palettes by",
        list(BY),
        default="label",
        required=True,
        format_func=BY.__getitem__,
        key="palettes_by",
    )

    def draw(theme: str) -> Chart:
        frame = group_palettes(store, now, by or "label")
        return Chart(None if frame.empty else bars.group_palettes(frame, theme), frame)

    figure, frame, _ = drawn(store, ("group palettes", now, by), draw)
    if figure is None:
        return
    title = f"Palettes by {by}"
    show_heading(title, frame, "group_palettes")
    show_figure(figure, title, "chart_group_palettes", chosen=None)
