"""The Operations page: all jobs, newest first, live while any of them runs."""

from __future__ import annotations

import streamlit as st

from core.app.hub import Hub
from core.app.job_watcher import LOOKED_AT_S
from core.errors import ContactSheetError
from core.jobs.ledger.records import Job
from core.ui.components.missing_job import wanted_job
from core.ui.components.widgets import empty_state, show_error
from core.ui.costs.spending import show_month, show_queue
from core.ui.operations.fair_lock import FairLock
from core.ui.operations.job_panel import show_job
from core.ui.operations.notes import show_common

PER_PAGE = 10
COUNTED_UP_S = 10.0  # between two looks at the month's spending
# With many sessions in it at once threads spend their time on handing over the interpreter's lock:
# fifty got nothing done in half a minute, where one takes some hundredths of a second.
DRAWING = FairLock()


def show_jobs(hub: Hub) -> None:
    """The list, with one job first if the URL names it."""
    count = hub.jobs.count()
    if not count:
        empty_state(
            ":material/pending_actions:",
            "No jobs yet",
            "Submit a batch, or take up an operation by its name below.",
            page="pages/submit.py",
            action="Submit a batch",
        )
        return
    month = st.container()
    pages = -(-count // PER_PAGE)
    number = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    offset = (number - 1) * PER_PAGE
    live = any(_moves(hub, job) for job in _listed(hub, offset))
    with month:
        st.fragment(show_month, run_every=COUNTED_UP_S if live else None)(hub)
    # A fragment that polls only while something can still change.
    st.fragment(_show_page, run_every=LOOKED_AT_S if live else None)(hub, offset, live)


def _show_page(hub: Hub, offset: int, live: bool) -> None:
    hub.watcher.look()
    with DRAWING:
        _draw(hub, offset, live)


def _draw(hub: Hub, offset: int, live: bool) -> None:
    jobs = _listed(hub, offset)
    if live and not any(_moves(hub, job) for job in jobs):
        st.rerun()  # the whole page, which then stops polling
    above = show_common(hub, jobs)
    show_queue(hub)
    wanted = st.query_params.get("job", "")
    units = hub.jobs.accounts.units([job.id for job in jobs])
    for job in jobs:
        opened = job.id == wanted
        show_job(hub, job, units=units.get(job.id, 0), opened=opened, above=above)


def _listed(hub: Hub, offset: int) -> list[Job]:
    """The job that the URL names, whichever page of the list it is on, and then that page's."""
    jobs = hub.jobs.list(PER_PAGE, offset)
    wanted = wanted_job(hub)
    if wanted is None:
        return jobs
    return [wanted, *(job for job in jobs if job.id != wanted.id)]


def _moves(hub: Hub, job: Job) -> bool:
    """Whether a job may look different soon."""
    return not job.settled and not hub.elsewhere(job)


def show_attach(hub: Hub) -> None:
    """Take up an operation that this dashboard did not send, or has lost."""
    if hub.visitor.read_only:
        st.caption("Operations cannot be taken up in the read-only demo.")
        return
    with (
        st.expander("Take up an operation by its name", icon=":material/link:"),
        st.form("attach", border=False),
    ):
        name = st.text_input(
            "Operation name", placeholder="projects/my-project/operations/0123456789abcdef"
        )
        prefix = st.text_input(
            "Where it writes",
            placeholder="gs://my-bucket/results/",
            help="The prefix it was sent with. It may be left out once it has succeeded.",
        )
        if not st.form_submit_button("Take it up", icon=":material/link:"):
            return
        try:
            job = hub.jobs.attach(name, prefix)
        except ContactSheetError as error:
            show_error(error)
            return
        hub.watcher.send_soon()
        st.query_params["job"] = job.id
        st.rerun()
