"""What is drawn on a large picture, chosen in the URL; and its answer as it came."""

from __future__ import annotations

import streamlit as st

from core.errors import ContactSheetError
from core.results.shards.decoding import raw_response
from core.ui.components import url_state
from core.ui.components.widgets import show_error

NAMES = "names"  # what stands beside the boxes, chosen as if it were a kind of them
KINDS = {
    "crop_hint": "Crop hints",
    "landmark": "Landmarks",
    "object": "Objects",
    "product": "Products",
    "logo": "Logos",
    "word": "Words",
    "hit": "Words found",
    "face": "Faces",
    "face_point": "Face points",
    NAMES: "Names",
}


def choose_kinds(present: list[str], *, compact: bool = False) -> list[str]:
    """Overlays to draw, and ``NAMES``; the choice stands in the URL, and holds for the next too."""
    if not present:
        return []
    hidden = set(KINDS).intersection(st.query_params.get(url_state.HIDDEN, "").split(","))
    st.session_state["shown_kinds"] = [kind for kind in present if kind not in hidden]

    def changed() -> None:
        shown = set(st.session_state["shown_kinds"])
        now_hidden = (hidden - set(present)) | (set(present) - shown)
        if now_hidden:
            st.query_params[url_state.HIDDEN] = ",".join(sorted(now_hidden))
        else:
            st.query_params.pop(url_state.HIDDEN, None)

    return st.pills(
        "Drawn on the picture",
        present,
        label_visibility="collapsed" if compact else "visible",
        selection_mode="multi",
        format_func=KINDS.__getitem__,
        key="shown_kinds",
        on_change=changed,
    )


def show_response(shard: bytes, uri: str, entry: int) -> None:
    """An answer as it stands in its shard, and the shard's address."""
    try:
        st.json(raw_response(shard, entry, uri), expanded=1)
    except ContactSheetError as error:
        show_error(error)
    st.code(uri, language=None, wrap_lines=True)
