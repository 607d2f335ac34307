"""Gallery: the logos and landmarks that the local engine looks for; everybody adds and removes."""

import streamlit as st

from core.ui.components.header import header
from core.ui.galleries.adding import show_adding
from core.ui.galleries.entries import show_entries
from core.ui.galleries.notes import choose_kind, show_google, show_notes
from core.ui.server.resources import ready_hub

hub = ready_hub()
header.show_plain(hub, "gallery", "All batches")
if hub.galleries is None:
    show_google()
    st.stop()
kind = choose_kind()
left, right = st.columns([800, 560], gap="medium")
with left:
    show_notes(hub, kind)
    show_entries(hub.galleries, kind)
with right, st.container(border=True, key="gallery_card"):
    show_adding(hub, hub.galleries, kind)
