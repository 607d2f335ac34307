"""Explore's panels of sizes, proportions and sharpness; a click shows the pictures of a class."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.app.hub import Hub
from core.results.analysis.picture_measures import NOTE, TITLES, PictureMeasures
from core.results.figures import bars
from core.results.query.store import Store
from core.ui.components.chart_card import show_figure, show_heading
from core.ui.components.pictures.thumbnail_row import ROW, show_row
from core.ui.components.style import theme
from core.ui.components.url_state import on_pick
from core.ui.components.widgets import page_number

_PICKED = "quality_class"  # (measure, class) that this browser tab looks at
_ROWS = 3  # of thumbnails a page


def show_charts(measures: PictureMeasures) -> None:
    """A chart a measure."""
    picked = st.session_state.get(_PICKED, ("", ""))
    for measure, title in TITLES.items():
        frame = measures.counted(measure)
        show_heading(title, frame.drop(columns="value"), f"measure_{measure}")
        chosen = [picked[1]] if picked[0] == measure else []
        figure = bars.counts(frame, "pictures", theme(), chosen)
        key = f"measured_{measure}"
        show_figure(figure, title, key, chosen=on_pick(key, partial(_pick, measure)))
    st.caption(NOTE)


def _pick(measure: str, name: object) -> None:
    """A click chooses a class, and a second one none."""
    wanted = (measure, str(name))
    st.session_state[_PICKED] = ("", "") if st.session_state.get(_PICKED) == wanted else wanted


def show_chosen(hub: Hub, store: Store, measures: PictureMeasures) -> None:
    """The pictures of the class that was clicked; nothing if there is none."""
    measure, name = st.session_state.get(_PICKED, ("", ""))
    ids = measures.within(measure, name)
    if not ids:
        return
    with st.container(key="quality_class_shown", border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            count = f"{len(ids):,} picture{'s' * (len(ids) != 1)}"
            st.markdown(f"**{TITLES[measure]}: {name}**, {count}", width="content")
            st.space("stretch")
            st.button(
                "Close",
                icon=":material/close:",
                type="tertiary",
                on_click=st.session_state.pop,
                args=(_PICKED, None),
            )
        per_page = ROW * _ROWS
        first = (page_number(len(ids), per_page, "quality_class_page") - 1) * per_page
        shown = store.annotations_of(ids[first : first + per_page])
        for start in range(0, len(shown), ROW):
            show_row(hub, shown[start : start + ROW])
