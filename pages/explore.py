"""Explore: what a whole batch shows, narrowed by clicks; the view stands in the URL."""

import streamlit as st

from core.ui.components import stores, url_state
from core.ui.components.header import header
from core.ui.explore.tabs import map_tab, tabs
from core.ui.server.resources import ready_hub

hub = ready_hub()
head = header.begin(hub, "explore")
what = head.what
if what is None:
    header.finish(hub, head, None)
    header.show_nothing_chosen(hub)
    st.stop()

store = stores.current(hub, what, waiting=True)
if store is not None and not map_tab.ready_for(hub, store, url_state.filters()):
    store = None
now = header.finish(hub, head, store)
if store is not None:
    what = stores.as_shown(what)
    tabs.show(hub, what, store, now)
    map_tab.prepare(hub, what, store)
