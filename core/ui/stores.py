"""Result stores: loaded in a thread, shared by all sessions, made anew when shards change."""

from __future__ import annotations

import hashlib

import streamlit as st

from core.errors import ContactSheetError, NoShards
from core.results.cache import ResultsCache
from core.results.shards import list_shards
from core.results.store import Store
from core.ui.hub import Hub
from core.ui.tasks import Task
from core.ui.view import Subject
from core.ui.widgets import empty_state, result_of, show_error

CHECK_S = 3.0


@st.cache_data(ttl=CHECK_S, max_entries=50, show_spinner=False)
def _signature(prefix: str, _hub: Hub) -> str:
    """Changes whenever a shard appears or changes; asked for by all sessions once an interval."""
    found = [(shard.uri, shard.generation) for shard in list_shards(_hub.buckets, prefix)]
    return hashlib.sha256(repr(found).encode()).hexdigest() if found else ""


def current(hub: Hub, what: Subject) -> Store | None:
    """The subject's results so far; None, with the reason shown, while there are none to show."""
    try:
        signature = _signature(what.prefix, hub)
    except ContactSheetError as error:
        show_error(error)
        return None
    if what.live:
        st.fragment(_rerun_on_change, run_every=CHECK_S)(hub, what, signature)
    if not signature:
        _no_results(what)
        return None
    cache = ResultsCache(hub.settings.home / "results-cache")
    task = hub.stores.start(
        f"{what.prefix} {signature}", lambda _: Store(cache.load(hub.buckets, what.prefix))
    )
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
        if _signature(what.prefix, hub) != seen:
            st.rerun()
    except ContactSheetError:
        return  # the page that is shown stays; its next run tells


def _rerun_when_done(task: Task[Store]) -> None:
    if task.done:
        st.rerun()
