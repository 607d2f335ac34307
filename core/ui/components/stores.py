"""Result stores: loaded in a thread, shared by all sessions, made again when shards change."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import streamlit as st

from core.app.hub import Hub
from core.app.job_watcher import STORAGE_S
from core.app.listings import EVERY_S, Listing
from core.app.tasks import Task
from core.errors import ContactSheetError
from core.results.query.store import Store
from core.results.shards.shard_files import Listed, find_shards, shards_beginning
from core.results.tables.cache import ResultsCache
from core.results.tables.references import Reference
from core.results.tables.run_choice import Choice, no_shards
from core.results.tables.tables import empty
from core.ui.components.url_state import Subject, of_job, run_param
from core.ui.components.widgets import empty_state, escape_markdown, result_of, show_error

LENT_S = 30.0  # shards of earlier jobs hardly ever change
MOST_NEIGHBOURS = 8  # offered as buttons
_PENDING = "results_pending"  # whether this run shows results while newer ones are read
_LIVE = "results_live"  # of this browser tab: the prefix of a running job that it shows
MOST_WATCHED = 100_000  # answers from elsewhere; those of more are looked for only when loading


class _Signature(NamedTuple):
    """What stands for a prefix's shards, "" for none, and what it may have been meant for."""

    shards: str
    neighbours: tuple[str, ...]


def _signature(hub: Hub, prefix: str, of_job: bool, every: float = EVERY_S) -> Listing[_Signature]:
    """Changes whenever a shard appears or changes."""
    buckets = hub.buckets.hurried(STORAGE_S)  # a page does not wait for a storage that is away

    def look() -> _Signature:
        listed = (
            Listed(tuple(shards_beginning(buckets, prefix)))
            if of_job
            else find_shards(buckets, prefix)
        )
        generations = [(shard.uri, shard.generation) for shard in listed.shards]
        said = hashlib.sha256(repr(generations).encode()).hexdigest() if generations else ""
        return _Signature(said, listed.neighbours)

    return hub.listings.get(f"{of_job} {prefix}", look, every)


def _lost(hub: Hub, job_id: str, standing: str, every: float) -> Listing[str]:
    """Changes when shards of earlier jobs that a job uses are gone, or come back."""
    reuse = hub.jobs.reuse

    def look() -> str:
        return hashlib.sha256(repr(reuse.gone(job_id)).encode()).hexdigest()

    return hub.listings.get(f"lent {job_id} {standing}", look, max(every, LENT_S))


def _seen(hub: Hub, what: Subject, every: float = EVERY_S) -> Listing[str]:
    """Changes whenever the subject's results may have; "" while there are none."""
    own, outdated = _signature(hub, what.prefix, bool(what.attempts_of), every)
    if not what.standing or not (own.shards or what.reused):
        return Listing(own.shards, outdated)
    lost, later = "", False
    if what.reused <= MOST_WATCHED:
        lost, later = _lost(hub, what.job_id, what.standing, every)
    return Listing(f"{own.shards} {what.standing} {lost}", outdated or later)


def _load(hub: Hub, what: Subject) -> Store:
    cache = ResultsCache(hub.settings.home / "results-cache")
    borrowed = hub.jobs.reuse.borrowed(what.job_id) if what.standing else []
    choice = Choice(
        what.run,
        attempts=bool(what.attempts_of),
        references=[Reference(b.shard, b.generation, b.number, b.uri) for b in borrowed],
        names=partial(_names, hub, what.attempts_of) if what.attempts_of else None,
        called=hub.jobs.names(owner) if (owner := what.job_id or what.attempts_of) else {},
        cuts=partial(_cuts, hub),
    )
    return Store(cache.load(hub.buckets, what.prefix, choice))


def _cuts(hub: Hub, uris: Sequence[str]) -> dict[str, tuple[str, Sequence[int]]]:
    """Of some addresses those of copies of pages: of which document, with which page numbers."""
    return {uri: (cut.document, cut.pages) for uri, cut in hub.cuts.find(uris).items()}


def _names(hub: Hub, job_id: str, folder: str) -> Sequence[str]:
    """Addresses of the pictures of the job's operation that wrote to a folder, in their order."""
    operations = hub.jobs.get(job_id).operations
    mine = next((one for one in operations if one.prefix == folder), None)
    return hub.jobs.uris(mine.id) if mine is not None else ()


