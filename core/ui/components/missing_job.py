"""The job that a link names, and what a page says where there is none."""

from __future__ import annotations

import streamlit as st

from core.app.hub import Hub
from core.errors import RequestError
from core.jobs.ledger.records import Job
from core.ui.components.widgets import escape_markdown

LONGEST = 60  # characters of a link's job that are shown


def wanted_job(hub: Hub) -> Job | None:
    """The job that the URL's ``job`` names; None if it names none, or one that is not there."""
    job_id = st.query_params.get("job", "")
    try:
        return hub.jobs.get(job_id) if job_id else None
    except RequestError:
        return None


def say_if_missing(hub: Hub) -> bool:
    """Say so where the URL names a job that is not there; returns whether it does."""
    job_id = st.query_params.get("job", "")
    missing = bool(job_id) and wanted_job(hub) is None
    if missing:
        who = "" if hub.visitor.unrestricted else " or is not shared with you"
        st.warning(
            f"There is no job {escape_markdown(job_id[:LONGEST])} here: it was forgotten or "
            f"deleted, belongs to another dashboard's ledger{who}, or the link is not whole. Its "
            "results may still lie in their bucket: give their folder on Explore.",
            icon=":material/link_off:",
        )
    return missing
