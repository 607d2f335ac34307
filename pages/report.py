"""Report: take a view along, as a page, on paper, or as tables for other tools."""

import streamlit as st

from core.ui import chooser, report_panel, runs_panel, saved_views, stores, view
from core.ui.resources import ready_hub
from core.ui.widgets import empty_state

hub = ready_hub()
st.title("Report")
chooser.choose(hub)
saved_views.show_views(hub, "report")

what = view.subject(hub)
if what is None:
    chooser.show_nothing_chosen(hub)
    st.stop()

store = stores.current(hub, what)
if store is None:
    st.stop()

runs_panel.show_runs(what, store.tables)
now = view.filters()
if report_panel.show_filters(store, now):
    report_panel.show_files(hub, what, store, now)
else:
    empty_state(
        ":material/filter_alt:", "Nothing to report", "No picture passes the filters of this view."
    )
