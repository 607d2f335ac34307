"""Picture: one picture large, and its neighbours within the filters of Explore."""

import streamlit as st

from core.ui import picture as picture_panel
from core.ui.components import chooser, runs, stores, url_state
from core.ui.server.resources import ready_hub

hub = ready_hub()
st.title("Picture")

what = url_state.subject(hub)
store = stores.current(hub, what) if what is not None else None
picture = url_state.picture(store) if store is not None else None
if what is None:
    chooser.show_nothing_chosen(hub)
elif store is not None:
    runs.show_runs(what, store.tables)
    picture_panel.show_picture(hub, store, url_state.filters(), -1 if picture is None else picture)
