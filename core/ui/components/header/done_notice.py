"""Says that a batch is done to who looks elsewhere: in the tab's title, and as a notification.

The browser is asked for permission on a click alone. A batch counts that this tab saw running.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import streamlit as st

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.jobs.ledger.records import Job
from core.ui.components.job_states import look_of
from core.ui.components.widgets import browser_component

FOLDER = Path(__file__).parent
LOOKED_AT_S = 4.0
MOST = 20  # batches that are looked after
_WATCHED = "done_notice_jobs"  # ids that this tab saw running
_TOLD = "done_notice_told"  # those for whose end the page was run again


def show(hub: Hub, jobs: Iterable[Job], *, bell: bool = False) -> None:
    """Draw it; it polls only while one of the batches runs.

    Args:
        jobs: of this visitor, the newest first.
        bell: with the button that asks for permission, while something runs.
    """
    running = [job.id for job in jobs if not job.settled and not hub.elsewhere(job)][:MOST]
    watched: list[str] = st.session_state.get(_WATCHED, [])
    watched = [*running, *(job_id for job_id in watched if job_id not in running)][:MOST]
    st.session_state[_WATCHED] = watched
    with st.container(key="done_bell" if bell and running else "done_notice", width="content"):
        if watched:
            st.fragment(_draw, run_every=LOOKED_AT_S if running else None)(
                hub, watched, running, bell=bell
            )


def _draw(hub: Hub, watched: list[str], running: list[str], *, bell: bool) -> None:
    batches: list[dict[str, Any]] = []
    for job_id in watched:
        try:
            batches.append(_state(hub, hub.jobs.get(job_id)))
        except ContactSheetError:  # forgotten, deleted, or hidden meanwhile
            continue
    component = browser_component("contact_sheet_done", FOLDER, "done_notice.css", "done_notice.js")
    component(
        key="done_notice_component",
        data={"batches": batches, "bell": bell and bool(running)},
    )
    if running and all(one["over"] for one in batches) and st.session_state.get(_TOLD) != running:
        st.session_state[_TOLD] = running
        st.rerun()  # the page, which then stops polling


def _state(hub: Hub, job: Job) -> dict[str, Any]:
    """A batch as the component takes it; its title is hostile text."""
    return {
        "id": job.id,
        "title": job.title,
        "over": job.settled,
        "said": look_of(hub, job)[2],
        "share": round(100 * job.progress.fraction),
    }
