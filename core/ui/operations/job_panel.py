"""One job on the Operations page: state, progress, its operations, what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Collection

import streamlit as st

from core.app.failed_pictures import failed_uris
from core.app.hub import Hub
from core.errors import ContactSheetError
from core.jobs.batch.features import FEATURES
from core.jobs.ledger.records import Job, JobState, Operation, OperationState, Progress
from core.jobs.sending.stuck import stuck
from core.ui.components import times
from core.ui.components.job_states import ELSEWHERE, LOOKS
from core.ui.components.widgets import escape_markdown, linked, result_of, show_error
from core.ui.costs.savings import show_saved
from core.ui.operations.failures import count_of, show_failures
from core.ui.operations.notes import Note, show_notes
from core.ui.operations.sharing import show_sharing, whose

MOST_LIKE = 50  # jobs, the newest, whose operations one is compared with
_ARRIVING = "Nothing has failed; some results are still arriving."
_ALL_THERE = "Nothing is missing: all answers are there."


def show_job(
    hub: Hub,
    job: Job,
    *,
    units: int = 0,
    opened: bool = False,
    above: Collection[Note] = (),
) -> None:
    """The whole panel.

    Args:
        opened: whether its operations are shown.
        above: what the page has said already.
    """
    elsewhere = hub.elsewhere(job)
    with st.container(border=True, key=f"job_{job.id}"):
        color, icon, word = ELSEWHERE if elsewhere and not job.final else _look(job)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"#### {escape_markdown(job.title)}", width="content")
            st.badge(word, color=color, icon=icon)  # type: ignore[arg-type]
        if job.unreadable:
            _show_unreadable(hub, job)
            return
        owned = whose(hub, job)
        st.caption(_about(job) + (f" · {owned}" if owned else ""))
        if job.operations:
            _show_progress(job)
        show_saved(hub, job, units)
        show_notes(hub, job, above)
        if not elsewhere:
            _show_arriving(job)
            _show_stuck(hub, job)
        show_failures(hub, job, here=not elsewhere)
        _show_actions(hub, job, here=not elsewhere)
        # Sent when opened: on a live page each element goes to each onlooker over and over.
        title, key = f"Operations ({len(job.operations)})", f"operations_{job.id}"
        # Where the user has to decide, or was charged twice perhaps.
        wants_a_look = job.state is JobState.UNCONFIRMED or any(o.also for o in job.operations)
        opened = opened or wants_a_look
        with st.expander(title, expanded=opened, key=key, on_change="rerun") as shown:
            for operation in job.operations if shown.open else ():
                mine = hub.visitor.may_change(job) and not elsewhere
                _show_operation(hub, operation, mine=mine)


def _look(job: Job) -> tuple[str, str, str]:
    """The badge of a job: its state, and what is unusual about it."""
    color, icon, word = LOOKS[job.state]
    if job.not_found:
        return "orange", ":material/help:", f"{word}, not found at the service"
    if job.arriving:
        return "blue", ":material/sync:", f"{word}, results still arriving"
    failed = job.progress.failed if job.final else 0
    if failed and job.state is JobState.SUCCEEDED:
        return "orange", ":material/warning:", f"{word}, {failed:,} failed"
    if failed and job.state is JobState.CANCELLED:
        return color, icon, f"{word}, {failed:,} without a result"
    return color, icon, word


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


def _about(job: Job) -> str:
    parts = [f"Submitted {times.moment(job.created_at)}"]
    if job.request is not None:
        parts.append(", ".join(FEATURES[name].title for name in job.request.features))
    if job.source and job.source != job.title:
        parts.append(f"from {escape_markdown(job.source)}")
    return " · ".join(parts)


def _show_progress(job: Job) -> None:
    progress = job.progress
    if job.state is JobState.UPLOADING:
        st.progress(
            job.uploaded / max(1, job.uploads),
            text=f"{job.uploaded:,} of {job.uploads:,} {_files(job)} uploaded",
        )
    else:
        share = f"{_share(progress)} done"
        if job.reused:
            share += f" ({job.reused:,} of them by earlier jobs)"
        shards = f"{progress.shards_done:,} of {progress.shards:,} shards"
        unknown = f"{progress.pictures_done:,} pictures done, {progress.shards_done:,} shards"
        st.progress(progress.fraction, text=f"{share}, {shards}" if progress.pictures else unknown)
    with st.container(horizontal=True):
        _number("To do", f"{progress.waiting:,}")
        _number("Failed" if job.settled else "Failed so far", f"{progress.failed:,}")
        each = "Pictures and pages a second" if progress.pages else "Pictures a second"
        _number(each, f"{progress.rate:.1f}" if progress.rate else "–")
        if job.final:
            _number("Took", _duration(_took(job)))
        else:
            _number("Time left", _duration(progress.seconds_left), help="From the rate so far.")


def _files(job: Job) -> str:
    return "pictures and files" if job.pages else "pictures"


def _share(progress: Progress) -> str:
    """As "3 of 303 pictures and 7 of 12 pages", without the kind that there is none of."""
    done, all_of_them = progress.pictures_done, progress.pictures
    kinds = [
        (done - progress.pages_done, all_of_them - progress.pages, "pictures"),
        (progress.pages_done, progress.pages, "pages"),
    ]
    shares = [f"{some:,} of {all_:,} {noun}" for some, all_, noun in kinds if all_]
    return " and ".join(shares)


def _number(label: str, value: str, *, help: str | None = None) -> None:
    st.metric(label, value, help=help, width=180)  # of one width, to stand below each other


def _took(job: Job) -> float | None:
    ends = [o.ended_at for o in job.operations if o.ended_at is not None]
    return (max(ends) - job.created_at).total_seconds() if ends and job.attempt == 1 else None


def _show_links(hub: Hub, job: Job, *, here: bool) -> None:
    # Nobody counts the shards of a job that is another backend's: they are looked for.
    looked_for = not here and not job.has_results and hub.holds_results(job)
    st.page_link(
        "pages/explore.py",
        label="Explore",
        icon=":material/insights:",
        query_params={"prefix": job.prefix} if looked_for else {"job": job.id},
        disabled=not (job.has_results or looked_for),
    )
    st.page_link(
        "pages/compare.py",
        label="Compare",
        icon=":material/compare:",
        query_params={"left": job.id},
        disabled=not job.has_results,
    )


def _show_actions(hub: Hub, job: Job, *, here: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        _show_links(hub, job, here=here)
        owned = hub.visitor.may_change(job)
        if owned and here:
            _show_going_on(hub, job)
            _show_sending_again(job)
        if owned and job.final:
            _show_forget(hub, job)
        show_sharing(hub, job)
    if st.session_state.get(f"retrying_{job.id}") == job.attempt:
        _retry(hub, job)


def _show_going_on(hub: Hub, job: Job) -> None:
    """What can be done to a job that is not over: go on sending, cancel."""
    if job.state is JobState.STOPPED:
        _action(job, "Go on", "play_arrow", lambda: _resume(hub, job))
    if not job.final and not job.cancelled:
        with st.popover("Cancel", icon=":material/cancel:", key=f"cancel_{job.id}"):
            st.markdown("Pictures that are done stay done; the others are not annotated.")
            _action(job, "Cancel the job", "cancel", lambda: hub.jobs.cancel(job.id))


def _show_sending_again(job: Job) -> None:
    """Retry what failed of a job that is over; else look whether reused answers are there yet."""
    if not job.final:
        return
    clicked = False
    if job.progress.failed and job.request is not None:
        clicked = st.button(
            f"Retry {count_of(job)}", key=f"retry_{job.id}", icon=":material/replay:"
        )
    elif job.reused:
        clicked = st.button(
            "Check the earlier answers",
            key=f"check_{job.id}",
            icon=":material/fact_check:",
            help="Are the earlier jobs' shards still there? What is gone is sent again.",
        )
    if clicked:
        st.session_state[f"retrying_{job.id}"] = job.attempt


def _is_mixed(job: Job) -> bool:
    return 0 < job.pages < job.pictures


def _show_forget(hub: Hub, job: Job) -> None:
    with st.popover("Forget", icon=":material/delete:", key=f"forget_{job.id}"):
        st.markdown("Takes the job off this list. Its results stay in the bucket.")
        _action(job, "Forget the job", "delete", lambda: hub.jobs.forget(job.id))


def _show_unreadable(hub: Hub, job: Job) -> None:
    st.warning(
        f"Its record in the ledger is damaged: {escape_markdown(job.unreadable)} It is not "
        "sent or watched. What it has written is below its prefix.",
        icon=":material/warning:",
    )
    st.code(job.prefix, language=None)
    if hub.visitor.may_change(job):
        _show_forget(hub, job)


def _action(job: Job, label: str, icon: str, act: Callable[[], object]) -> None:
    if not st.button(label, key=f"do_{icon}_{job.id}", icon=f":material/{icon}:"):
        return
    try:
        act()
    except ContactSheetError as error:
        show_error(error)
        return
    st.rerun()


def _resume(hub: Hub, job: Job) -> None:
    hub.tasks.forget(f"send:{job.id}")
    hub.tasks.start(f"send:{job.id}", lambda _: hub.jobs.send(job.id))


def _retry(hub: Hub, job: Job) -> None:
    key = f"failed:{job.id}:{job.attempt}"
    task = hub.tasks.start(key, lambda report: failed_uris(hub.jobs, hub.buckets, job.id, report))
    uris = result_of(task, "Looking for failed pictures", again=False)
    if task.done:
        hub.tasks.forget(key)
        del st.session_state[f"retrying_{job.id}"]
    if uris is None:
        return
    if not uris:
        arriving = hub.jobs.get(job.id).arriving
        st.success(_ARRIVING if arriving else _ALL_THERE, icon=":material/check_circle:")
        return
    try:
        hub.jobs.retry_failed(job, uris)
    except ContactSheetError as error:
        show_error(error)
        return
    hub.watcher.send_soon()
    st.rerun()


def _show_operation(hub: Hub, operation: Operation, *, mine: bool) -> None:
    again = f", attempt {operation.attempt}" if operation.attempt > 1 else ""
    says = f", the service says {operation.service_state}" if operation.service_state else ""
    st.markdown(
        f"**Part {operation.part}{again}**: {operation.state.value.lower()}"
        f"{escape_markdown(says)} · "
        f"{operation.pictures_done:,} of {operation.pictures:,} "
        f"{'pages' if operation.paged else 'pictures'} · "
        f"{operation.shards_done:,} of {operation.shards:,} shards · "
        f"{operation.errors:,} errors"
    )
    if operation.name:
        st.code(operation.name, language=None)
    st.code(operation.prefix, language=None)
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
    doubts = hub.jobs.doubts
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
            "It has this name": lambda: doubts.confirm(operation.id, name),
            "Send it again": lambda: doubts.send_again(operation.id),
        }
    choices["Give it up"] = lambda: doubts.give_up(operation.id)
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


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes} min"
        if hours
        else f"{minutes} min {rest} s"
        if minutes
        else f"{rest} s"
    )
