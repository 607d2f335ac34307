"""On the Operations page: pictures of a job that have no good result, each with what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import streamlit as st

from core.app.failed_pictures import failures
from core.app.hub import Hub
from core.jobs.batch.amounts import counted
from core.jobs.ledger.records import Job
from core.ui.components.chart_card import show_csv
from core.ui.components.widgets import result_of
from core.ui.operations.job_row import show_pictures, thumbnail
from core.ui.operations.retry import amount_lacking, listing_key, show_rest

SHOWN = 50  # rows; the file has all
FEW = 12  # failed pictures that are shown without being asked for, if few shards tell of them
FEW_SHARDS = 100
UNREAD = "Is the file still there, and may it be read? Then send it once more."


def count_of(job: Job) -> str:
    """ "3 failed pictures", or "3 without a result"."""
    return amount_lacking(job, job.progress.failed)


def show_failures(hub: Hub, job: Job, *, here: bool) -> None:
    """A list that is read from the shards when it is opened; a short one is open at first.

    Args:
        here: whether the job's results are in the storage that is connected.
    """
    progress = job.progress
    if not job.final or not progress.failed or not here:
        if job.lost:
            with st.expander(f"{counted(job.lost)} could not be read and were left out"):
                rows = list(_left_out(hub, job))
                if rows:
                    _show(hub, rows, job, "Pictures left out", "lost")
                else:
                    st.caption("Their names are not in the ledger any more.")
        return
    key = f"failures_{job.id}"
    few = progress.failed <= FEW and progress.shards <= FEW_SHARDS
    with st.expander(
        count_of(job), icon=":material/warning:", key=key, on_change="rerun", expanded=few
    ) as shown:
        if not shown.open:
            return
        task = hub.tasks.start(
            listing_key(job), lambda report: failures(hub.jobs, hub.buckets, job.id, report)
        )
        failed = result_of(task, "Looking for failed pictures")
        if failed is None:
            return
        names = hub.jobs.names(job.id)
        rows = list(_left_out(hub, job))
        rows += [
            _row(names.get(uri, uri), failure.why, failure.remedy, uri, page)
            for (uri, page), failure in failed.items()
        ]
        if rows:
            _show(hub, rows, job, "Failed pictures", "failed")
            show_rest(job, failed, mine=hub.visitor.may_change(job))
            return
        hub.look_again(job.id)
        st.caption("The shards hold an answer to each picture by now; they are counted again.")


def _left_out(hub: Hub, job: Job) -> Iterator[dict[str, Any]]:
    for name, why in hub.jobs.lost(job.id):
        yield _row(name, why, UNREAD)


def _row(name: str, why: str, remedy: str, uri: str = "", page: int = 0) -> dict[str, Any]:
    shown = f"{name}, page {page}" if page and name else name or f"Picture {page:,}"
    return {"name": shown, "why": why, "remedy": remedy, "address": uri, "page": page}


def _show(hub: Hub, rows: list[dict[str, Any]], job: Job, title: str, key: str) -> None:
    drawn = [
        row
        | {"thumbnail": thumbnail(hub, job, uri, row["page"]) if (uri := row["address"]) else ""}
        for row in rows[:SHOWN]
    ]
    show_pictures(drawn, f"{key}_{job.id}", label=title)
    if len(rows) > SHOWN:
        st.caption(f"The first {SHOWN:,} of {len(rows):,}; the file has all of them.")
    frame = pd.DataFrame(rows).drop(columns="page")
    columns = {"name": "picture", "why": "problem", "remedy": "what to do"}
    show_csv(title, frame.rename(columns=columns), f"{key}_{job.id}")
