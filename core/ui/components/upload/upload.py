"""A drop zone for files of the visitor's own machine; the browser sends them one by one.

They go to ``upload_routes`` and stand in the draft's ``Spool`` afterwards, each as soon as
it has arrived. A connection that is lost is waited for; after a reload the same files are chosen
again and those that are there are not sent again.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.app.hub import Hub
from core.jobs.sending.uploads.spool import MAX_SPOOL_BYTES
from core.ui.components.widgets import browser_component

FOLDER = Path(__file__).parent
_CLEARED = "upload_cleared"


def show_upload(hub: Hub, draft_id: str, *, label: str, note: str) -> bool:
    """Draw it; whether files are on their way. The page runs again when all have come to an end.

    Args:
        draft_id: whose ``Spool`` the files are kept in, with the visitor's scope before it.
        label: what it is for, for screen readers.
        note: stands small in the drop zone.
    """
    scope = hub.visitor.scope
    draft = draft_id.removeprefix(f"{scope}-")
    key = f"upload_{draft}"
    busy: bool = st.session_state.get(key, {}).get("busy") is True
    state = browser_component("contact_sheet_upload", FOLDER, "upload.css", "upload.js")(
        key=key,
        data={
            "base": f"upload/{hub.gallery.token(scope)}/{draft}",
            "draft": draft,
            "most": MAX_SPOOL_BYTES,
            "label": label,
            "note": note,
            "busy": busy,
            "cleared": st.session_state.get(_CLEARED, 0),
        },
        on_busy_change=lambda: None,
        on_ended_change=lambda: None,
    )
    return state.busy is True


def forget_shown() -> None:
    """What the drop zone says of files that are there no more goes."""
    st.session_state[_CLEARED] = st.session_state.get(_CLEARED, 0) + 1
