"""Submit: choose pictures and features, see what it costs, send it once."""

import streamlit as st

from core.ui.components import header
from core.ui.costs import savings
from core.ui.server.resources import ready_hub
from core.ui.submit import drafts, file_features, options, source_choice, summary
from core.ui.submit.previews import show_previews

hub = ready_hub()
header.show_plain(hub, "submit", "New batch")

draft_id = drafts.current(hub.jobs, hub.visitor.scope)
sent = hub.jobs.by_draft(draft_id)
if sent is not None:
    drafts.show_sent(sent)
    st.stop()

st.header("1. Pictures", divider="gray")
source = source_choice.choose(hub, draft_id)
looked_at = summary.look_at(hub, draft_id, source) if source is not None else None
if looked_at is not None:
    show_previews(hub, looked_at[1].pictures)

st.header("2. Features", divider="gray")
features = options.choose_features(hub.connection().capabilities)
chosen = options.choose_options(features, hub.jobs.base)

st.header("3. Check and submit", divider="gray")
if source is None:
    st.info("Choose pictures first.", icon=":material/photo_library:")
elif looked_at is not None and chosen is not None:
    found, looked = looked_at
    leave_out = summary.show_faults(source, found, looked)
    pictures = looked.good if leave_out else looked.pictures
    chosen, pictures = file_features.keep_answered(hub, chosen, pictures)
    planned = savings.plan(hub, draft_id, looked, pictures, chosen)
    if planned is None:
        st.stop()
    summary.show_cost(hub, looked, chosen, planned)
    job = summary.submit_button(hub, draft_id, source, chosen, pictures, planned)
    if job is not None:
        st.switch_page("pages/operations.py", query_params={"job": job.id})
