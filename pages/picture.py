"""Picture: one picture large, and its neighbours within the filters of Explore."""

import streamlit as st

from core.ui import chooser, picture_panel, runs_panel, stores, view
from core.ui.resources import ready_hub

hub = ready_hub()
st.title("Picture")

what = view.subject(hub)
store = stores.current(hub, what) if what is not None else None
picture = view.picture(store) if store is not None else None
if what is None:
    chooser.show_nothing_chosen(hub)
elif store is not None:
    runs_panel.show_runs(what, store.tables)
    picture_panel.show_picture(hub, store, view.filters(), -1 if picture is None else picture)
