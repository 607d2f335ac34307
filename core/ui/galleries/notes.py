"""Gallery page: which gallery is looked at, and what it does for batches."""

from __future__ import annotations

import streamlit as st

from core.app.hub import Hub
from core.ui.components.widgets import empty_state

KINDS = {"logos": "Logos", "landmarks": "Landmarks"}


def choose_kind() -> str:
    """ "logos" or "landmarks"; the URL holds it."""
    kind: str = st.segmented_control(
        "Gallery",
        KINDS,
        format_func=KINDS.__getitem__,
        default="logos",
        required=True,
        key="gallery",
        bind="query-params",
        label_visibility="collapsed",
    )
    return kind


def show_notes(hub: Hub, kind: str) -> None:
    """How entries are used, and what they cannot do."""
    said = {
        "logos": "The engine looks for these in every batch that asks for *Logos*. Close "
        "cut-outs with some detail are found best; plain, tiny and recoloured logos are missed.",
        "landmarks": "The engine looks for these in every batch that asks for *Landmarks*. "
        "Several photographs from different sides help: from 50 degrees aside a view is not "
        "recognised.",
    }[kind]
    st.caption(f"{said} Shared by everybody who uses this dashboard.")
    if hub.settings.dask:
        st.info(
            "Workers of the Dask cluster on other machines use the galleries of their own home "
            "folder, not these.",
            icon=":material/lan:",
        )


def show_google() -> None:
    """On Google Cloud nothing can be added."""
    empty_state(
        ":material/cloud:",
        "Google's own galleries answer",
        "Logos and landmarks are recognised by Google Cloud Vision from what Google knows; "
        "nothing can be added to it here. The local engine has a gallery of your own.",
    )
