"""Explore: what a whole batch shows, narrowed by clicks; the view stands in the URL."""

import streamlit as st

from core.ui.components import chooser, runs, saved_views, sections, stores, url_state
from core.ui.components.widgets import plain
from core.ui.costs import savings
from core.ui.explore import (
    charts,
    duplicates,
    filter_bar,
    gallery,
    label_hierarchy,
    landmark_map,
    similarity_map,
    text,
    what_if,
)
from core.ui.server.resources import ready_hub

hub = ready_hub()
st.title("Explore")
chooser.choose(hub)
saved_views.show_views(hub, "explore")

what = url_state.subject(hub)
if what is None:
    chooser.show_nothing_chosen(hub)
    st.stop()

store = stores.current(hub, what)
if store is None:
    st.stop()

savings.show_sources(hub, what)
runs.show_runs(what, store.tables)
for fault in store.tables.faults:
    st.warning(plain(str(fault)), icon=":material/broken_image:")
now = filter_bar.show_filters(store)
filter_bar.show_chips(now)
st.page_link(
    "pages/report.py",
    label="Report and exports of this view",
    icon=":material/description:",
    query_params=url_state.params(),
)
links = sections.begin()
charts.show_numbers(store, now)
charts.show_charts(store, now)
label_hierarchy.show_hierarchy(store, now)
landmark_map.show_map(store, now)
what_if.show_what_if(store, now)
text.show_found(store, now)
similarity_map.show_embedding(hub, store, now, live=what.live)
duplicates.show_duplicates(hub, store, now)
gallery.show_gallery(hub, store, now)
sections.show_links(links)
