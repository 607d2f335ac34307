"""One job on the Operations page: state, progress, its operations, what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Collection

import streamlit as st

from core.app.hub import Hub
from core.app.picture_links import picture_params
from core.errors import ContactSheetError
from core.jobs.batch.amounts import count
from core.jobs.batch.features import FEATURES
from core.jobs.ledger.records import Job, JobState, Operation, OperationState
from core.jobs.sending.stuck import stuck
from core.ui.components import times
from core.ui.components.widgets import escape_markdown, linked, show_error
from core.ui.costs.savings import show_saved
from core.ui.operations.failures import show_failures
from core.ui.operations.job_menu import act, operations_key, show_menu
from core.ui.operations.job_row import CELLS, row_of, show_rows
from core.ui.operations.notes import Note, show_notes
from core.ui.operations.retry import show_retry, show_retry_button
from core.ui.operations.sharing import show_sharing, whose

MOST_LIKE = 50  # jobs, the newest, whose operations one is compared with


def show_job(
    hub: Hub,
    job: Job,
    *,
    units: int = 0,
    opened: bool = False,
    above: Collection[Note] = (),
    turn: str = "",
) -> None:
    """The whole panel.

    Args:
        opened: whether its operations are shown.
        above: what the page has said already.
        turn: when it starts, if it waits for others.
    """
    elsewhere = hub.elsewhere(job)
    with st.container(border=True, key=f"job_{job.id}"):
        row, actions = st.columns([1080, 280], gap="small", vertical_alignment="center")
        with row:
            data = row_of(hub, job, CELLS, whose(hub, job), turn)
            show_rows([data], f"row_{job.id}", "card", opened=_explore, picked=_look_at)
        if job.unreadable:
            _show_unreadable(hub, job)
            return
        with actions:
            _show_actions(hub, job, here=not elsewhere)
        if job.saved:
            show_saved(hub, job, units)
        show_notes(hub, job, above)
        if not elsewhere:
            _show_arriving(job)
            _show_stuck(hub, job)
        show_failures(hub, job, here=not elsewhere)
        show_retry(hub, job)
        # Where the user has to decide, or was charged twice perhaps.
        wants_a_look = job.state is JobState.UNCONFIRMED or any(o.also for o in job.operations)
        asked = opened or wants_a_look or st.session_state.get(operations_key(job))
        if asked and job.operations:  # none where all answers are those of earlier jobs
            _show_operations(hub, job, units, mine=hub.visitor.may_change(job) and not elsewhere)


def _show_operations(hub: Hub, job: Job, units: int, *, mine: bool) -> None:
    # Sent when opened: on a live page each element goes to each onlooker over and over.
    title, key = f"Operations ({len(job.operations)})", operations_key(job)
    with st.expander(title, expanded=True, key=key, on_change="rerun") as shown:
        if shown.open and not job.saved:
            show_saved(hub, job, units)
        if shown.open and job.request is not None:
            asked = ", ".join(FEATURES[name].title for name in job.request.features)
            st.caption(f"Asked for: {asked}")
        for operation in job.operations if shown.open else ():
            _show_operation(hub, operation, mine=mine)


def _explore(job_id: str) -> None:
    st.switch_page("pages/explore.py", query_params={"job": job_id})


def _look_at(job_id: str, uri: str, page: int) -> None:
    params = {"job": job_id} | picture_params(uri, page, 0)
    st.switch_page("pages/explore.py", query_params=params)


def _show_arriving(job: Job) -> None:
    """Results that are still owed, and may come by themselves."""
    if job.arriving:
        until = max(o.owed_until for o in job.operations if o.owed_until is not None)
        st.info(
            f"The service is done. The results of {job.arriving:,} pictures have not been seen "
            f"yet; they are looked for until {times.hour(until)}, and not sent again.",
            icon=":material/sync:",
        )


def _show_stuck(hub: Hub, job: Job) -> None:
    """Operations that stand still, or are much slower than others of the same features."""
    if job.state is not JobState.RUNNING or job.request is None:
        return
    now, features = hub.clock(), job.request.features
    alike = [
        operation
        for other in hub.jobs.list(MOST_LIKE)
        if other.request is not None
        and (other.request.features, other.backend) == (features, job.backend)
        for operation in other.operations
    ]
    for operation in job.operations:
        if said := stuck(operation, alike, now):
            st.warning(f"Operation {operation.part:,}: {said}", icon=":material/hourglass_empty:")


def _show_links(hub: Hub, job: Job, *, here: bool) -> None:
    # Nobody counts the shards of a job that is another backend's: they are looked for.
    looked_for = not here and not job.has_results and hub.holds_results(job)
    if job.has_results or looked_for:
        st.page_link(
            "pages/explore.py",
            label="Explore",
            icon=":material/insights:",
            query_params={"prefix": job.prefix} if looked_for else {"job": job.id},
        )
    if job.settled and job.has_results:
        st.page_link(
            "pages/report.py",
            label="Report",
            icon=":material/description:",
            query_params={"job": job.id},
        )


def _show_actions(hub: Hub, job: Job, *, here: bool) -> None:
    """What is done most with a batch as it stands; the rest is in its menu."""
    with st.container(
        key=f"actions_{job.id}",
        horizontal=True,
        horizontal_alignment="right",
        vertical_alignment="center",
        gap="small",
    ):
        _show_links(hub, job, here=here)
        mine = hub.visitor.may_change(job) and here
        if mine and job.state is JobState.STOPPED:
            _action(job, "Go on", "play_arrow", lambda: _resume(hub, job))
        if mine and not job.final and not job.cancelled:
            with st.popover("Stop", icon=":material/stop_circle:", key=f"cancel_{job.id}"):
                st.markdown("Pictures that are done stay done; the others are not annotated.")
                _action(job, "Cancel the job", "cancel", lambda: hub.jobs.cancel(job.id))
        if mine and job.final:
            show_retry_button(hub, job)
        show_sharing(hub, job)
        show_menu(hub, job, here=here)


def _show_unreadable(hub: Hub, job: Job) -> None:
    st.warning(
        f"Its record in the ledger is damaged: {escape_markdown(job.unreadable)} It is not "
        "sent or watched. What it has written is below its prefix.",
        icon=":material/warning:",
    )
    st.code(job.prefix, language=None, wrap_lines=True)
    if hub.visitor.may_change(job):
        with st.popover("Forget", icon=":material/delete:", key=f"forget_{job.id}"):
            st.markdown("Takes the job off this list. Its results stay in the bucket.")
            _action(job, "Forget the job", "delete", lambda: hub.jobs.forget(job.id))


def _action(job: Job, label: str, icon: str, action: Callable[[], object]) -> None:
    if st.button(label, key=f"do_{icon}_{job.id}", icon=f":material/{icon}:"):
        act(action)


def _resume(hub: Hub, job: Job) -> None:
    hub.tasks.forget(f"send:{job.id}")
    hub.tasks.start(f"send:{job.id}", lambda _: hub.jobs.send(job.id))


def _show_operation(hub: Hub, operation: Operation, *, mine: bool) -> None:
    again = f", attempt {operation.attempt}" if operation.attempt > 1 else ""
    says = f", the service says {operation.service_state}" if operation.service_state else ""
    st.markdown(
        f"**Part {operation.part}{again}**: {operation.state.value.lower()}"
        f"{escape_markdown(says)} · "
        f"{operation.pictures_done:,} of {operation.pictures:,} "
        f"{'pages' if operation.paged else 'pictures'} · "
        f"{operation.shards_done:,} of {operation.shards:,} shards · "
        f"{count(operation.errors, 'error')}"
    )
    if operation.name:
        st.code(operation.name, language=None, wrap_lines=True)
    st.code(operation.prefix, language=None, wrap_lines=True)
    if operation.error:
        st.warning(linked(operation.error), icon=":material/warning:")
    if operation.also:
        others = "\n".join(f"- {escape_markdown(line)}" for line in operation.also.splitlines())
        st.warning(
            "It was sent more than once, and may be charged twice. The service has, or may have, "
            f"accepted this as well:\n{others}",
            icon=":material/payments:",
        )
    if operation.cancel == "refused":
        st.caption("The service does not cancel it; the operation runs to its end.")
    if mine and (operation.state is OperationState.UNCONFIRMED or operation.nameless):
        _decide(hub, operation)


def _decide(hub: Hub, operation: Operation) -> None:
    """The user settles what nobody else can know: was it accepted or not?"""
    unconfirmed = hub.jobs.unconfirmed
    if operation.nameless:
        st.markdown("It is known by its results alone, and is over when all of them are there.")
        choices: dict[str, Callable[[], object]] = {}
    else:
        st.markdown(
            "It is not known whether the service accepted this operation. *Send it again* looks "
            "for it first. If nothing is found it is sent, and **may be charged twice**: the first "
            "one may be running unseen."
        )
        name = st.text_input("Its name, if you know it", key=f"name_{operation.id}")
        choices = {
            "It has this name": lambda: unconfirmed.confirm(operation.id, name),
            "Send it again": lambda: unconfirmed.send_again(operation.id),
        }
    choices["Give it up"] = lambda: unconfirmed.give_up(operation.id)
    with st.container(horizontal=True):
        for label, act in choices.items():
            if st.button(label, key=f"{label}_{operation.id}"):
                try:
                    act()
                except ContactSheetError as error:
                    show_error(error)
                else:
                    hub.watcher.send_soon()
                    st.rerun()
