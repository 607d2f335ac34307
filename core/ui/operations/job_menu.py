"""What can be done with a batch besides looking at it: its menu, and the questions asked first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from core.app.batches.cleaning import disk_use
from core.app.hub import Hub
from core.errors import ContactSheetError
from core.jobs.batch.amounts import count, in_bytes
from core.jobs.deletion import GRACE, Contents
from core.jobs.jobs import MOST_TITLE
from core.jobs.ledger.records import Job
from core.ui.components import times
from core.ui.components.widgets import escape_markdown, result_of, show_error
from core.ui.operations.retry import start_retry

ASKED = "operations_dialog"  # what is asked of which job
SAID = "operations_said"  # for a toast of the next run


def operations_key(job: Job) -> str:
    """Under which the session keeps whether a job's operations are shown."""
    return f"operations_{job.id}"


def show_menu(hub: Hub, job: Job, *, here: bool) -> None:
    """The button with three dots.

    Args:
        here: whether the job belongs to the backend that is connected.
    """
    actions = _actions(hub, job, here=here)
    chosen = st.menu_button(
        "More",
        list(actions),
        icon=":material/more_vert:",
        type="tertiary",
        key=f"menu_{job.id}",
    )
    if chosen in actions:
        act(actions[chosen])


def _actions(hub: Hub, job: Job, *, here: bool) -> dict[str, Callable[[], object]]:
    """Label -> what it does; only what the visitor may do."""
    actions: dict[str, Callable[[], object]] = {}
    if job.has_results:
        actions["Compare"] = lambda: st.switch_page(
            "pages/compare.py", query_params={"left": job.id}
        )
    actions["On a wall screen"] = lambda: st.query_params.from_dict({"job": job.id, "kiosk": "1"})
    if not hub.visitor.read_only and job.request is not None:
        actions["Send again like this"] = lambda: st.switch_page(
            "pages/submit.py", query_params={"like": job.id}
        )
    if job.operations and not st.session_state.get(operations_key(job)):
        shown = {operations_key(job): True}
        actions["Operations and prefix"] = lambda: st.session_state.update(shown)
    if not hub.visitor.may_change(job):
        return actions
    if not job.unreadable:
        actions["Rename …"] = lambda: ask("rename", job.id)
    if here and job.final and job.reused and not job.progress.failed:
        # What is gone is sent again.
        actions["Check the earlier answers"] = lambda: start_retry(job)
    if job.archived:
        actions["Take out of the archive"] = lambda: hub.jobs.deletion.archive(job.id, False)
    else:
        actions["Archive"] = lambda: hub.jobs.deletion.archive(job.id, True)
    if job.final:
        actions["Forget …"] = lambda: ask("forget", job.id)
    if here and not job.unreadable and hub.visitor.may_delete(job):
        actions["Delete …"] = lambda: ask("delete", job.id)
    return actions


def act(action: Callable[[], object]) -> None:
    """Do something, and draw the page again; what goes wrong is shown."""
    try:
        action()
    except ContactSheetError as error:
        show_error(error)
        return
    st.rerun()


def ask(what: str, job_id: str) -> None:
    """Have the next run ask before something is done."""
    st.session_state[ASKED] = (what, job_id)


def show_dialog(hub: Hub) -> None:
    """The question that is open, if any; outside of fragments that run by themselves."""
    if said := st.session_state.pop(SAID, ""):
        st.toast(said, icon=":material/check_circle:")
    what, job_id = st.session_state.get(ASKED, ("", ""))
    if not what:
        return
    try:
        job = hub.jobs.get(job_id)
    except ContactSheetError:
        _close()
        return
    if what == "rename":
        _ask_name(hub, job)
    elif what == "delete":
        _ask_delete(hub, job)
    else:
        _ask_forget(hub, job)


def _close() -> None:
    _, job_id = st.session_state.pop(ASKED, ("", ""))
    st.session_state.pop(f"contents_{job_id}", None)


@st.dialog("Rename this batch", on_dismiss=_close)
def _ask_name(hub: Hub, job: Job) -> None:
    with st.form(f"rename_{job.id}", border=False):
        title = st.text_input("Name", job.title, max_chars=MOST_TITLE, key=f"name_{job.id}")
        if not st.form_submit_button("Rename", icon=":material/edit:", type="primary"):
            return
    try:
        hub.jobs.rename(job.id, title)
    except ContactSheetError as error:
        show_error(error)
        return
    _close()
    st.rerun()


@st.dialog("Forget this batch?", on_dismiss=_close)
def _ask_forget(hub: Hub, job: Job) -> None:
    st.markdown(
        f"**{escape_markdown(job.title)}** leaves this list. Its results and pictures stay in the "
        f"bucket, in `{job.prefix}`; marks and notes of it go."
    )
    _answer(
        "Forget the job", "delete", job, lambda: hub.jobs.forget(job.id), "Forgotten; results stay."
    )


