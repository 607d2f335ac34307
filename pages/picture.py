"""Picture: one picture large, and its neighbours within the filters of Explore."""

from core.ui import picture as picture_panel
from core.ui.components import stores, url_state
from core.ui.components.header import header
from core.ui.explore.tabs import map_tab
from core.ui.server.resources import ready_hub

hub = ready_hub()
head = header.begin(hub, "picture")
what = head.what
store = stores.current(hub, what) if what is not None else None
if store is not None and not map_tab.ready_for(hub, store, url_state.filters()):
    store = None
if what is None:
    header.finish(hub, head, None)
    header.show_nothing_chosen(hub)
else:
    now = header.finish(hub, head, store)
    if store is not None:
        picture = url_state.picture(store)
        picture_panel.show_picture(hub, store, now, -1 if picture is None else picture)
