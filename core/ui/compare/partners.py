"""Batches that hold pictures of the one that is looked at: proposed as the other side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.app.hub import Hub
from core.errors import RequestError
from core.jobs.ledger.records import Job
from core.ui.components.header.batch import job_titles
from core.ui.components.widgets import escape_markdown

LOOKED_AT = 24  # newest batches that are asked
PROPOSED = 4


@st.cache_resource(max_entries=200, show_spinner=False, ttl=3600)
def _contents(key: tuple[str, int, int], _hub: Hub) -> NDArray[np.int64]:
    """What a job's pictures show, as sorted hashes, each once.

    Args:
        key: the job's id, and what changes when more of its pictures are known.
    """
    return np.unique(np.array([hash(c) for c in _hub.jobs.contents(key[0]).values()], np.int64))


def shared(hub: Hub, job: Job, others: list[Job]) -> dict[str, int]:
    """How many pictures with the same content each other job holds; those with none are left out.

    Args:
        job, others: as ``Jobs.list`` gives them, so that the visitor may see them.
    """

    def of(one: Job) -> NDArray[np.int64]:
        return _contents((one.id, one.attempt, one.uploaded), hub)

    own = of(job)
    counts = {other.id: len(np.intersect1d(own, of(other), assume_unique=True)) for other in others}
    return {id: count for id, count in counts.items() if count}


def propose(hub: Hub, side: str, other: str, choose: Callable[[str], None]) -> bool | None:
    """Partners of a job, those that share most first; a click chooses one as the other side.

    Returns whether there is any; None if nothing is known of what the pictures of ``side`` show: it
    is no job of ours, or one whose pictures' contents are not known.

    Args:
        side: what the side that stays is: a job's id or a prefix.
        other: the same of the side that is chosen; "" for none.
        choose: called with a job's id.
    """
    newest = hub.jobs.list(LOOKED_AT)
    own = next((job for job in newest if job.id == side), None) or older(hub, side)
    if own is None or not len(_contents((own.id, own.attempt, own.uploaded), hub)):
        return None
    others = [job for job in newest if job.has_results and job.id != side]
    counts = shared(hub, own, others)
    best = sorted(counts, key=lambda id: -counts[id])[:PROPOSED]
    if not best:
        return False
    titles = job_titles([own, *others])
    st.session_state["compare_partner"] = other if other in best else None
    st.pills(
        f"Share pictures with {escape_markdown(titles[side][:60])}",
        best,
        format_func=lambda id: f"{escape_markdown(titles[id][:60])} · {counts[id]:,} shared",
        key="compare_partner",
        on_change=lambda: choose(st.session_state["compare_partner"] or other),
    )
    return True


def older(hub: Hub, side: str) -> Job | None:
    """A job that is not among the newest; None for a prefix, or a job that is not there."""
    if "/" in side:
        return None
    try:
        return hub.jobs.get(side)
    except RequestError:
        return None
