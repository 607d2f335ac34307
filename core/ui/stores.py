"""Result stores: loaded in a thread, shared by all sessions, made anew when shards change."""

from __future__ import annotations

import hashlib

import streamlit as st

from core.errors import ContactSheetError, NoShards
from core.results.cache import ResultsCache
from core.results.references import Reference
from core.results.shards import list_shards
from core.results.store import Store
from core.ui.hub import Hub
from core.ui.tasks import Task
from core.ui.view import Subject, of_job
from core.ui.watcher import STORAGE_S
from core.ui.widgets import empty_state, result_of, show_error

CHECK_S = 3.0
LENT_S = 30.0  # shards of earlier jobs hardly ever change
MOST_WATCHED = 100_000  # answers from elsewhere; those of more are looked for only when loading


@st.cache_data(ttl=CHECK_S, max_entries=50, show_spinner=False)
def _signature(prefix: str, _hub: Hub) -> str:
    """Changes whenever a shard appears or changes; asked for by all sessions once an interval."""
    buckets = _hub.buckets.hurried(STORAGE_S)  # a page does not wait for a storage that is away
    found = [(shard.uri, shard.generation) for shard in list_shards(buckets, prefix)]
    return hashlib.sha256(repr(found).encode()).hexdigest() if found else ""


@st.cache_data(ttl=LENT_S, max_entries=50, show_spinner=False)
def _lost(job_id: str, standing: str, _hub: Hub) -> str:
    """Changes when shards of earlier jobs that a job uses are gone, or come back."""
    return hashlib.sha256(repr(_hub.jobs.reuse.gone(job_id)).encode()).hexdigest()


def _seen(hub: Hub, what: Subject) -> str:
    """Changes whenever the subject's results may have; "" while there are none."""
    own = _signature(what.prefix, hub)
    if not what.standing or not (own or what.reused):
        return own
    lost = _lost(what.job_id, what.standing, hub) if what.reused <= MOST_WATCHED else ""
    return f"{own} {what.standing} {lost}"


def _load(hub: Hub, what: Subject) -> Store:
    cache = ResultsCache(hub.settings.home / "results-cache")
    borrowed = hub.jobs.reuse.borrowed(what.job_id) if what.standing else []
    references = [Reference(b.shard, b.generation, b.number, b.uri) for b in borrowed]
    return Store(cache.load(hub.buckets, what.prefix, references))


def current(hub: Hub, what: Subject) -> Store | None:
    """The subject's results so far; None, with the reason shown, while there are none to show."""
    try:
        # First, since what follows is kept for all sessions together.
        signature = _seen(hub, what) if hub.check_prefix(what.prefix) else ""
    except ContactSheetError as error:
        show_error(error)
        return None
    if what.job_id:
        hub.watcher.look_again(what.job_id)
    if what.live:
        st.fragment(_rerun_on_change, run_every=CHECK_S)(hub, what, signature)
    if not signature:
        _no_results(what)
        return None
    task = hub.stores.start(f"{what.prefix} {signature}", lambda _: _load(hub, what))
    held = f"store {what.prefix}"
    if not task.done and held in st.session_state:
        # While new shards are read, the charts stay as they are.
        st.fragment(_rerun_when_done, run_every=0.5)(task)
        earlier: Task[Store] = st.session_state[held]
        return earlier.future.result()
    store = result_of(task, "Reading the shards")
    if store is not None:
        st.session_state[held] = task
    return store


def _no_results(what: Subject) -> None:
    if what.live:
        empty_state(
            ":material/hourglass_top:",
            "No shards yet",
            "The charts appear with the first shard and grow from there.",
            page="pages/operations.py",
            action="See how far it is",
        )
    else:
        show_error(
            NoShards(
                "There are no results here",
                where=what.prefix,
                then="Results are files named output-1-to-20.json and so on. Check the prefix.",
            )
        )


def _rerun_on_change(hub: Hub, what: Subject, seen: str) -> None:
    hub.watcher.look()
    try:
        now = of_job(hub.jobs.get(what.job_id)) if what.standing else what
        if _seen(hub, now) != seen:
            st.rerun()
    except ContactSheetError:
        return  # the page that is shown stays; its next run tells


def _rerun_when_done(task: Task[Store]) -> None:
    if task.done:
        st.rerun()
