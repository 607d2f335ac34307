"""The tab of colours: the palette, search by colour, and palettes by label or folder."""

from __future__ import annotations

import streamlit as st

from core.app.hub import Hub
from core.results.analysis.group_palettes import BY
from core.results.charts.catalogue import BY_KEY
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.ui.components import url_state
from core.ui.components.header.filter_popover import show_color
from core.ui.explore.tabs.panes import beside_sheet, show_chart


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""

    def charts() -> None:
        show_chart(BY_KEY["palette"], store, now)
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
    show_chart(BY_KEY[f"palettes_{by or 'label'}"], store, now)
