"""Operations: every job, live, and what can be done with it."""

import streamlit as st

from core.ui.components.header import header
from core.ui.components.missing_job import say_if_missing
from core.ui.operations.job_list import show_attach, show_jobs
from core.ui.server.resources import ready_hub

hub = ready_hub()
header.show_plain(hub, "operations", "All batches")
say_if_missing(hub)
hub.look_again(st.query_params.get("job", ""))
show_jobs(hub)
show_attach(hub)
