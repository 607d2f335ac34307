"""The Explore page's "Text found": pictures that a text search passes, with their words marked."""

from __future__ import annotations

import streamlit as st

from core.results.columns.text_query import TextQuery
from core.results.query.filters import Filters
from core.results.query.picture.annotations import Annotations
from core.results.query.picture.text_hits import snippet
from core.results.query.store import Store
from core.ui.components import url_state
from core.ui.components.chart_card import show_heading
from core.ui.components.widgets import escape_markdown, page_number

PER_PAGE = 12


@st.fragment
def show_found(store: Store, now: Filters) -> None:
    """Nothing unless a text is searched for."""
    if not now.text:
        return
    query, count = TextQuery.parse(now.text), store.count(now)
    title = f"Text found in {count:,} picture{'s' if count != 1 else ''}"
    show_heading(title, None, "found")
    if not count:
        st.info(
            "No picture's text passes the search and the other filters.", icon=":material/search:"
        )
        return
    offset = (page_number(count, PER_PAGE, "found_page") - 1) * PER_PAGE
    ids = store.pictures(now, limit=PER_PAGE, offset=offset)["picture"].tolist()
    with st.container(border=True):
        for annotations in store.annotations_of(ids):
            _show(annotations, query)


def _show(annotations: Annotations, query: TextQuery) -> None:
    hit = snippet(annotations.text, query)
    link, text = st.columns([1, 3], vertical_alignment="center")
    link.page_link(
        "pages/picture.py",
        label=escape_markdown(annotations.title),
        query_params=url_state.picture_query(annotations),
    )
    text.markdown(marked(hit.parts))


def marked(parts: tuple[tuple[str, bool], ...]) -> str:
    """A snippet as Markdown in which all its own marks stand for themselves, and hits are tinted.

    Streamlit's Markdown drops white space at the edges of a mark, and ``escape_markdown`` that of a
    text: both are put back outside.
    """
    said = []
    for text, hit in parts:
        lead, tail = text[:1].isspace(), text[-1:].isspace() and bool(text.strip())
        inner = escape_markdown(text)
        shown = f":yellow-background[{inner}]" if hit and inner else inner
        said.append(f"{' ' * lead}{shown}{' ' * tail}")
    return "".join(said).strip()
