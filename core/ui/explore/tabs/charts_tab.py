"""A tab that is the charts of the catalogue that belong to it, beside their pictures."""

from __future__ import annotations

from collections.abc import Callable

from core.app.hub import Hub
from core.results.charts.catalogue import of_tab
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.ui.components import url_state
from core.ui.explore.tabs.panes import beside_sheet, show_chart


def of(tab: str) -> Callable[[Hub, url_state.Subject, Store, Filters], None]:
    """What shows one tab."""

    def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
        def charts() -> None:
            for chart in of_tab(tab):
                show_chart(chart, store, now)

        beside_sheet(hub, what, store, now, charts)

    return show
