"""All batches that a search found, archived by one press; another press undoes that."""

from __future__ import annotations

import streamlit as st

from core.app.hub import Hub
from core.jobs.deletion import Archived
from core.jobs.ledger.search import Search, Show
from core.ui.components.widgets import escape_markdown
from core.ui.operations.job_menu import SAID, act

NAMED = 3  # batches that archiving has left, by their names
DONE = "operations_archived"  # what the last press did, while it can be undone


def show_found(hub: Hub, which: Search, count: int) -> None:
    """How many a search or a filter found, and a way to archive all of them at once."""
    with st.container(key="operations_found", horizontal=True, vertical_alignment="center"):
        st.caption(batches(count), width="content")
        if count == 1 or which.show is Show.ACTIVE or hub.visitor.read_only:
            return
        back = which.show is Show.ARCHIVED
        with st.popover(
            "Take all out of the archive" if back else "Archive all",
            icon=":material/unarchive:" if back else ":material/archive:",
            type="tertiary",
            key="archive_found",
        ):
            st.markdown(
                "All that were found are listed again."
                if back
                else "All found that are over leave this list. They stay under *Archived*, "
                "with their results; nothing is deleted."
            )
            label = f"Take {count:,} out" if back else f"Archive {count:,}"
            if st.button(label, key="archive_found_now", type="primary"):
                act(lambda: _archive(hub, which, not back))


def show_undo(hub: Hub) -> None:
    """What the last press did, and a button that takes back just that."""
    done: Archived | None = st.session_state.get(DONE)
    if done is None:
        return
    with st.container(key="operations_undo", horizontal=True, vertical_alignment="center"):
        st.caption(f"{batches(len(done.ids))} {_what(done)}.", width="content")
        if st.button("Undo", key="undo_archive", icon=":material/undo:", type="tertiary"):
            act(lambda: _undo(hub, done))
        st.button(
            "Keep it so",
            key="undo_archive_no",
            type="tertiary",
            on_click=lambda: st.session_state.pop(DONE, None),
        )


def batches(count: int) -> str:
    """As "1 batch", "1,200 batches"."""
    return f"{count:,} batch{'es' * (count != 1)}"


def _what(done: Archived) -> str:
    return "archived" if done.archived else "taken out of the archive"


def _archive(hub: Hub, which: Search, archived: bool) -> None:
    done = hub.jobs.deletion.archive_found(which, archived)
    if done.ids:
        st.session_state[DONE] = done
    parts = [f"{len(done.ids):,} {_what(done)}"]
    for left, why in ((done.running, "not over yet"), (done.others, "of others")):
        if left:
            more = f" and {len(left) - NAMED:,} more" if len(left) > NAMED else ""
            names = ", ".join(f"“{escape_markdown(title)}”" for title in left[:NAMED])
            parts.append(f"left {len(left):,} {why}: {names}{more}")
    st.session_state[SAID] = "; ".join(parts) + "."


def _undo(hub: Hub, done: Archived) -> None:
    count, every = hub.jobs.deletion.undo_archive(done), len(done.ids)
    st.session_state.pop(DONE, None)
    where = "back in the list" if done.archived else "in the archive again"
    said = f"{batches(count)} {'is' if count == 1 else 'are'} {where}"
    if left := every - count:
        verb = "was" if left == 1 else "were"
        said += f"; {left:,} of the {every:,} {verb} changed since, and left"
    st.session_state[SAID] = f"{said}."
