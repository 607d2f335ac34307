"""The batch being prepared: one id from first click to job, so that it is sent once at most."""

from __future__ import annotations

import re
import secrets

import streamlit as st

from core.jobs.jobs import Jobs
from core.jobs.ledger.records import Job
from core.ui.components.widgets import escape_markdown

_ID = re.compile(r"[a-z0-9]{16}\Z")


def current(jobs: Jobs, scope: str = "") -> str:
    """This tab's draft id. It stands in the URL, so that a reload comes back to the same draft.

    Args:
        scope: the visitor's, see ``Visitor``: another's URL must not lead to the other's uploads.
    """
    from_url = st.query_params.get("draft", "")
    draft = from_url if _ID.match(from_url) else st.session_state.get("draft", "")
    own = f"{scope}-" if scope else ""
    if not draft or (not from_url and jobs.by_draft(own + draft) is not None):
        draft = secrets.token_hex(8)
    st.session_state.draft = draft
    if from_url != draft:
        st.query_params["draft"] = draft
    return f"{own}{draft}"


def begin_another() -> None:
    """Forget the draft; the next ``current`` makes another."""
    st.session_state.pop("draft", None)
    st.query_params.pop("draft", None)


def show_sent(job: Job) -> None:
    """Instead of the form, when this draft has become a job: nothing is sent twice."""
    with st.container(border=True):
        st.markdown(f"### :material/task_alt: Sent: {escape_markdown(job.title)}")
        st.markdown("This batch was submitted. Submitting it again would annotate it twice.")
        with st.container(horizontal=True):
            st.page_link(
                "pages/operations.py",
                label="Watch it",
                icon=":material/pending_actions:",
                query_params={"job": job.id},
            )
            st.button("Prepare another batch", icon=":material/add:", on_click=begin_another)