@st.dialog("Delete this batch?", on_dismiss=_close)
def _ask_delete(hub: Hub, job: Job) -> None:
    st.markdown(f"**{escape_markdown(job.title)}**")
    if not job.final:
        st.warning("It is not over. Stop it first, then delete it.", icon=":material/warning:")
        return
    # Counted again for each time that it is asked.
    turn = st.session_state.setdefault(f"contents_{job.id}", hub.clock().isoformat())
    task = hub.tasks.start(
        f"contents:{job.id}:{turn}",
        lambda _: (hub.jobs.deletion.contents(job.id), disk_use(hub.settings.home)),
    )
    footprint = result_of(task, "Looking what is there")
    if footprint is None:
        return
    contents, (used, free) = footprint
    st.markdown(what_goes(contents))
    st.markdown(_what_stays(contents))
    st.caption(
        f"Contact Sheet's folder on this machine takes {in_bytes(used)}; {in_bytes(free)} of the "
        "disk are free."
    )
    at_once = st.checkbox("At once, without a day to undo it", key=f"at_once_{job.id}")
    now = hub.clock()
    until = times.spoken(now + GRACE, now, inside=True)
    said = "Deleted for good." if at_once else f"Deleted. It can be undone until {until}."
    st.caption(
        "This cannot be undone."
        if at_once
        else f"It can be undone until {until}, on this page under *Deleted*; then the data go."
    )

    def delete() -> None:
        hub.jobs.deletion.delete(job.id, at_once=at_once)
        hub.watcher.send_soon()

    label = "Delete for good" if at_once else "Delete"
    _answer(label, "delete_forever", job, delete, said)


def what_goes(contents: Contents) -> str:
    """In Markdown, what deleting a batch takes from its bucket, and from this machine."""
    uploads, results = contents.uploads, contents.results
    goes = []
    if uploads.count:
        goes.append(f"- {count(uploads.count, 'uploaded file')}, {in_bytes(uploads.bytes)}")
    if results.count:
        goes.append(f"- {count(results.count, 'file')} of results, {in_bytes(results.bytes)}")
    every = in_bytes(uploads.bytes + results.bytes)
    head = f"**{every} go from the bucket:**" if goes else "**Nothing of it is in the bucket.**"
    rest = "Its thumbnails, marks, notes and what was made of its results on this machine go too."
    return "\n".join([head, *goes, "", rest])


def _what_stays(contents: Contents) -> str:
    stays = ["your own pictures, in their folder or bucket", "what it has cost, in the month's sum"]
    if contents.needed.count:
        named = ", ".join(f"“{escape_markdown(title)}”" for title in contents.users)
        whose = f"other batches use ({named})" if named else "other batches use"
        stays.append(
            f"{contents.needed.count:,} files, {in_bytes(contents.needed.bytes)}, that {whose}: "
            "until those are deleted as well"
        )
    if contents.foreign.count:
        stays.append(
            f"{contents.foreign.count:,} files in its folder that Contact Sheet did not write, "
            f"{in_bytes(contents.foreign.bytes)}"
        )
    return "**What stays:**\n" + "\n".join(f"- {one}" for one in stays)


def _answer(label: str, icon: str, job: Job, action: Callable[[], object], said: str) -> None:
    with st.container(horizontal=True):
        if st.button(label, key=f"do_{icon}_{job.id}", icon=f":material/{icon}:", type="primary"):
            try:
                action()
            except ContactSheetError as error:
                show_error(error)
                return
            _close()
            st.session_state[SAID] = said
            if st.query_params.get("job") == job.id:
                del st.query_params["job"]
            st.rerun()
        if st.button("Keep it", key=f"keep_{job.id}"):
            _close()
            st.rerun()


def show_deleted(hub: Hub) -> None:
    """Deleted batches whose data are still there, with undo."""
    deleted = hub.jobs.deletion.list()
    if not deleted:
        st.caption("Nothing was deleted whose data are still there.")
    for job in deleted:
        with st.container(border=True, key=f"deleted_{job.id}"):
            st.markdown(f"**{escape_markdown(job.title)}**")
            st.caption(_said_of(hub, job))
            trouble = hub.cleaning.trouble(job.id)
            if trouble is not None:
                show_error(trouble)
            if job.deletion or job.deleted_at is None or job.deleted_at <= hub.clock():
                continue
            with st.container(horizontal=True):
                if st.button("Undo", key=f"restore_{job.id}", icon=":material/undo:"):
                    act(lambda one=job: _restore(hub, one))  # type: ignore[misc]
                if st.button(
                    "Delete now", key=f"finish_{job.id}", icon=":material/delete_forever:"
                ):
                    act(lambda one=job: _finish(hub, one))  # type: ignore[misc]


def _restore(hub: Hub, job: Job) -> None:
    hub.jobs.deletion.restore(job.id)
    st.session_state[SAID] = f"“{escape_markdown(job.title)}” is back, as it was."


def _finish(hub: Hub, job: Job) -> None:
    hub.jobs.deletion.finish(job.id)
    hub.watcher.send_soon()


def _said_of(hub: Hub, job: Job) -> str:
    if job.deletion == "kept":
        return "Gone, but for what other batches use: that goes with them."
    if job.deletion or job.deleted_at is None or job.deleted_at <= hub.clock():
        return "Its data are being removed."
    now = hub.clock()
    hours = max(1, round((job.deleted_at - now) / timedelta(hours=1)))
    until = times.spoken(job.deleted_at, now, inside=True)
    return f"Its data go {until}, in {hours} h. Until then it can be undone."
