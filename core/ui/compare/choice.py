"""What the Compare page compares: both sides, and the view on them; all of it stands in the URL."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial

import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report, Tasks
from core.errors import RequestError
from core.foreign_text import shortened
from core.results.compare.comparison import NAMED, OVERALL, Comparison, compare
from core.results.compare.matching import BY
from core.results.query.store import Store
from core.ui.compare import partners
from core.ui.components import stores
from core.ui.components.header import runs as runs_panel
from core.ui.components.header import saved_views
from core.ui.components.header.batch import MOST_JOBS, chosen, job_titles, newest_shown
from core.ui.components.style import set_title
from core.ui.components.url_state import Subject, of_job, of_prefix, run_param
from core.ui.components.widgets import address, empty_state, escape_markdown, result_of

SIDES = ("left", "right")
Names = tuple[str, str]  # what both sides are called; hostile text
_LONGEST = 28  # letters of a side's name


@st.cache_resource(show_spinner=False)
def _comparisons() -> Tasks:
    """The last few comparisons, for all sessions; each is as large as its pictures are many."""
    return Tasks(capacity=4)


def choose(hub: Hub) -> bool:
    """The header: widgets that write ``left`` and ``right`` into the URL, a job's id or a prefix.

    Without sides the left one is the batch that this browser tab looked at last, else the newest.
    Returns whether it said that nothing shares pictures with the only side.
    """
    set_title("Compare", "Compare")
    if not any(st.query_params.get(side) for side in SIDES):
        left = next(iter(chosen().values()), "") or newest_shown(hub.jobs.list(MOST_JOBS))
        if left:
            st.query_params["left"] = left
    titles = _titles(hub)
    with st.container(key="header", horizontal=True, vertical_alignment="center", gap="small"):
        _side("left", titles)
        st.button(
            "Swap",
            icon=":material/swap_horiz:",
            on_click=_swap,
            key="compare_swap",
            help="Swap the two sides",
        )
        _side("right", titles)
        st.space("stretch")
        both = all(_subject(hub, st.query_params.get(side, ""), "") for side in SIDES)
        missing = "" if both else "Once both sides are chosen, the comparison can be saved."
        saved_views.show_views(hub, "compare", missing=missing)
    return _propose(hub)


def _titles(hub: Hub) -> dict[str, str]:
    """Titles of the newest jobs, and of the sides that are none of these."""
    jobs = hub.jobs.list(MOST_JOBS)
    listed = {job.id for job in jobs}
    given = dict.fromkeys(st.query_params.get(side, "") for side in SIDES)
    others = [partners.older(hub, id) for id in given if id and id not in listed]
    return job_titles([*jobs, *(job for job in others if job is not None)])


def _propose(hub: Hub) -> bool:
    """Batches that share pictures with one side, as the other one; returns as ``choose``."""
    left, right = (st.query_params.get(side, "") for side in SIDES)
    given, other, param = (left, right, "right") if left else (right, left, "left")
    if not given:
        return False
    proposed = partners.propose(hub, given, other, partial(_partner_chosen, param))
    if proposed is None and right and left:  # the left side is a folder of anybody's
        proposed = partners.propose(hub, right, left, partial(_partner_chosen, "left"))
    if proposed is not False or other:
        return False
    few = hub.jobs.count() <= partners.LOOKED_AT
    none = "No other batch" if few else f"None of the newest {partners.LOOKED_AT} batches"
    empty_state(
        ":material/compare:",
        f"{none} holds these pictures",
        "Annotate them again with other features, or choose another batch or a folder of results "
        "above: by Google and here, last month and now, or by two versions of a model.",
        page="pages/submit.py",
        action="Submit a batch",
    )
    return True


def _partner_chosen(param: str, value: str) -> None:
    set_view(**{param: value, run_param(param): ""})


def side_names(hub: Hub) -> Names:
    """What both sides are called in texts and charts: the batch, or the folder; never the same."""
    titles = _titles(hub)
    given = [st.query_params.get(side, "") for side in SIDES]
    names = [titles.get(value) or value.rstrip("/").rpartition("/")[2] for value in given]
    parts = [name.rpartition(" · ") for name in names]
    if parts[0][0] == parts[1][0] and names[0] != names[1]:  # of one title: their dates tell more
        names = [part[2] for part in parts]
    names = [shortened(name, _LONGEST) for name in names]
    if names[0] == names[1]:
        names = [f"{name} ({side})" for name, side in zip(names, SIDES, strict=True)]
    return names[0], names[1]


def _side(side: str, titles: Mapping[str, str]) -> None:
    given = st.query_params.get(side) or None
    offered = [*titles, *([given] if given and given not in titles else [])]
    key = f"compare_{side}"
    st.session_state[key] = given
    st.selectbox(
        side.capitalize(),
        offered,
        index=None,
        format_func=lambda name: titles.get(name, name),
        key=key,
        on_change=_chosen,
        args=(side, key),
        accept_new_options=True,
        placeholder=f"{side.capitalize()}: a batch, or gs://bucket/folder/",
        label_visibility="collapsed",
        width=320,
    )


def _chosen(side: str, key: str) -> None:
    set_view(**{side: address(st.session_state[key] or ""), run_param(side): ""})


def _swap() -> None:
    left, right = (st.query_params.get(side, "") for side in SIDES)
    runs = [st.query_params.get(run_param(side), "") for side in reversed(SIDES)]
    set_view(left=right, right=left, **dict(zip(map(run_param, SIDES), runs, strict=True)))


def set_view(**changed: str) -> None:
    """Write parameters into the URL ("" takes one away); the list of pictures begins again."""
    for name, value in changed.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)
    st.session_state["shown"] = 1


def ranked_by(comparison: Comparison) -> str:
    """The feature that the URL ranks pictures by, or ``OVERALL``."""
    wanted = st.query_params.get("by", "")
    return wanted if wanted in comparison.features else OVERALL


def named(by: str) -> str:
    """The name that the URL narrows pictures to, where the feature looked at has names; else ""."""
    return st.query_params.get("name", "") if by in (*NAMED, "objects") else ""


def matched_by() -> str:
    """How the URL wants pictures matched, of ``compare_match.BY``."""
    wanted = st.query_params.get("match", "")
    return wanted if wanted in BY else BY[0]


def subjects(hub: Hub, *, alone: bool) -> tuple[Subject, Subject] | None:
    """Both sides; None, with the page's empty state shown, until both are chosen.

    Args:
        alone: as ``choose`` returned it: why there is nothing to compare is said already.
    """
    given = [st.query_params.get(side, "") for side in SIDES]
    runs = [st.query_params.get(run_param(side), "") for side in SIDES]
    sides = [_subject(hub, value, run) for value, run in zip(given, runs, strict=True)]
    for value, what in zip(given, sides, strict=True):
        if value and what is None:
            st.error(
                f"There is no job {escape_markdown(value[:60])} here: it was forgotten, "
                "belongs to another dashboard's ledger, or the link is not whole. Choose another.",
                icon=":material/error:",
            )
    left, right = sides
    if left is not None and right is not None:
        return left, right
    if alone:
        return None
    if hub.jobs.count() or any(given):
        empty_state(
            ":material/compare:",
            "Two sides to compare",
            "Choose two jobs or folders of results above: the same pictures annotated by Google "
            "and here, last month and now, or by two versions of a model.",
        )
    else:
        empty_state(
            ":material/compare:",
            "Nothing to compare yet",
            "Submit a batch first, or give two folders of result shards above.",
            page="pages/submit.py",
            action="Submit a batch",
        )
    return None


def _subject(hub: Hub, value: str, run: str) -> Subject | None:
    if not value or "/" in value:
        return of_prefix(hub, value, run) if value else None
    try:
        job = hub.jobs.get(value)
    except RequestError:
        return None
    return of_job(job, run)


def loaded(hub: Hub, sides: tuple[Subject, Subject]) -> tuple[Store, Store] | None:
    """Both sides' results; None, with progress or the error of each shown, until they are there."""
    with st.container(key="compare_loading"):
        left, _, right = st.columns([10, 2, 10])
    by_side = []
    for what, side, column in zip(sides, SIDES, (left, right), strict=True):
        with column:
            store = stores.current(hub, what, side)
            if store is not None:
                runs_panel.show_runs(what, store.tables, side, set_view)
                by_side.append(store)
    return (by_side[0], by_side[1]) if len(by_side) == len(SIDES) else None


def signature(sides: tuple[Store, Store]) -> str:
    """Changes whenever a shard of either side does, or another run is looked at."""
    fingerprints = [side.fingerprint() for side in sides]
    return hashlib.sha256(repr(fingerprints).encode()).hexdigest()


def compared(
    hub: Hub, whats: tuple[Subject, Subject], sides: tuple[Store, Store]
) -> Comparison | None:
    """The comparison, made in a thread; None, with progress shown, until it is there."""
    by, (left, right) = matched_by(), sides
    owners = [what.job_id or what.attempts_of for what in whats]

    def work(_: Report) -> Comparison:
        # Only the ledger knows what the pictures of our own jobs show.
        first, second = (hub.jobs.contents(job) if job else {} for job in owners)
        return compare(left.tables, right.tables, by, (first, second))

    task = _comparisons().start(f"{by} {owners} {signature(sides)}", work)
    return result_of(task, "Comparing")
