"""Report: take a view along, as a page, on paper, or as tables for other tools."""

import streamlit as st

from core.ui.components import stores, text_downloads, url_state
from core.ui.components.header import header
from core.ui.components.widgets import empty_state
from core.ui.explore.tabs import map_tab
from core.ui.report import downloads, options, preview
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
if not downloads.show_filters(store, now):
    why = "No picture passes the filters of this view."
    if now.is_empty:
        why = "There is no picture in these results."
    empty_state(":material/filter_alt:", "Nothing to report", why)
    st.stop()
left, right = st.columns([928, 432], gap="medium")
with left:
    chosen, in_html = options.show_options(what)
    making = downloads.making_of(hub, what, store, now, chosen, in_html)
    downloads.show_files(making)
    text_downloads.show_card(hub, what, store, now)
with right, st.container(key="report_preview_pane"):
    preview.show_preview(making)
