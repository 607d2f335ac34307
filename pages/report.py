"""Report: take a view along, as a page, on paper, or as tables for other tools."""

import streamlit as st

from core.ui.components import chooser, runs, saved_views, stores, url_state
from core.ui.components.widgets import empty_state
from core.ui.report import downloads
from core.ui.server.resources import ready_hub

hub = ready_hub()
st.title("Report")
chooser.choose(hub)
saved_views.show_views(hub, "report")

what = url_state.subject(hub)
if what is None:
    chooser.show_nothing_chosen(hub)
    st.stop()

store = stores.current(hub, what)
if store is None:
    st.stop()

runs.show_runs(what, store.tables)
now = url_state.filters()
if downloads.show_filters(store, now):
    downloads.show_files(hub, what, store, now)
else:
    empty_state(
        ":material/filter_alt:", "Nothing to report", "No picture passes the filters of this view."
    )
