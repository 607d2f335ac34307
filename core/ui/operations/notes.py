"""What is wrong with jobs, on the Operations page: the same at many jobs once, above them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import streamlit as st

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.jobs.ledger.records import Job
from core.ui.components.widgets import escape_markdown, linked

NAMED = 3  # jobs of a common trouble

_NOT_FOUND = (
    "The service says that it does not know an operation of this job. That may be wrong "
    "for some minutes, so it is still looked for, and nothing is sent again meanwhile."
)
_TRIED_AGAIN = "What is shown may be old; it is tried again."


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that is wrong; equal ones are the same trouble.

    Attributes:
        what: what happened, and what to do next, but not where.
        icon: a Material symbol's name.
        mild: whether it is no warning.
    """

    what: str
    icon: str
    mild: bool = False


def of_job(hub: Hub, job: Job) -> dict[Note, str]:
    """What is wrong with a job -> where it is wrong, "" if that is clear."""
    if elsewhere := hub.elsewhere(job):
        return {Note(elsewhere, "swap_horiz", mild=True): ""}
    notes = {Note(_NOT_FOUND, "help"): ""} if job.not_found else {}
    for error in hub.troubles(job):
        notes.setdefault(_of_error(error), error.where)
    if job.fault:
        notes[Note(job.fault, "warning")] = ""
    return notes


def _of_error(error: ContactSheetError) -> Note:
    return Note(f"{error.what}. {error.then}".strip(), "cloud_off")


def show_common(hub: Hub, jobs: Sequence[Job]) -> Collection[Note]:
    """What is wrong with the backend, or with several jobs; returns what need not be said again."""
    at = defaultdict[Note, list[Job]](list)
    for job in jobs:
        for note in of_job(hub, job) if not job.unreadable else ():
            at[note].append(job)
    said: dict[Note, str] = {}
    for problem in hub.watcher.problems:
        # Its place may be in a job that this visitor does not see.
        where = problem.where if hub.visitor.unrestricted else ""
        said.setdefault(_of_error(problem) if hub.visitor.unrestricted else _bare(problem), where)
    common = {note: mine for note, mine in at.items() if len(mine) > 1 and note not in said}
    for note, where in said.items():
        show(note, where)
    for note, mine in common.items():
        named = ", ".join(f"“{job.title}”" for job in mine[:NAMED])
        more = f" and {len(mine) - NAMED:,} more" if len(mine) > NAMED else ""
        show(note, f"{len(mine):,} jobs: {named}{more}")
    return {*said, *common}


def _bare(error: ContactSheetError) -> Note:
    return Note(f"{error.what}.", "cloud_off")


def show_notes(hub: Hub, job: Job, above: Collection[Note]) -> None:
    """At a job: what is wrong with it, in short where the page's top says it."""
    for note, where in of_job(hub, job).items():
        if note in above:
            st.caption(
                f":material/arrow_upward: See above: {escape_markdown(note.what.split('. ')[0])}"
            )
        else:
            show(note, where)


def show(note: Note, where: str) -> None:
    """One note, with its place or its jobs behind it."""
    place = f" ({escape_markdown(where)})" if where else ""
    tried = f" {_TRIED_AGAIN}" if note.icon == "cloud_off" else ""
    box = st.info if note.mild else st.warning
    box(f"{linked(note.what)}{place}{tried}", icon=f":material/{note.icon}:")
