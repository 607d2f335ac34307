"""Report: take a view along, as a page, on paper, or as tables for other tools."""

import streamlit as st

from core.ui.components import header, stores, url_state
from core.ui.components.widgets import empty_state
from core.ui.explore import map_tab
from core.ui.report import downloads
from core.ui.server.resources import ready_hub

hub = ready_hub()
head = header.begin(hub, "report")
what = head.what
if what is None:
    header.finish(hub, head, None)
    header.show_nothing_chosen(hub)
    st.stop()

store = stores.current(hub, what)
if store is not None and not map_tab.ready_for(hub, store, url_state.filters()):
    store = None
now = header.finish(hub, head, store)
if store is None:
    st.stop()
if downloads.show_filters(store, now):
    downloads.show_files(hub, what, store, now)
else:
    empty_state(
        ":material/filter_alt:", "Nothing to report", "No picture passes the filters of this view."
    )
