"""The tab of quality: what failed and why, kinds, sizes and sharpness, and near-duplicates."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.app.hub import Hub
from core.results.charts.catalogue import BY_KEY
from core.results.query.filters import Filters
from core.results.query.picture.annotations import picture_title
from core.results.query.store import Store
from core.ui.components import url_state
from core.ui.components.chart_card import show_heading, show_table
from core.ui.explore.panels import duplicates, measures
from core.ui.explore.tabs.panes import show_chart

MOST = 200


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""
    del what
    with st.container(key="panes"):
        left, right = st.columns([536, 832], gap="medium")
        with left, st.container(key="pane_charts"):
            with st.container(key="charts_anchor"):
                st.header("Charts", anchor="charts")
            _show_failed(store, now)
            show_chart(BY_KEY["kinds"], store, now)
            below = st.container(key="quality_measures")
        with right, st.container(key="pane_duplicates"):
            chosen = st.container(key="quality_chosen")
            hashes = duplicates.looked_at(hub, store, now)
            if hashes is None:
                return
            duplicates.show_groups(hub, store, now, hashes)
        with chosen:
            measures.show_chosen(hub, store, hashes.measures)
        with below:
            measures.show_charts(hashes.measures)


def _show_failed(store: Store, now: Filters) -> None:
    chart = BY_KEY["errors"]
    if not show_chart(chart, store, now):
        show_heading(chart.title, None, "failed")
        if not store.count(now):
            st.markdown("No picture passes.")
            return
        st.markdown(":material/check_circle: Every picture that passes was annotated.")
        return
    failed = store.pictures(replace(now.without("errors"), status="failed"))
    rows = pd.DataFrame(
        {
            "picture": [
                picture_title(name, page, number)
                for name, page, number in zip(
                    failed["name"], failed["page"], failed["number"], strict=True
                )
            ],
            **({"folder": failed["folder"]} if failed["folder"].nunique() > 1 else {}),
            "reason": failed["error_message"],
            "uri": failed["uri"],
        }
    )
    show_table("Failed, by name", rows, "failed_names", most=MOST, heading=True)
