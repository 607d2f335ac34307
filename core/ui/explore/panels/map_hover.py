"""The thumbnail of the picture that the mouse is over on the map, fetched when it is."""

from __future__ import annotations

from pathlib import Path

from core.app.hub import Hub
from core.results.query.store import Store
from core.ui.components import url_state
from core.ui.components.widgets import browser_component

_FILES = ("map_hover.css", "map_hover.js")


def show_on_hover(hub: Hub, store: Store, chart: str, places: str = "") -> None:
    """Draw it; nothing runs again, whatever the mouse is over.

    Args:
        chart: the chart's key; ``customdata`` of its marks are ids of pictures.
        places: address of ``similarity_map.places_of``, where the chart has no marks.
    """
    scope = hub.visitor.scope
    every = range(store.tables.pictures)  # a picture's place in the view is its id
    view = hub.gallery.register(store, every, url_state.policy(), scope=scope)
    component = browser_component("contact_sheet_map_hover", Path(__file__).parent, *_FILES)
    base = f"gallery/{hub.gallery.token(scope)}"
    component(
        key="map_hover",
        data={"base": base, "view": view, "chart": chart, "places": places},
        height="content",
    )
