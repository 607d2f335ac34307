"""On the Operations page: whose a job is, who else sees it, and why buttons are missing."""

from __future__ import annotations

import streamlit as st

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.jobs.ledger.records import Job
from core.ui.components.widgets import show_error


def whose(hub: Hub, job: Job) -> str:
    """For the job's line about it, as plain and hostile text; "" where there is nobody else."""
    if hub.visitor.unrestricted or not job.owner:
        return ""
    if job.owner != hub.visitor.subject:
        return f"shared by {job.owner_name}"
    return "yours, shared with everybody here" if job.shared else "yours alone"


def show_sharing(hub: Hub, job: Job) -> None:
    """The owner's button, or why somebody else has no buttons at all."""
    visitor = hub.visitor
    if visitor.read_only:
        st.caption("Read-only demo")
    elif not visitor.may_change(job):
        st.caption("Only its owner can change this job")
    elif visitor.may_share(job) and not visitor.unrestricted:
        label, icon = ("Make it private", "lock") if job.shared else ("Share", "group")
        helps = "Others no longer see it." if job.shared else "All who can sign in will see it."
        if st.button(label, key=f"share_{job.id}", icon=f":material/{icon}:", help=helps):
            try:
                hub.jobs.share(job.id, not job.shared)
            except ContactSheetError as error:
                show_error(error)
                return
            st.rerun()
