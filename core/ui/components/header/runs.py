"""Which run of a prefix is shown, which others lie there, and the choice among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import streamlit as st

from core.results.shards.runs import Run
from core.results.tables.run_choice import ALL
from core.results.tables.tables import Tables
from core.ui.components import stores, times
from core.ui.components.url_state import Subject, run_param
from core.ui.components.widgets import escape_markdown

NAMED_GAPS = 3


def show_runs(
    what: Subject,
    tables: Tables,
    param: str = "prefix",
    changed: Callable[[], None] = lambda: None,
) -> None:
    """What is not shown of the prefix, and why; nothing where all of it is shown as one run.

    Args:
        param: the URL's parameter that names the subject.
        changed: called after the choice has been written to the URL.
    """
    if tables.gone:
        st.warning(
            "The run of this link is not there any more: it was written over or deleted. The "
            "newest results are shown.",
            icon=":material/history_toggle_off:",
        )
    if tables.others or what.run or tables.shared:
        _show_choice(what, tables, run_param(param), changed)
    if tables.shared:
        st.caption(
            f":material/join: {tables.shared:,} of these pictures were answered more than once: "
            "each feature is the one of the newest run that was asked for it."
        )
    for run in tables.runs:
        if run.missing:
            st.caption(f":material/pending: {escape_markdown(_incomplete(run))}")
    if tables.neighbours:
        st.caption("Not shown, since their names only begin like this one:")
        stores.show_neighbours(tables.neighbours, param)


def _show_choice(what: Subject, tables: Tables, param: str, changed: Callable[[], None]) -> None:
    if tables.others and not what.run:
        shown = _titles(what.prefix, tables.runs)
        named = f" ({escape_markdown(next(iter(shown.values())))})" if len(shown) == 1 else ""
        count = len(tables.others)
        st.info(
            f"The newest results are shown{named}. There {'is' if count == 1 else 'are'} "
            f"{count:,} older run{'s' * (count != 1)} of this prefix, last written "
            f"{times.written(max(run.written for run in tables.others))}.",
            icon=":material/history:",
        )
    every = sorted((*tables.runs, *tables.others), key=lambda run: run.age, reverse=True)
    titles = {"": "The newest of each request", **_titles(what.prefix, every), ALL: "All together"}
    key = f"choose_{param}"
    chosen = "" if tables.gone else what.run
    if chosen not in titles and len(tables.runs) == 1:
        chosen = tables.runs[0].key  # a link of when the run had begun otherwise
    st.session_state[key] = chosen if chosen in titles else ""

    def choose() -> None:
        if st.session_state[key]:
            st.query_params[param] = st.session_state[key]
        else:
            st.query_params.pop(param, None)
        changed()

    st.selectbox(
        "Run",
        list(titles),
        format_func=titles.__getitem__,
        key=key,
        on_change=choose,
        help="What one request wrote into one folder, by the numbers and times of its shards. "
        "All together: of each picture and feature the newest answer, whichever run has it.",
    )


def _titles(prefix: str, runs: Sequence[Run]) -> dict[str, str]:
    """Key -> what to call a run in a list, no two alike: the browser sends labels back."""
    titles = {run.key: _title(prefix, run) for run in runs}
    met = Counter(titles.values())
    return {key: f"{title} · {key}" if met[title] > 1 else title for key, title in titles.items()}


def _title(prefix: str, run: Run) -> str:
    folder = run.folder.removeprefix(prefix).strip("/")
    where = f" · {folder}" if folder else ""
    return f"{times.written(run.written)} · {run.pictures:,} pictures{where}"


def _incomplete(run: Run) -> str:
    gaps = [f"{a:,} to {b:,}" if a < b else f"{a:,}" for a, b in run.missing]
    more = f" and {len(gaps) - NAMED_GAPS:,} more gaps" if len(gaps) > NAMED_GAPS else ""
    return (
        f"{run.folder} is not whole (yet): no shard has pictures "
        f"{', '.join(gaps[:NAMED_GAPS])}{more}."
    )
