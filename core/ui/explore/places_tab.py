"""The tab of landmarks on the map, logos, web entities and crop hints."""

from __future__ import annotations

from core.app.hub import Hub
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.ui.components import url_state
from core.ui.explore import landmark_map
from core.ui.explore.objects_tab import show_counts
from core.ui.explore.panes import beside_sheet


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""

    def charts() -> None:
        landmark_map.show_map(store, now)
        show_counts(store, now, ("landmarks", "logos", "web", "crops"))

    beside_sheet(hub, what, store, now, charts)
