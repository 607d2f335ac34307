"""Explore: what a whole batch shows, narrowed by clicks; the view stands in the URL."""

import streamlit as st

from core.ui import (
    charts,
    chooser,
    duplicates_panel,
    embedding_panel,
    filter_bar,
    gallery,
    hierarchy_panel,
    map_panel,
    runs_panel,
    saved_views,
    savings,
    sections,
    stores,
    text_panel,
    view,
    what_if_panel,
)
from core.ui.resources import ready_hub
from core.ui.widgets import plain

hub = ready_hub()
st.title("Explore")
chooser.choose(hub)
saved_views.show_views(hub, "explore")

what = view.subject(hub)
if what is None:
    chooser.show_nothing_chosen(hub)
    st.stop()

store = stores.current(hub, what)
if store is None:
    st.stop()

savings.show_sources(hub, what)
runs_panel.show_runs(what, store.tables)
for fault in store.tables.faults:
    st.warning(plain(str(fault)), icon=":material/broken_image:")
now = filter_bar.show_filters(store)
filter_bar.show_chips(now)
st.page_link(
    "pages/report.py",
    label="Report and exports of this view",
    icon=":material/description:",
    query_params=view.params(),
)
links = sections.begin()
charts.show_numbers(store, now)
charts.show_charts(store, now)
hierarchy_panel.show_hierarchy(store, now)
map_panel.show_map(store, now)
what_if_panel.show_what_if(store, now)
text_panel.show_found(store, now)
embedding_panel.show_embedding(hub, store, now, live=what.live)
duplicates_panel.show_duplicates(hub, store, now)
gallery.show_gallery(hub, store, now)
sections.show_links(links)
