"""Explore's tabs: only the open one runs; one line says why some are not there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.app.hub import Hub
from core.errors import RequestError
from core.jobs.batch.features import FEATURES
from core.results.analysis.sentence import describe
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.ui.components import url_state
from core.ui.components.chart_keys.chart_keys import show_chart_keys
from core.ui.components.header.batch import RETURNED
from core.ui.components.widgets import empty_state, escape_markdown
from core.ui.costs import savings
from core.ui.explore.panels.copy_button import show_copy_button
from core.ui.explore.tabs import (
    charts_tab,
    colours_tab,
    documents_tab,
    map_tab,
    quality_tab,
    safe_search_tab,
    sheet_tab,
    sql_tab,
    text_tab,
)

KEY = "tab"
_OPENED = "explore_tab"  # of this browser tab: the tab that was open last
Show = Callable[[Hub, url_state.Subject, Store, Filters], None]
TABS: dict[str, tuple[Show, tuple[str, ...]]] = {  # what shows it, and the tables that it needs
    "Sheet": (sheet_tab.show, ()),
    "Labels": (charts_tab.of("Labels"), ("labels",)),
    "Colours": (colours_tab.show, ("colors",)),
    "Safe search": (safe_search_tab.show, ("safe_search",)),
    "Text": (text_tab.show, ("texts",)),
    "Documents": (documents_tab.show, ()),
    "Objects and faces": (charts_tab.of("Objects and faces"), ("objects", "faces", "products")),
    "Places and web": (
        charts_tab.of("Places and web"),
        ("landmarks", "logos", "web_entities", "web_guesses", "crop_hints"),
    ),
    "Map": (map_tab.show, ()),
    "Quality": (quality_tab.show, ()),
    "SQL": (sql_tab.show, ()),
}
# Tables by the feature that fills them, as the line of what is missing calls it.
_FILLED_BY = {
    "labels": "LABEL_DETECTION",
    "colors": "IMAGE_PROPERTIES",
    "safe_search": "SAFE_SEARCH_DETECTION",
    "texts": "TEXT_DETECTION",
    "objects": "OBJECT_LOCALIZATION",
    "faces": "FACE_DETECTION",
    "landmarks": "LANDMARK_DETECTION",
    "logos": "LOGO_DETECTION",
    "web_entities": "WEB_DETECTION",
    "crop_hints": "CROP_HINTS",
}
_ALIKE = {"TEXT_DETECTION": "DOCUMENT_TEXT_DETECTION"}  # fills the same table
_WITH_VECTORS = {"LABEL_DETECTION", "WEB_DETECTION"}  # for which the engine makes them


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """All of the page below the batch header."""
    there = store.features(Filters.empty())
    asked = _features(hub, what)
    filled = {name for name in TABS if _offered(name, hub, store, there)}
    # A tab that comes later draws the page anew: while a job runs the place of each is there.
    coming = {name for name in TABS if what.live and _awaited(name, hub, asked or set())}
    names = [name for name in TABS if name in filled | coming]
    wanted = st.session_state.pop("explore_open", None)
    if wanted is None and st.session_state.get(RETURNED):  # from another page, by the menu
        wanted = st.session_state.get(_OPENED)
    if wanted in names:
        _write(names, wanted)
    asked_for = st.query_params.get(KEY)
    st.session_state[KEY] = st.session_state[_OPENED] = (
        asked_for if asked_for in names else names[0]
    )
    box = st.container(key="explore_tabs")
    # Written by us: what Streamlit binds replaces the address, and the browser's way back would
    # leave the page instead of the tab.
    tabs = box.tabs(names, key=KEY, on_change=lambda: _write(names, st.session_state[KEY]))
    with box:
        _show_missing(there, asked, live=what.live)
        show_chart_keys()
    for name, tab in zip(names, tabs, strict=True):
        if tab.open:
            with tab:  # and not within the box: see ``panes.beside_sheet``
                _show_sentence(hub, what, store, now)
                if name in filled:
                    TABS[name][0](hub, what, store, now)
                else:
                    empty_state(
                        ":material/hourglass_top:",
                        "Nothing here yet",
                        "It fills as soon as a picture that is done has something to show here.",
                    )


def _write(names: Sequence[str], opened: str) -> None:
    """Put a tab into the address; the first one stands there by having none."""
    url_state.write({KEY: None if opened == names[0] else opened})


def _offered(name: str, hub: Hub, store: Store, there: dict[str, int]) -> bool:
    if name == "Map":
        return map_tab.offered(hub, store)
    if name == "Documents":
        return documents_tab.offered(store)
    tables = TABS[name][1]
    return not tables or any(there[table] for table in tables)


def _awaited(name: str, hub: Hub, asked: set[str]) -> bool:
    """Whether a running job that asked for these features may fill a tab."""
    if name == "Map":
        engine = hub.galleries is not None and hub.settings.vectors
        return engine and bool(asked & _WITH_VECTORS)
    tables = ("texts",) if name == "Documents" else TABS[name][1]
    return any(_was_asked(_FILLED_BY.get(table, ""), asked) for table in tables)


def _was_asked(feature: str, asked: set[str]) -> bool:
    return feature in asked or _ALIKE.get(feature) in asked


def _show_sentence(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    policy = url_state.policy()
    question = ("sentence", now, policy, what.live)
    bold, rest = store.answer(question, lambda: describe(store, now, policy, live=what.live))
    with st.container(key="sentence", horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape_markdown(bold)}** {escape_markdown(rest)}")
        show_copy_button(f"{bold} {rest}", "Copy the sentence", "copy_sentence")
    with st.container(key="notes"):
        savings.show_sources(hub, what)
        for fault in store.tables.faults:
            st.warning(escape_markdown(str(fault)), icon=":material/broken_image:")


def _show_missing(there: dict[str, int], asked: set[str] | None, *, live: bool) -> None:
    """What was not asked for, and what was and is nowhere."""
    missing = [name for table, name in _FILLED_BY.items() if not there[table]]
    if asked is None:
        parts = [_line("Not in these results", missing)]
    else:
        nowhere = [name for name in missing if _was_asked(name, asked)]
        parts = [
            _line("Not asked for", [name for name in missing if name not in nowhere]),
            "" if live else _line("Nothing found", nowhere),
        ]
    said = " · ".join(part for part in parts if part)
    if said:
        with st.container(key="not_asked"):
            st.caption(said)


def _features(hub: Hub, what: url_state.Subject) -> set[str] | None:
    """The features that the job asked for; None where that is not known."""
    if not what.job_id:
        return None
    try:
        request = hub.jobs.get(what.job_id).request
    except RequestError:
        return None
    return set(request.features) if request is not None else None


def _line(title: str, features: Sequence[str]) -> str:
    names = [FEATURES[name].title.lower() for name in features]
    return f"{title}: {', '.join(names)}" if names else ""
