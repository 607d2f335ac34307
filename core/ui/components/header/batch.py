"""The batch that one browser tab looks at: always in its URL, and kept from page to page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import streamlit as st

from core.app.hub import Hub
from core.jobs.ledger.records import Job
from core.jobs.ledger.search import Search, Show
from core.ui.components import times, url_state

MOST_JOBS = 200
_KEPT = "batch_kept"  # of this browser tab: the URL's parameters that say what is looked at
_GIVEN = ("job", "prefix")
RETURNED = "batch_returned"  # whether this run's URL named none, so that what is kept was taken


def listed(hub: Hub) -> tuple[list[Job], int]:
    """The newest batches that are not archived, and how many older ones there are besides."""
    which = Search(show=Show.ALL)
    jobs = hub.jobs.list(MOST_JOBS, which=which)
    older = hub.jobs.count(which) - len(jobs) if len(jobs) == MOST_JOBS else 0
    return jobs, max(0, older)


def follow(hub: Hub, jobs: Iterable[Job]) -> url_state.Subject | None:
    """What the URL names, else what this tab looked at before, else as of ``newest_shown``.

    The URL says it afterwards. None if the URL names a job that is gone, or there is no batch yet.
    """
    st.session_state[RETURNED] = not any(st.query_params.get(name) for name in _GIVEN)
    if st.session_state[RETURNED]:
        remembered: Mapping[str, str] = st.session_state.get(_KEPT, {})
        if not remembered:
            newest = newest_shown(jobs)
            remembered = {"job": newest} if newest else {}
        url_state.write({**remembered, **st.query_params.to_dict()})
    what = url_state.subject(hub)
    if what is not None:
        remember()
    return what


def newest_shown(jobs: Iterable[Job]) -> str:
    """Id of the newest batch with results; before there are any, of the newest that runs.

    "" if there is none.

    Args:
        jobs: newest first.
    """
    jobs = list(jobs)
    some = [job for job in jobs if job.has_results] or [job for job in jobs if not job.final]
    return some[0].id if some else ""


def carry() -> None:
    """On a page that is about no batch: the URL goes on naming the one that this tab looked at."""
    if any(st.query_params.get(name) for name in _GIVEN):
        given = {name: st.query_params.get(name, "") for name in _GIVEN}
        st.session_state[_KEPT] = {**chosen(), **{k: v for k, v in given.items() if v}}
        return
    for name, value in chosen().items():
        st.query_params[name] = value


def remember() -> None:
    """Keep what the URL shows for this tab's other pages."""
    st.session_state[_KEPT] = url_state.params()


def chosen() -> dict[str, str]:
    """Parameters of the batch that this tab looked at last, without filters; {} for none."""
    remembered: Mapping[str, str] = st.session_state.get(_KEPT, {})
    return {name: value for name, value in remembered.items() if name in _GIVEN}


def choose(name: str, value: str) -> None:
    """Write another batch into the URL; filters and what was chosen of the old one go.

    Args:
        name: "job" or "prefix".
    """
    url_state.write({**dict.fromkeys(url_state.params()), name: value})
    remember()


def job_titles(jobs: Iterable[Job], now: datetime | None = None) -> dict[str, str]:
    """Job id -> what to call it in a list, no two alike, with when it was submitted.

    The browser sends a selectbox's label back, not its value: of two equal ones Streamlit takes the
    first, which would be another job's results.

    Args:
        now: as of ``times.spoken``.
    """
    jobs = list(jobs)
    zone = times.zone()
    days = {job.id: f"{job.title} · {times.spoken(job.created_at, now, zone)}" for job in jobs}
    met = Counter(days.values())
    hours = {job.id: f"{job.title} · {times.moment(job.created_at, zone)}" for job in jobs}
    twice = Counter(hours.values())
    return {
        id: day if met[day] == 1 else time if twice[time] == 1 else f"{time} · {id}"
        for (id, day), time in zip(days.items(), hours.values(), strict=True)
    }
