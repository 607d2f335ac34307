"""The tab of text: where words were found, in which languages, and which pictures have most."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.app.hub import Hub
from core.results.charts.catalogue import of_tab
from core.results.documents.documents import most_words, wordiest
from core.results.query.filters import Filters
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
        popover = st.popover(
            "Take the text along",
            icon=":material/download:",
            key="text_download",
            on_change="rerun",
        )
        if popover.open:  # to name and sort all documents takes seconds where they are many
            with popover:
                text_downloads.show_for_filters(hub, what, store, now)
        for chart in of_tab("Text"):
            show_chart(chart, store, now)
        ids = wordiest(store, now)
        if len(ids):
            show_table(
                "Pictures with most words",
                most_words(store, ids[:MOST]),
                "most_words",
                heading=True,
                total=len(ids),
                whole=partial(most_words, store, ids),
            )

    beside_sheet(hub, what, store, now, charts)
