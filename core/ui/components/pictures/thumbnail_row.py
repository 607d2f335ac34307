"""A few pictures side by side, each a link to its page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.results.query.picture.annotations import Annotations
from core.ui.components import url_state
from core.ui.components.widgets import escape_markdown

ROW = 8


def show_row(hub: Hub, pictures: Sequence[Annotations]) -> None:
    """At most ``ROW`` thumbnails, flagged ones blurred."""
    for column, of in zip(st.columns(ROW), pictures, strict=False):
        with column:
            _show_picture(hub, of)


def _show_picture(hub: Hub, of: Annotations) -> None:
    name = of.title[-60:]
    if not hub.may_see(of.uri):  # a shard may name a picture of anybody's
        return
    try:
        veiled = url_state.policy().flags(of.safe)
        st.image(hub.gallery.thumbnails.jpeg(of.uri, of.page, veiled=veiled), alt=name)
    except ContactSheetError as error:
        st.text(error.what)
    st.page_link(
        "pages/picture.py",
        label=escape_markdown(name),
        query_params=url_state.picture_query(of),
    )
