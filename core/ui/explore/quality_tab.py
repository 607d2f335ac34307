"""The tab of quality: what failed and why, kinds of files, and near-duplicates."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import streamlit as st

from core.app.hub import Hub
from core.results.figures import bars
from core.results.query.annotations import picture_title
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.ui.components import url_state
from core.ui.components.chart_card import show_heading, show_table
from core.ui.components.style import theme
from core.ui.explore import duplicates
from core.ui.explore.panes import show_chart, toggle

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
            _show_kinds(store, now)
        with right, st.container(key="pane_duplicates"):
            duplicates.show_duplicates(hub, store, now)


def _show_failed(store: Store, now: Filters) -> None:
    frame = store.errors(now)
    if frame.empty:
        show_heading("Failed", None, "failed")
        st.markdown(":material/check_circle: Every picture that passes was annotated.")
        return
    figure = bars.errors(frame, theme(), now.errors)
    show_chart("Failed", figure, frame, "errors", toggle("errors"))
    failed = store.pictures(now.without("errors"))
    failed = failed[failed["error_code"] != 0]
    rows = pd.DataFrame(
        {
            "picture": [
                picture_title(name, page, number)
                for name, page, number in zip(
                    failed["name"], failed["page"], failed["number"], strict=True
                )
            ],
            "folder": failed["folder"],
            "reason": failed["error_message"],
            "uri": failed["uri"],
        }
    )
    show_table("Failed, by name", rows, "failed_names", most=MOST, heading=True)


def _show_kinds(store: Store, now: Filters) -> None:
    endings = Counter(map(_ending, store.pictures(now)["name"]))
    frame = pd.DataFrame(endings.most_common(), columns=["name", "pictures"])
    if frame.empty:
        return
    show_heading("Kinds of files", frame, "kinds")
    figure = bars.counts(frame.assign(value=frame["name"]), "files", theme())
    from core.ui.components.chart_card import show_figure

    show_figure(figure, "Kinds of files", "chart_kinds", chosen=None)


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()[:8] if "." in name else "none"
