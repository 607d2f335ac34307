"""The Operations page: all jobs, newest first, live while any of them runs."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from core.app.fair_lock import FairLock
from core.app.hub import Hub
from core.app.job_watcher import LOOKED_AT_S
from core.errors import ContactSheetError
from core.jobs.ledger.records import Job
from core.jobs.ledger.search import Search, Show
from core.jobs.samples.samples import write_samples
from core.ui.components.job_states import look_of
from core.ui.components.missing_job import wanted_job
from core.ui.components.pictures.strip import show_strip
from core.ui.components.widgets import (
    empty_state,
    page_number,
    page_number_below,
    show_error,
)
from core.ui.costs.spending import show_month, show_queue
from core.ui.operations.archiving import show_found, show_undo
from core.ui.operations.job_menu import show_deleted, show_dialog
from core.ui.operations.job_panel import show_job
from core.ui.operations.job_row import row_of, show_rows
from core.ui.operations.notes import show_common
from core.ui.operations.turns import turns

PER_PAGE = 10
ROWS_PER_PAGE = 50
FEW = 5  # jobs that need no search
MOST_COUNTED = 200  # jobs that the header counts by their states
COUNTED_UP_S = 10.0  # between two counts of what is finished
SPENT_S = 4.0  # between two looks at the month's spending: beside it a job says what it sent
DELETED = "deleted"  # beside ``Show``: of those the data are still there
SHOWN = {
    Show.ALL: "All",
    Show.ACTIVE: "Active",
    Show.FINISHED: "Finished",
    Show.FAILED: "With failures",
    Show.ARCHIVED: "Archived",
    DELETED: "Deleted",
}
# With many sessions in it at once threads spend their time on handing over the interpreter's lock:
# fifty got nothing done in half a minute, where one takes some hundredths of a second.
DRAWING = FairLock()


def show_header(hub: Hub) -> None:
    """In the page's header: how many stand how, what the month has cost, and a new batch."""
    pace = LOOKED_AT_S if _any_moves(hub) else None
    with st.container(key="operations_states", width="content"):
        st.fragment(_show_states, run_every=pace)(hub)
    st.space("stretch")
    st.fragment(show_month, run_every=SPENT_S if pace else None)(hub)
    if not hub.visitor.read_only:
        with st.container(key="header_new", width="content"):
            st.page_link("pages/submit.py", label="New batch", icon=":material/add:")


def _any_moves(hub: Hub) -> bool:
    return any(_moves(hub, job) for job in hub.jobs.list(PER_PAGE, which=Search(show=Show.ACTIVE)))


def _show_states(hub: Hub) -> None:
    st.markdown(states(hub), width="content")


def states(hub: Hub) -> str:
    """As "1 running, 2 done": the same words as at the jobs themselves."""
    moving = hub.jobs.list(MOST_COUNTED, which=Search(show=Show.ACTIVE))
    finished = hub.jobs.count(Search(show=Show.FINISHED))
    words = Counter(_word(hub, job) for job in moving)
    if few := finished + len(moving) <= MOST_COUNTED:
        words += Counter(_finished(str(hub.settings.home), hub.visitor.scope, finished, hub))
    parts = [f"{count:,} {word}" for word, count in words.items()]
    return ", ".join(parts if few else [*parts, f"{finished:,} finished"])


@st.cache_data(ttl=COUNTED_UP_S, max_entries=50, show_spinner=False)
def _finished(home: str, scope: str, count: int, _hub: Hub) -> dict[str, int]:
    """How many finished jobs stand how: one answer for all sessions of a visitor.

    Args:
        home, scope, count: of the hub, its visitor, and the jobs: another count is asked about.
    """
    finished = _hub.jobs.list(MOST_COUNTED, which=Search(show=Show.FINISHED))
    return Counter(_word(_hub, job) for job in finished)


def _word(hub: Hub, job: Job) -> str:
    return look_of(hub, job)[2].partition(",")[0].lower()


def show_jobs(hub: Hub) -> None:
    """The list, with one job first if the URL names it."""
    count, deleted = hub.jobs.count(), bool(hub.jobs.deletion.list())
    if not count and not deleted:
        _show_nothing(hub)
        return
    show_dialog(hub)
    which, compact = _choose(hub, few=count < FEW and not deleted)
    if which is None:
        show_deleted(hub)
        return
    show_undo(hub)
    per_page = ROWS_PER_PAGE if compact else PER_PAGE
    count = hub.jobs.count(which)
    if (which.text or which.show is not Show.ALL) and count:
        show_found(hub, which, count)
    number = page_number(count, per_page, "page", bind="query-params")
    offset = (number - 1) * per_page
    live = any(_moves(hub, job) for job in _listed(hub, which, offset, per_page))
    # A fragment that polls only while something can still change.
    draw = st.fragment(_show_page, run_every=LOOKED_AT_S if live else None)
    draw(hub, which, offset, live, compact)
    page_number_below(count, per_page, "page")


