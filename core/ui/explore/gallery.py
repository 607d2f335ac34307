"""The pictures behind the filters, as one long sheet of thumbnails with their boxes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

from core.app.hub import Hub
from core.results.columns.text_query import TextQuery
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.theme import FEATURE_COLORS
from core.ui.components import url_state
from core.ui.components.sections import show_section
from core.ui.components.widgets import page_number

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

PER_PAGE = 10_000  # a browser can scroll some 30 million pixels; this is below a third of it
FRONTEND = Path(__file__).parent


@cache
def _sheet() -> ComponentRenderer:
    """The component; it has no build step, and its addresses are below the page's own."""
    return st.components.v2.component(
        "contact_sheet_gallery",
        html='<div class="mount"></div>',
        css=(FRONTEND / "gallery.css").read_text(encoding="utf-8"),
        js=(FRONTEND / "gallery.js").read_text(encoding="utf-8"),
    )


@st.fragment
def show_gallery(hub: Hub, store: Store, now: Filters) -> None:
    """The pictures that pass. The browser fetches what it shows from ``server.gallery_routes``."""
    count = store.count(now)
    with st.container(horizontal=True, vertical_alignment="center"):
        show_section(f"{count:,} picture{'s' if count != 1 else ''}", "pictures", "Pictures")
        boxes = st.toggle("Boxes", value=True, key="gallery_boxes")
        flagged = st.toggle("Show flagged pictures", key="gallery_flagged")
    if not count:
        st.info("No picture passes the filters.", icon=":material/filter_alt:")
        return
    offset = (page_number(count, PER_PAGE, "gallery_page") - 1) * PER_PAGE
    ids = store.pictures(now, limit=PER_PAGE, offset=offset)["picture"].tolist()
    query, scope = TextQuery.parse(now.text), hub.visitor.scope
    name = hub.gallery.register(store, ids, url_state.policy(), query, scope)
    left = st.session_state.get("gallery_left", ("", 0))
    asked = _sheet()(
        key="gallery",
        data={
            "base": f"gallery/{hub.gallery.token(hub.visitor.scope)}",
            "view": name,
            "count": len(ids),
            "query": urlencode(url_state.params()),
            "boxes": boxes,
            "flagged": flagged,
            "colors": FEATURE_COLORS,
            "at": left[1] if left[0] == name else 0,
        },
        on_opened_change=_nothing,
        on_gone_change=_nothing,
    )
    if asked.opened is not None:
        _open(hub, name, asked.opened)


def _open(hub: Hub, name: str, place: object) -> None:
    """Go to a picture's page; its place is kept for the way back."""
    found = hub.gallery.picture(name, place) if isinstance(place, int) else None
    if found is None:
        return
    st.session_state["gallery_left"] = (name, place)
    st.switch_page("pages/picture.py", query_params=url_state.picture_query(found))


def _nothing() -> None:
    """A trigger's callback: what it brings is in the component's result."""
