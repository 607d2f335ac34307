"""The way from a picture of a batch to the engine's gallery."""

from __future__ import annotations

import streamlit as st

from core.app.hub import Hub
from core.results.query.picture.annotations import Annotations
from core.ui.components import url_state


def show_gallery_link(hub: Hub, of: Annotations) -> None:
    """ "This is our logo": leads to the page Gallery with the picture; nothing where it cannot."""
    if hub.galleries is None or not hub.galleries.writable or not of.uri:
        return
    if hub.may_see(of.uri):
        st.page_link(
            "pages/gallery.py",
            label="Add to the gallery",
            icon=":material/interests:",
            query_params=url_state.picture_query(of),
        )
