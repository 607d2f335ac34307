"""The batch header: the one line under the menu that says on every page what is looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from core.app.hub import Hub
from core.foreign_text import shortened
from core.jobs.ledger.records import Job
from core.results.analysis.sentence import amount, counted
from core.results.query.filters import Chip, Filters
from core.results.query.store import Store
from core.ui.components import times, url_state
from core.ui.components.header import batch, done_notice, filter_popover, runs, saved_views
from core.ui.components.job_states import look_of
from core.ui.components.missing_job import say_if_missing
from core.ui.components.style import set_title
from core.ui.components.widgets import address, empty_state, escape_markdown

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

# Entries of the list that no job's id can be.
OTHER = "other results"
OLDER = "older batches"
SHOWN_CHIPS = 3
_SELECT = "header_batch"
PAGES = {
    "submit": "Submit",
    "operations": "Operations",
    "explore": "Explore",
    "compare": "Compare",
    "report": "Report",
    "picture": "Picture",
    "gallery": "Gallery",
}
HEADINGS = {**PAGES, "submit": "Submit a batch"}  # for screen readers


@dataclass(frozen=True, slots=True)
class Header:
    """A page's header while it is drawn: its right part needs the results.

    Attributes:
        what: what the page looks at; None for nothing.
    """

    what: url_state.Subject | None
    page: str
    bar: DeltaGenerator


def begin(hub: Hub, page: str) -> Header:
    """The header's left part: the batch and its state.

    Args:
        page: "explore", "report" or "picture".
    """
    jobs, older = batch.listed(hub)
    what = batch.follow(hub, jobs)
    named = plain_title(what.title) if what is not None else "Nothing chosen"
    set_title(f"{named} - {PAGES[page]}", HEADINGS[page])
    bar = _bar()
    with bar:
        _select(jobs, older, what)
        job = next((job for job in jobs if what is not None and job.id == what.job_id), None)
        if what is not None and what.job_id and job is None:
            job = hub.jobs.get(what.job_id)  # older than those of the list
        if job is not None:
            _show_state(hub, job)
    done_notice.show(hub, jobs)
    with st.container(key="header_progress"):  # always there: see ``stores.current``
        if job is not None and not job.final:
            st.progress(job.progress.fraction)
    return Header(what, page, bar)


def _bar() -> DeltaGenerator:
    return st.container(key="header", horizontal=True, vertical_alignment="center", gap="small")


def finish(hub: Hub, head: Header, store: Store | None) -> Filters:
    """The rest of it: how many pictures pass, the filters, search, share and report."""
    now = url_state.filters()
    with head.bar:
        if store is not None and head.what is not None:
            _show_runs(head.what, store)
            with st.container(key="header_count", width="content"):
                _show_count(hub, head.what, store, now)
            with _side_by_side("header_chips"):  # its room is there without chips, too
                if now.is_empty:
                    st.space("stretch")
                else:
                    _show_chips(now)
            filter_popover.show_search(now)
        else:
            st.space("stretch")
        saved_views.show_views(hub, head.page)
        with _side_by_side("header_actions"):
            _show_actions(head, store, now)
    with st.container(key="header_notes"):
        for note in url_state.notes():
            st.warning(escape_markdown(note), icon=":material/link_off:")
    return now


def _side_by_side(key: str) -> DeltaGenerator:
    """A part of the bar whose own parts stay together when its line breaks."""
    return st.container(
        key=key, horizontal=True, vertical_alignment="center", width="content", gap="small"
    )


def _show_actions(head: Header, store: Store | None, now: Filters) -> None:
    """Filters and links to charts and report; on telephones at the window's lower edge."""
    if head.what is None:  # there is nothing to report on
        return
    if head.page == "explore":
        with st.container(key="to_charts", width="content"):
            st.markdown("[Charts](#charts)", width="content")
    if store is not None:
        filter_popover.show(store, now)
    if head.page != "report":
        with st.container(key="header_report", width="content"):
            st.page_link(
                "pages/report.py",
                label="Report",
                icon=":material/description:",
                query_params=url_state.params(),
            )


