"""Operations: every job, live, and what can be done with it."""

import streamlit as st

from core.ui.components.header import header
from core.ui.components.missing_job import say_if_missing
from core.ui.operations import job_list, kiosk
from core.ui.server.resources import ready_hub

hub = ready_hub()
if kiosk.is_asked():
    kiosk.show_kiosk(hub)
    st.stop()
header.show_plain(hub, "operations", "All batches", lambda: job_list.show_header(hub))
say_if_missing(hub)
hub.look_again(st.query_params.get("job", ""))
job_list.show_jobs(hub)
job_list.show_attach(hub)
