"""On the Operations page: pictures of a job that have no good result, by name and with reasons."""

from __future__ import annotations

import streamlit as st

from core.app.failed_pictures import failures
from core.app.hub import Hub
from core.jobs.ledger.records import Job
from core.results.tables.picture_names import split_path
from core.ui.components.chart_card import show_table
from core.ui.components.widgets import result_of

SHOWN = 1_000


def count_of(job: Job) -> str:
    """ "3 failed pictures"."""
    count = job.progress.failed
    return f"{count:,} failed picture{'s' * (count != 1)}"


def show_failures(hub: Hub, job: Job, *, here: bool) -> None:
    """A list that is read from the shards when it is opened.

    Args:
        here: whether the job's results are in the storage that is connected.
    """
    if not job.settled or not job.progress.failed or not here:
        if job.lost:
            _show_left_out(hub, job)
        return
    key = f"failures_{job.id}"
    with st.expander(count_of(job), icon=":material/warning:", key=key, on_change="rerun") as shown:
        if not shown.open:
            return
        # Asked for again when what was counted has changed.
        done = f"{job.attempt}:{job.progress.failed}:{job.progress.pictures_done}"
        task = hub.tasks.start(
            f"{key}:{done}",
            lambda report: failures(hub.jobs, hub.buckets, job.id, report),
        )
        failed = result_of(task, "Looking for failed pictures")
        if failed is None:
            return
        names = hub.jobs.names(job.id)
        rows = [_row(name, why) for name, why in hub.jobs.lost(job.id)]
        rows += [
            _row(names.get(uri, uri), why) | {"page": str(page or ""), "address": uri}
            for (uri, page), why in failed.items()
        ]
        show_table("Failed pictures", rows, f"failed_{job.id}", most=SHOWN)


def _row(path: str, why: str) -> dict[str, str]:
    folder, name = split_path(path)
    return {"picture": name or path, "folder": folder, "problem": why}


def _show_left_out(hub: Hub, job: Job) -> None:
    with st.expander(f"{job.lost:,} pictures could not be read and were left out"):
        rows = [_row(name, why) for name, why in hub.jobs.lost(job.id)]
        show_table("Pictures left out", rows, f"lost_{job.id}")