def _show_runs(what: url_state.Subject, store: Store) -> None:
    """Where a prefix has several runs: which one is shown, and the choice among them."""
    tables = store.tables
    incomplete = store.once("incomplete", lambda: any(run.missing for run in tables.runs))
    said = (tables.gone, tables.others, what.run, tables.shared, tables.neighbours, incomplete)
    if not any(said):
        return
    older = len(tables.others)
    label = f"{older:,} other run{'s' * (older != 1)}" if older else "Runs"
    with st.popover(
        "Run is gone" if tables.gone else label, icon=":material/history:", key="header_runs"
    ):
        runs.show_runs(what, tables)


def show_plain(
    hub: Hub, page: str, all_of_it: str, beside: Callable[[], None] | None = None
) -> None:
    """The header of a page that is about no single batch; to choose one leads to it.

    Args:
        page: "submit", "operations", "compare" or "gallery".
        all_of_it: what the list says while none is chosen.
        beside: draws what stands at its right.
    """
    jobs, older = batch.listed(hub)
    set_title(f"{all_of_it} - {PAGES[page]}", HEADINGS[page])
    titles = {**batch.job_titles(jobs), **_older(older)}
    st.session_state["header_go"] = None
    with _bar():
        chosen = st.selectbox(
            "Batch",
            list(titles),
            index=None,
            format_func=titles.__getitem__,
            key="header_go",
            placeholder=all_of_it,
            label_visibility="collapsed",
            width=240,
        )
        if beside is not None:
            beside()
        else:
            st.space("stretch")
        done_notice.show(hub, jobs, bell=page == "operations")
    if chosen == OLDER:
        _find_older()
    elif chosen in titles:
        target = "operations" if page == "operations" else "explore"
        st.switch_page(f"pages/{target}.py", query_params={"job": chosen})


def show_nothing_chosen(hub: Hub) -> None:
    """A page's empty state, or that the URL's job is not there."""
    if say_if_missing(hub):
        return
    if hub.jobs.count():
        empty_state(
            ":material/insights:",
            "Nothing chosen",
            "Choose a batch above, or open other results by their folder: the last entry of the "
            "list. A batch has results as soon as its first pictures are done.",
            page="pages/operations.py",
            action="See how far batches are",
        )
        return
    empty_state(
        ":material/insights:",
        "No results yet",
        "Submit a batch first, or open other results by their folder: the last entry of the list "
        "above.",
        page="pages/submit.py",
        action="Submit a batch",
    )


def plain_title(title: str) -> str:
    """A title for a browser's tab: one line, not too long; it is text there and nothing else."""
    return " ".join(title.split())[-60:]


def _older(count: int) -> dict[str, str]:
    """The entry of the list for batches that are not on it; {} if there is none."""
    return {OLDER: f"{count:,} older: find one on Operations …"} if count else {}


def _find_older() -> None:
    st.switch_page("pages/operations.py", query_params={"rows": "true"})


def _select(jobs: Sequence[Job], older: int, what: url_state.Subject | None) -> None:
    titles = batch.job_titles(jobs)
    now = "" if what is None else what.job_id or what.prefix
    if what is not None:
        titles.setdefault(now, what.title)
    titles |= _older(older)
    st.session_state[_SELECT] = now or None
    st.selectbox(
        "Batch",
        [*titles, OTHER],
        index=0 if now else None,  # None offers to choose nothing
        format_func=lambda key: titles.get(key, "Open other results …"),
        key=_SELECT,
        on_change=_chosen,
        args=(now, frozenset(titles)),
        placeholder="Choose a batch" if jobs else "No batches yet",
        label_visibility="collapsed",
        width=240,
    )
    if st.session_state.pop("header_older", False):
        _find_older()
    if st.session_state.pop("header_other", False):
        _open_other()


def _chosen(now: str, known: frozenset[str]) -> None:
    value = st.session_state[_SELECT]
    if value == OTHER:
        st.session_state["header_other"] = True
    elif value == OLDER:
        st.session_state["header_older"] = True
    elif value in known and value != now:  # a label of before midnight is none of today's
        batch.choose("prefix" if "/" in value else "job", value)