def current(
    hub: Hub, what: Subject, param: str = "prefix", *, waiting: bool = False
) -> Store | None:
    """The subject's results so far; None, with the reason shown, while there are none to show.

    Args:
        param: the URL's parameter that names the subject.
        waiting: whether a running job without results is shown as empty ones.
    """
    try:
        # First, since what follows is kept for all sessions together.
        allowed = hub.check_prefix(what.prefix)
        signature, outdated = _seen(hub, what) if allowed else Listing("", False)
    except ContactSheetError as error:
        show_error(error)
        return None
    if what.job_id:
        hub.watcher.look_again(what.job_id)
    # A fragment takes a place on the page. Where what stands below it moved by one, all of it would
    # be drawn anew: this one is there whether something is watched or not.
    watch = st.container(key=f"watch_{param}")
    if what.live or outdated:
        with watch:
            st.fragment(_rerun_on_change, run_every=EVERY_S)(hub, what, signature)
    key = f"store {what.prefix} {what.run}"
    earlier: Store | None = st.session_state.get(key)
    if not signature and waiting and what.live:
        st.session_state[key] = nothing = Store(empty())
        return nothing
    if not signature:
        _no_results(hub, what, param)
        return None
    st.session_state[_PENDING] = False
    which = f"{what.prefix} {what.batch} {what.run} {signature}"
    task = hub.stores.start(which, lambda _: _load(hub, what))
    if not task.done and earlier is not None:
        # While new shards are read, the charts stay as they are.
        with watch:
            st.fragment(_rerun_when_done, run_every=0.5)(task)
        st.session_state[_PENDING] = True
        return earlier
    store = result_of(task, "Reading the shards", place=param)
    if store is not None:
        st.session_state[key] = store
        hub.batch_marks(store, *what.batch).refresh()
    return store


def as_shown(what: Subject) -> Subject:
    """A batch that has ended is still shown as running until its last results are read.

    Else the pictures that are still to be read would lose their places for that moment.
    """
    if what.live:
        st.session_state[_LIVE] = what.prefix
    elif st.session_state.get(_LIVE) == what.prefix and st.session_state.get(_PENDING):
        return replace(what, live=True)
    else:
        st.session_state.pop(_LIVE, None)
    return what


def _no_results(hub: Hub, what: Subject, param: str) -> None:
    if what.live:
        empty_state(
            ":material/hourglass_top:",
            "No results yet",
            "They appear here as soon as the first pictures are done.",
            page="pages/operations.py",
            action="See how far it is",
        )
    else:
        allowed = hub.check_prefix(what.prefix)
        neighbours = _signature(hub, what.prefix, False).seen.neighbours if allowed else ()
        show_error(no_shards(what.prefix, neighbours))
        show_neighbours(neighbours, param)


def show_neighbours(prefixes: Sequence[str], param: str) -> None:
    """Buttons that lead to prefixes which only begin like the one that was typed."""
    with st.container(horizontal=True):
        for prefix in prefixes[:MOST_NEIGHBOURS]:
            st.button(
                escape_markdown(prefix),
                icon=":material/folder_open:",
                on_click=_open,
                args=(param, prefix),
                key=f"{param} neighbour {prefix}",
            )
        if len(prefixes) > MOST_NEIGHBOURS:
            st.caption(f"and {len(prefixes) - MOST_NEIGHBOURS:,} more")


def _open(param: str, prefix: str) -> None:
    st.query_params.pop(run_param(param), None)
    st.query_params[param] = prefix


def _rerun_on_change(hub: Hub, what: Subject, seen: str) -> None:
    hub.watcher.look()
    try:
        now = of_job(hub.jobs.get(what.job_id)) if what.standing else what
        # Of what does not grow, the look that this run began is waited for and no other one begins.
        if _seen(hub, now, EVERY_S if what.live else math.inf).seen != seen:
            st.rerun()
    except ContactSheetError:
        return  # the page that is shown stays; its next run tells


def _rerun_when_done(task: Task[Store]) -> None:
    if task.done:
        st.rerun()
