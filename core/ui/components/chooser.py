"""Explore page, first line: which job or prefix to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import streamlit as st

from core.app.hub import Hub
from core.jobs.ledger.records import Job
from core.ui.components.widgets import empty_state

MOST_JOBS = 200


def choose(hub: Hub) -> None:
    """Widgets that write ``job`` or ``prefix`` into the URL."""
    titles = job_titles(hub.jobs.list(MOST_JOBS))
    st.session_state["choose_job"] = st.query_params.get("job") or None
    if st.session_state["choose_job"] not in titles:
        st.session_state["choose_job"] = None
    st.session_state["choose_prefix"] = st.query_params.get("prefix", "")
    left, right = st.columns(2)
    left.selectbox(
        "Job",
        list(titles),
        index=None,
        format_func=titles.__getitem__,
        key="choose_job",
        on_change=_job_chosen,
        placeholder="Choose a job" if titles else "No jobs yet",
    )
    right.text_input(
        "Or any folder of result shards",
        key="choose_prefix",
        on_change=_prefix_chosen,
        placeholder="gs://bucket/folder/",
        help="Any gs:// prefix of output-A-to-B.json files, also ones written by other tools.",
    )


def job_titles(jobs: Iterable[Job]) -> dict[str, str]:
    """Job id -> what to call it in a list, no two alike.

    The browser sends a selectbox's label back, not its value: of two equal ones Streamlit takes the
    first, which would be another job's results.
    """
    titles = {job.id: f"{job.title} · {job.created_at.astimezone():%Y-%m-%d %H:%M}" for job in jobs}
    met = Counter(titles.values())
    return {id: f"{title} · {id}" if met[title] > 1 else title for id, title in titles.items()}


def _job_chosen() -> None:
    _only("job", st.session_state.choose_job or "")


def _prefix_chosen() -> None:
    _only("prefix", st.session_state.choose_prefix.strip())


def _only(name: str, value: str) -> None:
    for other in ("job", "prefix", "run"):
        st.query_params.pop(other, None)
    if value:
        st.query_params[name] = value


def show_nothing_chosen(hub: Hub) -> None:
    """The page's empty state."""
    if hub.jobs.count():
        empty_state(
            ":material/insights:",
            "Nothing chosen",
            "Choose a job above, or give the folder of any result shards.",
        )
    else:
        empty_state(
            ":material/insights:",
            "Nothing to explore yet",
            "Submit a batch first, or give the folder of any result shards above.",
            page="pages/submit.py",
            action="Submit a batch",
        )
