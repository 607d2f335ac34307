"""The tab of objects, faces and products."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.app.hub import Hub
from core.results.figures import bars
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.vocabulary import COUNT_TITLES, said_unknown
from core.ui.components import url_state
from core.ui.explore.panes import Chart, beside_sheet, drawn, show_chart, toggle


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""

    def face_traits(theme: str) -> Chart:
        traits = store.face_traits(now)
        return Chart(bars.face_traits(traits, theme, now.traits), traits)

    def charts() -> None:
        show_counts(store, now, ("objects", "faces"))
        figure, traits, _ = drawn(store, ("face traits", now), face_traits)
        if traits["faces"].sum():
            show_chart("Face traits", figure, traits, "traits", toggle("traits"))
        if unjudged := store.unjudged("faces"):
            st.caption(f":material/info: {said_unknown('faces', unjudged)}")
        show_counts(store, now, ("products",))

    beside_sheet(hub, what, store, now, charts)


def show_counts(store: Store, now: Filters, names: tuple[str, ...]) -> None:
    """A bar chart for each feature that has anything; a click narrows to a name."""
    for name in names:
        figure, frame, _ = drawn(store, ("counts", name, now), partial(_counted, store, now, name))
        if figure is not None:
            show_chart(COUNT_TITLES[name], figure, frame, name, toggle(name))


def _counted(store: Store, now: Filters, name: str, theme: str) -> Chart:
    frame = store.counts(name, now)
    chosen: Any = getattr(now, name) or ()
    picked = [chosen] if name == "faces" and chosen else chosen
    return Chart(None if frame.empty else bars.counts(frame, name, theme, picked), frame)