def _show_nothing(hub: Hub) -> None:
    """Before the first batch: the pictures of the sample, and the way to send them."""
    empty_state(
        ":material/pending_actions:",
        "Nothing sent yet",
        "These pictures come with Contact Sheet: send them, and watch them being annotated here. "
        "An operation that runs already can be taken up by its name below.",
        page="pages/submit.py",
        action="Submit the sample batch",
    )
    scope = hub.visitor.scope
    base = f"gallery/{hub.gallery.token(scope)}/local"
    try:
        samples = write_samples(hub.settings.home / "samples")
    except ContactSheetError as error:
        show_error(error)
        return
    rows = [
        {
            "name": sample.path.name,
            "about": sample.title,
            "thumbnail": f"{base}/{hub.gallery.local_address(sample.path, scope)}",
        }
        for sample in samples
        if sample.is_picture
    ]
    show_strip(
        rows,
        "sample_strip",
        label="Pictures of the sample batch",
        lines=2,
        opened=lambda _: st.switch_page("pages/submit.py"),
    )


def _choose(hub: Hub, *, few: bool) -> tuple[Search | None, bool]:
    """Which jobs are listed (None for those that were deleted), and whether as a table."""
    asked = any(st.query_params.get(name) for name in ("find", "show", "rows"))
    if few and not asked and not hub.jobs.count(Search(show=Show.ARCHIVED)):
        return Search(show=Show.ALL), False
    with st.container(key="operations_find", horizontal=True, vertical_alignment="center"):
        text = st.text_input(
            "Find a batch",
            key="find",
            placeholder="Find a batch",
            icon=":material/search:",
            label_visibility="collapsed",
            bind="query-params",
            width=280,
        )
        show = st.segmented_control(
            "Which batches",
            list(SHOWN),
            format_func=SHOWN.__getitem__,
            default=Show.ALL,
            required=True,
            key="show",
            label_visibility="collapsed",
            bind="query-params",
        )
        st.space("stretch")
        compact = st.toggle("Compact", key="rows", bind="query-params")
    if show == DELETED:
        return None, False
    return Search(text, Show(show)), compact


def _show_page(hub: Hub, which: Search, offset: int, live: bool, compact: bool) -> None:
    hub.watcher.look()
    with DRAWING:
        _draw(hub, which, offset, live, compact)


def _starts(hub: Hub) -> dict[str, str]:
    """Job id -> when it starts, of those that wait for others; shows the queue."""
    queue = show_queue(hub)
    return (
        turns(queue, hub.jobs.list(MOST_COUNTED, which=Search(show=Show.ACTIVE))) if queue else {}
    )


def _draw(hub: Hub, which: Search, offset: int, live: bool, compact: bool) -> None:
    jobs = _listed(hub, which, offset, ROWS_PER_PAGE if compact else PER_PAGE)
    if live and not any(_moves(hub, job) for job in jobs):
        st.rerun()  # the whole page, which then stops polling
    above = show_common(hub, jobs)
    starts = _starts(hub)
    wanted = st.query_params.get("job", "")
    cards = [job for job in jobs if job.id == wanted] if compact else jobs
    units = hub.jobs.accounts.units([job.id for job in cards])
    for job in cards:
        opened = job.id == wanted
        show_job(
            hub,
            job,
            units=units.get(job.id, 0),
            opened=opened,
            above=above,
            turn=starts.get(job.id, ""),
        )
    if compact and jobs:
        rows = [
            row_of(hub, job, 0, turn=starts.get(job.id, "")) for job in jobs if job.id != wanted
        ]
        show_rows(rows, "rows_table", "table", label="Batches", opened=_open)
    if not jobs:
        st.caption("No batch is like that.")


def _open(job_id: str) -> None:
    st.query_params["job"] = job_id
    st.rerun()


def _listed(hub: Hub, which: Search, offset: int, most: int) -> list[Job]:
    """The job that the URL names, whichever page of the list it is on, and then that page's."""
    jobs = hub.jobs.list(most, offset, which)
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
