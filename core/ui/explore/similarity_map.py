"""Explore's map of pictures: those that look alike lie together, where an engine gives vectors."""

from __future__ import annotations

import hashlib
from functools import partial

import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report
from core.errors import BucketUnavailable
from core.results.analysis.similarity_map import (
    LEAST,
    MOST,
    MapCache,
    PictureMap,
    candidates,
    described,
    layout,
)
from core.results.figures.similarity_map import embedding
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.shards.vectors import has_vectors, read_vectors
from core.ui.components import url_state
from core.ui.components.chart_card import show_figure, show_heading, theme
from core.ui.components.sections import show_section
from core.ui.components.thumbnail_row import ROW, show_row
from core.ui.components.widgets import page_number, result_of

TITLE = "Map of pictures"
_KEY = "chart_embedding"
_COLORED = {"label": "Best label", "hex": "Dominant colour"}
_LIKE = (
    "Pictures that look alike lie near to each other; how far apart groups lie means nothing. "
    "Draw around some, or click one, to see them."
)


def show_embedding(hub: Hub, store: Store, now: Filters, *, live: bool) -> None:
    """A button first, since reading vectors and placing pictures takes a while; then the map.

    Args:
        live: more pictures may come, which would move all the others.
    """
    # A visitor may see fewer vectors than another: nothing is shared between them.
    whole = f"{hub.visitor.scope} {store.fingerprint()}"
    signature = hashlib.sha256(whole.encode()).hexdigest()
    if not _offered(signature, hub, store):
        return
    asked: set[str] = st.session_state.setdefault("embedding_asked", set())
    if live or signature not in asked:
        show_section(TITLE, "embedding")
        st.caption("It is drawn once the job has ended." if live else _LIKE)
        label = f"Draw the map of {min(store.tables.pictures, MOST):,} pictures"
        st.button(
            label,
            icon=":material/scatter_plot:",
            on_click=asked.add,
            args=(signature,),
            disabled=live,
        )
        return
    made = result_of(
        hub.tasks.start(f"embedding {signature}", partial(_make, hub, store, signature)),
        "Reading vectors and placing the pictures",
    )
    if made is not None:
        _show_map(hub, store, now, made)


@st.cache_data(ttl=600, max_entries=200, show_spinner=False)
def _offered(signature: str, _hub: Hub, _store: Store) -> bool:
    """Whether there are vectors; asked of the bucket once for the same shards and visitor."""
    try:
        return has_vectors(_hub.buckets, _store.tables.shards)
    except BucketUnavailable:
        return False


def _make(hub: Hub, store: Store, signature: str, report: Report) -> PictureMap:
    def drawn() -> PictureMap:
        wanted = candidates(store)
        found = read_vectors(hub.buckets, wanted, report, store.tables.sources)
        report(0, 0)  # how long it takes to place them cannot be told
        return PictureMap(found.pictures, layout(found.vectors), len(wanted) - len(found.pictures))

    return MapCache(hub.settings.home / "maps").of(signature, drawn)


@st.fragment
def _show_map(hub: Hub, store: Store, now: Filters, made: PictureMap) -> None:
    if len(made.pictures) < LEAST:
        show_section(TITLE, "embedding")
        st.info(f"Fewer than {LEAST} pictures have a vector.", icon=":material/scatter_plot:")
        return
    frame = described(store, made, now)
    show_heading(TITLE, frame.drop(columns="picture"), "embedding", section=True)
    st.caption(f"{_LIKE} {_left_out(store, made)}".strip())
    colored = st.segmented_control(
        "Coloured by",
        [*_COLORED],
        default="label",
        required=True,
        format_func=_COLORED.__getitem__,
        key="embedding_colored",
    )
    figure = embedding(frame, theme(), colored or "label")
    show_figure(figure, TITLE, _KEY, chosen=_chosen, around=True)
    points = (
        st.session_state.get(url_state.chart_key(_KEY), {}).get("selection", {}).get("points", [])
    )
    picked = [int(point["customdata"]) for point in points if "customdata" in point]
    if picked:
        _show_picked(hub, store, picked)


def _chosen() -> None:
    """The chart keeps its own selection: it is shown below, and no filter."""


def _show_picked(hub: Hub, store: Store, picked: list[int]) -> None:
    st.caption(f"{len(picked):,} picture{'s' * (len(picked) != 1)} chosen")
    first = (page_number(len(picked), 2 * ROW, "embedding_page") - 1) * 2 * ROW
    shown = store.annotations_of(picked[first : first + 2 * ROW])
    for start in range(0, len(shown), ROW):
        show_row(hub, shown[start : start + ROW])


def _left_out(store: Store, made: PictureMap) -> str:
    notes = []
    if store.tables.pictures > MOST:
        notes.append(f"It shows a sample of {MOST:,} of {store.tables.pictures:,} pictures.")
    if made.without:
        notes.append(
            f"{made.without:,} have no vector: the embedded engine gives one to a picture whose "
            "labels or web entities it was asked for."
        )
    return " ".join(notes)
