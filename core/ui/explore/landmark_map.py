"""The Explore page's map: where the landmarks are, where results have any."""

from __future__ import annotations

from core.results.figures.landmark_map import landmarks
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.vocabulary import PLACES_TITLE
from core.ui.components.chart_card import show_figure, show_heading
from core.ui.components.url_state import on_click
from core.ui.explore.panes import Chart, drawn


def show_map(store: Store, now: Filters) -> None:
    """Landmarks with a place; a click narrows everything to one."""

    def draw(theme: str) -> Chart:
        frame = store.places(now)
        return Chart(None if frame.empty else landmarks(frame, theme, now.landmarks), frame)

    figure, frame, _ = drawn(store, ("places", now), draw)
    if figure is None:
        return
    show_heading(PLACES_TITLE, frame, "places")
    show_figure(
        figure,
        PLACES_TITLE,
        "chart_places",
        chosen=on_click("chart_places", lambda filters, name: filters.toggled("landmarks", name)),
    )
