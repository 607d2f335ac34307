"""What the Explore page looks at and through which filters: all of it stands in the URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import streamlit as st

from core.app.hub import Hub
from core.app.picture_links import picture_params
from core.errors import RequestError
from core.jobs.ledger.records import Job
from core.results.query.filters import PARAM_NAMES, Filters
from core.results.query.picture.annotations import Annotations
from core.results.query.picture_order import GROUPS, SORTS
from core.results.query.safe_policy import PARAM, SafePolicy
from core.results.query.store import Store
from core.ui.components.missing_job import wanted_job

HIDDEN = "hide"  # the URL's parameter of overlays that are not drawn
SORT, GROUP = "sort", "group"  # and of the order of the sheet
RUN = "run"  # and of the run that is shown, see ``run_choice.Choice``


def run_param(param: str) -> str:
    """The URL's parameter of the run, by that of the prefix or job it is of."""
    return RUN if param in ("prefix", "job") else f"{param}_{RUN}"


@dataclass(frozen=True, slots=True)
class Subject:
    """A job, or a prefix of shards that may be anybody's.

    Attributes:
        prefix: where its shards are.
        title: for people; may be hostile text.
        live: whether more shards may come.
        job_id: "" for a prefix.
        reused: pictures whose answers an earlier job's shards hold.
        standing: changes whenever answers outside its own shards may have; "" if it has none.
        run: which of the prefix's runs, see ``run_choice.Choice``.
        attempts_of: id of the job of ours whose attempts lie there; "" for other prefixes.
    """

    prefix: str
    title: str
    live: bool
    job_id: str = ""
    reused: int = 0
    standing: str = ""
    run: str = ""
    attempts_of: str = ""

    @property
    def batch(self) -> tuple[str, str]:
        """The prefix, and the id of the job of ours that wrote there: marks belong to that."""
        return self.prefix, self.job_id or self.attempts_of


def subject(hub: Hub) -> Subject | None:
    """What the URL names; None if it names nothing, or a job that is gone."""
    prefix = st.query_params.get("prefix", "")
    if prefix:
        return of_prefix(hub, prefix, st.query_params.get(RUN, ""))
    job = wanted_job(hub)
    return of_job(job, st.query_params.get(RUN, "")) if job is not None else None


def of_prefix(hub: Hub, prefix: str, run: str = "") -> Subject:
    """Anybody's results; of a folder that a job of ours writes to, the ledger knows what is in it.

    Args:
        run: as ``Subject.run``.
    """
    base = hub.jobs.base
    if prefix.startswith(base):
        with suppress(RequestError):
            job = hub.jobs.get(prefix[len(base) :].partition("/")[0])
            folder = prefix.rstrip("/") + "/"
            if job.request is not None and folder.startswith(job.prefix):
                return Subject(folder, prefix, live=False, attempts_of=job.id)
    return Subject(prefix, prefix, live=False, run=run)


def of_job(job: Job, run: str = "") -> Subject:
    """A job's results: its own shards, and what it uses of others.

    Args:
        run: as ``Subject.run``; of an operation that was taken up by its name, whose folder may
            have been used before.
    """
    standing = f"{job.attempt} {job.reused} {job.uploaded} {job.progress.shards_done}"
    return Subject(
        results_prefix(job),
        job.title,
        live=not job.settled,
        job_id=job.id,
        reused=job.reused,
        standing=standing if job.saved else "",
        run=run if job.request is None else "",
        attempts_of=job.id if job.request is not None else "",
    )


def results_prefix(job: Job) -> str:
    """All attempts of a job, without its uploaded pictures beside them."""
    return f"{job.prefix}try-" if job.request is not None else job.prefix


def filters() -> Filters:
    """The URL's filters; what cannot be read is left out (see ``notes``)."""
    return _read(_asked())[0]


def notes() -> list[str]:
    """What in the URL could not be read; hostile text."""
    return [*_read(_asked())[2]]


