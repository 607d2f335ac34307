"""Health: what the dashboard needs, looked at, with what to do where something is missing."""

import streamlit as st

from core.ui.components.style import set_title
from core.ui.health_panel import show_health
from core.ui.server.resources import ready_hub

hub = ready_hub(backend=False)
set_title("Health", "Health")
st.space("small")  # no header stands between it and the menu
if hub.visitor.read_only:
    st.info("Not shown in the demo: it names the server's folders.", icon=":material/lock:")
    st.stop()
show_health(hub)
