"""Submit: choose pictures and features, see what it costs, send it once."""

import streamlit as st

from core.jobs.batch.sources import Picture
from core.ui.components.header import batch, header
from core.ui.costs import savings
from core.ui.server.resources import ready_hub
from core.ui.submit import (
    advice,
    drafts,
    feature_choice,
    file_features,
    options,
    page_choice,
    previews,
    send_again,
    source_choice,
    summary,
    trying,
)

hub = ready_hub()
send_again.take(hub)
batch.carry()
header.show_plain(hub, "submit", "New batch", lambda: summary.show_title(hub))

draft_id = drafts.current(hub.jobs, hub.visitor.scope)
sent = hub.jobs.by_draft(draft_id)
if sent is not None:
    drafts.show_sent(sent)
    st.stop()

left, right = st.columns([928, 432], gap="medium")
card = right.container(border=True, key="submit_card")
with left:
    send_again.say(draft_id)
    source = source_choice.choose(hub, draft_id)
    looked_at = summary.look_at(hub, draft_id, source) if source is not None else None
    heading = st.container()
    pictures: tuple[Picture, ...] = ()
    if source is not None and looked_at is not None:
        listed, looked = looked_at
        asked = page_choice.choose_what_goes(hub, source, listed, looked)
        pictures = asked or ()
        with heading:
            first = source.key == source_choice.SAMPLE and not hub.jobs.count()
            previews.show_heading(looked, pictures, first)
with card:
    features, bar = feature_choice.choose_features(hub)
with left:
    longest = advice.show_advice(hub, pictures, features)
with card:
    chosen = options.choose_options(hub, features, longest)
    if source is None:
        st.info("Choose pictures first.", icon=":material/photo_library:")
    elif looked_at is not None and asked is None:
        st.info(
            "Say first which pages are sent: what was typed cannot be read.",
            icon=":material/article:",
        )
    elif looked_at is not None and asked is not None and chosen is not None:
        feature_choice.show_saving(hub, chosen.request, bar)
        chosen, pictures = file_features.keep_answered(hub, chosen, pictures)
        planned = savings.plan(hub, draft_id, looked, pictures, chosen)
        if planned is not None:
            summary.show_cost(hub, looked, chosen, planned)
            payable = summary.may_be_sent(hub, draft_id, chosen, pictures)
            with st.container(key="submit_actions"):
                job = summary.submit_button(
                    hub, draft_id, source, chosen, pictures, planned, payable=payable
                )
                trying.show_button(hub, chosen.request, pictures)
            summary.show_time(hub, chosen.request, planned)
            if job is not None:
                st.switch_page("pages/operations.py", query_params={"job": job.id})
            trying.show(hub, chosen.request, pictures, draft_id)