@st.dialog("Open other results")
def _open_other() -> None:
    with st.form("open_other", border=False):
        st.text_input(
            "Folder of result shards",
            key="choose_prefix",
            placeholder="gs://bucket/folder/",
            help="Any gs:// prefix of output-A-to-B.json files, also ones written by other tools.",
        )
        st.form_submit_button("Open", type="primary", on_click=_open_prefix)
    if st.session_state.pop("header_opened", False):
        st.rerun()


def _open_prefix() -> None:
    prefix = address(st.session_state["choose_prefix"])
    if prefix:
        batch.choose("prefix", prefix)
        st.session_state["header_opened"] = True


def _show_state(hub: Hub, job: Job) -> None:
    color, icon, word = look_of(hub, job)
    submitted = f"Submitted {times.moment(job.created_at)}"
    st.badge(word, color=color, icon=icon, help=submitted)  # type: ignore[arg-type]


def _show_count(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """How many pictures pass; what stands beside it never moves, however many these are."""
    shown, whole = store.count(now), store.tables.pictures
    of = f" of {whole:,} so far" if what.live else f" of {amount(store, whole)}"
    everything = _everything(hub, what, store)
    st.markdown(everything if shown == whole else f"**{shown:,}**{of}", width="content")
    widest = "<br>".join((everything, f"**{whole:,}**{of}"))
    widest = re.sub(r"[*]{2}(.*?)[*]{2}", r"<b>\1</b>", widest)
    st.html(f"<div class='count-room'>{widest}</div>")  # our own words and numbers


def _everything(hub: Hub, what: url_state.Subject, store: Store) -> str:
    """What is said of the count where no filter narrows."""
    if not what.live:
        return re.sub(r"[\d,]+", r"**\g<0>**", counted(store))
    job = hub.jobs.get(what.job_id)
    left = job.progress.seconds_left
    wait = f", {times.estimate(left)} left" if left else ""
    of = f" of {job.pictures:,}{wait}" if job.pictures else " so far"
    return f"**{store.tables.pictures:,}**{of}"


def _show_chips(now: Filters) -> None:
    """Each chosen value as a pill: to press it takes it away."""
    chips = now.values()
    labels = [n for n, chip in enumerate(chips) if chip.group == "labels"]
    if len(labels) > 1:  # between two of one kind stands whether any or all of them are meant
        _pills("chips_first", chips[:1])
        st.button(
            "or" if now.match == "any" else "and",
            key="chips_match",
            type="tertiary",
            help="Pictures with any of these labels; press for those with all of them."
            if now.match == "any"
            else "Pictures with all of these labels; press for those with any of them.",
            on_click=url_state.set_filters,
            args=(replace(now, match="all" if now.match == "any" else "any"),),
        )
        _pills("chips", chips[1:SHOWN_CHIPS])
    else:
        _pills("chips", chips[:SHOWN_CHIPS])
    if rest := chips[SHOWN_CHIPS:]:
        with st.popover(f"+{len(rest)}", key="chips_more", type="tertiary"):
            _pills("chips_rest", rest)
            st.button(
                "Clear all",
                key="chips_clear",
                icon=":material/filter_alt_off:",
                on_click=url_state.set_filters,
                args=(Filters.empty(),),
            )


def _pills(key: str, chips: Sequence[Chip]) -> None:
    if not chips:
        return
    texts = [chip.text for chip in chips]
    numbers = list(range(len(chips)))
    st.session_state[key] = numbers
    st.pills(
        "Filters that are set; press one to take it away",
        numbers,
        selection_mode="multi",
        format_func=lambda n: f"{escape_markdown(shortened(texts[n], 40))} :material/close:",
        key=key,
        on_change=_dropped(key, chips),
        label_visibility="collapsed",
    )


def _dropped(key: str, chips: Sequence[Chip]) -> Callable[[], None]:
    def drop() -> None:
        left = set(st.session_state[key])
        gone = [chip for n, chip in enumerate(chips) if n not in left]
        if gone:
            url_state.set_filters(gone[0].rest)

    return drop
