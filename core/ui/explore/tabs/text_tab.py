"""The tab of text: where words were found, in which languages, and which pictures have most."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.app.hub import Hub
from core.results.charts.catalogue import of_tab
from core.results.query.filters import Filters
from core.results.query.picture.annotations import picture_title
from core.results.query.store import Store
from core.ui.components import text_downloads, url_state
from core.ui.components.chart_card import show_table
from core.ui.explore.panels import text
from core.ui.explore.tabs.panes import beside_sheet, show_chart

MOST = 200


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""

    def charts() -> None:
        if now.text:
            text.show_found(store, now)
        else:
            st.caption("Search for words in the line above: words, “phrases”, -not, ending*.")
        with st.popover("Take the text along", icon=":material/download:", key="text_download"):
            text_downloads.show_for_filters(hub, what, store, now)
        for chart in of_tab("Text"):
            show_chart(chart, store, now)
        frame = _longest(store, now)
        if not frame.empty:
            show_table("Pictures with most words", frame, "most_words", most=MOST, heading=True)

    beside_sheet(hub, what, store, now, charts)


def _longest(store: Store, now: Filters) -> pd.DataFrame:
    """Columns: picture (its name), words, folder, uri; most words first."""
    frame = store.pictures(now)
    frame = frame[frame["words"] > 0].sort_values("words", ascending=False, kind="stable")
    names = [
        picture_title(name, page, number)
        for name, page, number in zip(frame["name"], frame["page"], frame["number"], strict=True)
    ]
    return pd.DataFrame({"picture": names, **frame[["words", "folder", "uri"]]})