def policy() -> SafePolicy:
    """The URL's safe-search policy; the usual one if it names none."""
    return _read(_asked())[1]


def _asked() -> tuple[tuple[str, str], ...]:
    return tuple(st.query_params.items())


@lru_cache(64)  # a page asks several times, and many sessions ask alike
def _read(asked: tuple[tuple[str, str], ...]) -> tuple[Filters, SafePolicy, tuple[str, ...]]:
    params = dict(asked)
    filters, unread = Filters.from_params(params)
    judged, unknown = SafePolicy.from_params(params)
    return filters, judged, (*unread, *unknown)


def set_policy(changed: SafePolicy) -> None:
    """Write a safe-search policy into the URL."""
    write({PARAM: None, **changed.to_params()})


def set_filters(changed: Filters) -> None:
    """Write filters into the URL."""
    write({**dict.fromkeys(PARAM_NAMES), **changed.to_params()})


def write(changes: Mapping[str, str | None]) -> None:
    """Change some of the URL's parameters at once, None for none.

    Each change alone would be a step of the browser's way back, to what nobody looked at. Not for
    pages on which Streamlit binds parameters.
    """
    before = st.query_params.to_dict()
    asked = {name: value for name, value in {**before, **changes}.items() if value is not None}
    if asked != before:
        st.query_params.from_dict(asked)


def params() -> dict[str, str]:
    """The URL's parameters that say what is looked at, to be carried to another page."""
    known = {"job", "prefix", RUN, HIDDEN, SORT, GROUP, PARAM, *PARAM_NAMES}
    return {name: value for name, value in st.query_params.items() if name in known}


def arranged(usual: str = "name") -> tuple[str, str]:
    """How the URL wants pictures sorted and grouped; junk counts as nothing.

    Args:
        usual: how they are sorted if the URL says nothing.
    """
    sort, group = st.query_params.get(SORT, usual), st.query_params.get(GROUP, "none")
    return sort if sort in SORTS else usual, group if group in GROUPS else "none"


def set_picture(annotations: Annotations) -> None:
    """Write another picture into the URL."""
    st.query_params.from_dict(picture_query(annotations))


def picture_query(annotations: Annotations) -> dict[str, str]:
    """Parameters of the Picture page for one picture of what is looked at."""
    return params() | picture_params(annotations.uri, annotations.page, annotations.picture)


def picture(store: Store) -> int | None:
    """Id of the URL's picture; None if there is none, or it is not among the results."""
    wanted, page = st.query_params.get("picture", ""), st.query_params.get("page", "0")
    if not wanted:
        return None
    if wanted.isdecimal() and len(wanted) < 10:
        return int(wanted)
    return store.find(wanted, int(page) if page.isdecimal() and len(page) < 6 else 0)


def change_filters(change: Callable[[Filters, Any], Filters], value: Any) -> None:
    """Write into the URL what a mark with this ``customdata`` makes of its filters."""
    set_filters(change(filters(), value))


def on_click(key: str, change: Callable[[Filters, Any], Filters]) -> Callable[[], None]:
    """A chart's callback: its clicked mark's ``customdata`` changes the filters."""
    return on_pick(key, partial(change_filters, change))


def on_pick(key: str, pick: Callable[[Any], None]) -> Callable[[], None]:
    """A chart's callback: ``pick`` gets its clicked mark's ``customdata``.

    The chart's key is then counted up (``chart_key``), so that it forgets its own selection: the
    URL alone says what is chosen.
    """

    def clicked() -> None:
        points = st.session_state[chart_key(key)].selection.points
        if points:
            pick(points[0]["customdata"])
            st.session_state[f"{key}_round"] = st.session_state.get(f"{key}_round", 0) + 1

    return clicked


def chart_key(key: str) -> str:
    """The widget key of a chart for now."""
    return f"{key}_{st.session_state.get(f'{key}_round', 0)}"
