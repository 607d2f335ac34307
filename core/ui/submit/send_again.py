"""Submit filled as an earlier batch was: its pictures' source, features and options."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.jobs.batch.features import FEATURES, shard_size_for
from core.jobs.batch.request import BatchRequest
from core.jobs.jobs import MOST_TITLE
from core.jobs.ledger.records import Job
from core.ui.components.widgets import escape_markdown, show_error
from core.ui.submit import drafts
from core.ui.submit.feature_choice import FEATURE, PRESET, TAKEN, preset_of
from core.ui.submit.options import set_options

PARAM = "like"  # the URL's: a job's id
SAMPLE_SOURCE = "Sample batch"
MOST_LISTED = 5_000  # addresses that are written into the list of pasted ones
_SAID = "send_again_said"


def take(hub: Hub) -> None:
    """Fill the page as the job that the URL names, before anything is drawn; nothing is sent."""
    job_id = st.query_params.pop(PARAM, "") if PARAM in st.query_params else ""
    if not job_id:
        return
    try:
        job = hub.jobs.get(job_id)
        kind, place, left_out = source_of(hub, job)
    except ContactSheetError as error:
        show_error(error)
        return
    drafts.begin_another()
    st.session_state["source_kind"] = kind
    if kind in ("bucket", "folder", "list"):
        key = {"bucket": "source_prefix", "folder": "source_folder", "list": "source_list"}[kind]
        st.session_state[key] = place
    if job.request is not None:
        request = as_chosen(job, job.request)
        set_options(request)
        st.session_state[PRESET] = st.session_state[TAKEN] = preset_of(hub, request)
        st.session_state[FEATURE] = [FEATURES[name].title for name in job.request.features]
    st.session_state["job_title"] = job.title[:MOST_TITLE]
    st.session_state[_SAID] = (job.title, "", left_out)


def say(draft_id: str) -> None:
    """What the page was filled with, as long as it prepares the same batch."""
    title, draft, left_out = st.session_state.get(_SAID, ("", "", 0))
    if title and draft in ("", draft_id):
        st.session_state[_SAID] = (title, draft_id, left_out)
        if left_out:
            st.warning(
                f"The list below holds {MOST_LISTED:,} addresses; {left_out:,} more of that batch "
                "are not in it. Send the others by their folder in the bucket.",
                icon=":material/playlist_remove:",
            )
        st.caption(
            f":material/replay: Filled as “{escape_markdown(title)}” was. Pictures that were "
            "answered before are not sent again, unless you ask for it below."
        )


def as_chosen(job: Job, request: BatchRequest) -> BatchRequest:
    """A job's request; a size of shards that followed the batch's is to follow the new one's."""
    sent = sum(operation.pictures for operation in job.operations if operation.attempt == 1)
    followed = request.batch_size == shard_size_for(sent)
    return replace(request, batch_size=None) if followed else request


def source_of(hub: Hub, job: Job) -> tuple[str, str, int]:
    """Kind of a job's source; what is typed there: a prefix, a folder, or addresses; and how many
    addresses are too many for it.

    What was uploaded or pasted is listed by its addresses in the bucket.
    """
    if job.source == SAMPLE_SOURCE:
        return "sample", "", 0
    if job.source.startswith("gs://"):
        return "bucket", job.source, 0
    if job.source.startswith(("/", "~")):
        return "folder", job.source, 0
    addresses: dict[str, None] = {}
    for operation in job.operations:
        addresses |= dict.fromkeys(hub.jobs.uris(operation.id))
    addresses |= dict.fromkeys(one.uri for one in hub.jobs.reuse.borrowed(job.id))
    listed = [uri for uri in addresses if uri]
    return "list", "\n".join(listed[:MOST_LISTED]), max(0, len(listed) - MOST_LISTED)
