"""All filters as widgets in one popover of the batch header, and the search beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from core.results.columns.palettes import GREY_CHROMA, hex_to_lab, is_grey
from core.results.columns.text_query import HELP, TextQuery
from core.results.query.filters import Filters
from core.results.query.picture_order import NO_FOLDER
from core.results.query.store import Store
from core.results.vocabulary import LIKELIHOODS, MARKED, SAFE_CATEGORIES
from core.ui.components.url_state import filters, set_filters

MOST_NAMES = 500  # offered in a list; others can be typed
NAMED = {
    "objects": "Objects",
    "landmarks": "Landmarks",
    "logos": "Logos",
    "languages": "Languages",
    "web": "Web entities",
}
MARK_NAMES = {
    "keep": "Keep",
    "flag": "Flag",
    "reject": "Reject",
    "none": "No mark",
    "note": "With a note",
}
STATUS = {"": "All", "ok": "Annotated", "failed": "Failed"}
ANY = "any"
FIRST_COLOR = "#a04a06"


def show(store: Store, now: Filters) -> None:
    """The popover; its widgets are drawn when it is open, and write to the URL's filters."""
    count = len(now.values())
    label = f"Filters · {count}" if count else "Filters"
    popover = st.popover(label, key="filters", icon=":material/filter_list:", on_change="rerun")
    if not popover.open:
        return
    with popover, st.container(key="filters_body"):
        st.button(
            "Clear all",
            icon=":material/filter_alt_off:",
            disabled=now.is_empty,
            on_click=set_filters,
            args=(Filters.empty(),),
        )
        left, right = st.columns(2, gap="medium")
        with left:
            _labels(store, now)
            _safe(now)
        with right:
            show_color(now)
            _text(store, now)
        _others(store, now)


def show_search(now: Filters) -> None:
    """Words in pictures, in the header itself."""
    st.text_input(
        "Words in pictures",
        placeholder="Words in pictures",
        icon=":material/search:",
        type="search",
        label_visibility="collapsed",
        width=200,
        **_bound("text", now.text, str.strip, key="header_search"),
    )
    if now.text and TextQuery.parse(now.text).is_empty:
        st.caption("There is no letter or digit in it, so nothing is found.")


def _bound(
    field: str, value: Any, read: Callable[[Any], Any], key: str | None = None
) -> dict[str, Any]:
    """Key and callback that tie a widget to one field of the URL's filters."""
    key = key or f"filter_{field}"
    st.session_state[key] = value

    def changed() -> None:
        set_filters(replace(filters(), **{field: read(st.session_state[key])}))

    return {"key": key, "on_change": changed}


def _names(field: str, title: str, offered: Sequence[str], chosen: tuple[str, ...]) -> None:
    options = list(dict.fromkeys([*chosen, *offered]))
    st.multiselect(title, options, accept_new_options=True, **_bound(field, list(chosen), tuple))


def _labels(store: Store, now: Filters) -> None:
    offered = list(store.labels(now, top=MOST_NAMES)["label"])
    _names("labels", "Labels", offered, now.labels)
    if len(now.labels) > 1:
        st.segmented_control(
            "Pictures with",
            ["any", "all"],
            format_func={"any": "any of them", "all": "all of them"}.__getitem__,
            required=True,
            **_bound("match", now.match, str),
        )
    _names("not_labels", "Without labels", offered, now.not_labels)
    st.slider("Score at least", 0.0, 1.0, step=0.05, **_bound("score", now.score, float))


def show_color(now: Filters) -> None:
    """Search by colour, and whether greys count."""
    st.toggle(
        "Palette without greys",
        help="The palette of the whole batch shows its colours alone. Narrows nothing.",
        **_bound("palette_no_greys", now.palette_no_greys, bool),
    )
    st.toggle(
        "Pictures near a colour",
        **_bound("color", now.color is not None, lambda on: FIRST_COLOR if on else None),
    )
    if now.color is None:
        return
    st.color_picker("Near this colour", **_bound("color", now.color, str, key="filter_hex"))
    st.slider(
        "Tolerance",
        2.0,
        60.0,
        help="Distance in CIELAB: 2.3 is just noticeable, 20 is a family of colours.",
        **_bound("tolerance", min(60.0, max(2.0, now.tolerance)), float),
    )
    st.toggle(
        "Ignore greys",
        help="A picture's greys, blacks and whites, also tinted ones, are no match: colours with "
        f"a CIELAB chroma below {GREY_CHROMA:g}.",
        **_bound("no_greys", now.no_greys, bool),
    )
    if now.no_greys and is_grey(np.array([hex_to_lab(now.color)]))[0]:
        st.caption("The colour itself is a grey: only coloured neighbours of it can be found.")


def _safe(now: Filters) -> None:
    least = dict(now.safe)
    with st.expander("Safe search at least", expanded=bool(least)):
        for category in SAFE_CATEGORIES:
            key = f"filter_safe_{category}"
            st.session_state[key] = least.get(category, ANY)
            st.selectbox(
                category.capitalize(),
                [ANY, *LIKELIHOODS[2:]],
                format_func=lambda name: name.replace("_", " ").lower(),
                key=key,
                on_change=_safe_changed,
                args=(category, key),
            )


def _safe_changed(category: str, key: str) -> None:
    now, level = filters(), st.session_state[key]
    others = tuple(pair for pair in now.safe if pair[0] != category)
    set_filters(replace(now, safe=others if level == ANY else (*others, (category, level))))


def _text(store: Store, now: Filters) -> None:
    st.text_input(
        "Text in the picture", type="search", help=HELP, **_bound("text", now.text, str.strip)
    )
    st.text_input(
        "Part of the name, folder or address", type="search", **_bound("uri", now.uri, str.strip)
    )
    if store.marks.version or now.marks:
        st.pills(
            "Marked",
            MARKED,
            format_func=MARK_NAMES.__getitem__,
            selection_mode="multi",
            **_bound("marks", list(now.marks), tuple),
        )
    st.segmented_control(
        "Pictures",
        list(STATUS),
        format_func=STATUS.__getitem__,
        required=True,
        **_bound("status", now.status, str),
    )


def _folders(store: Store, now: Filters) -> bool:
    """A list of folders; False where there is none to choose from."""
    offered = store.folders(now)["folder"].head(MOST_NAMES).tolist()
    if len(offered) < 2 and not now.folders:
        return False
    st.multiselect(
        "Folders",
        list(dict.fromkeys([*now.folders, *offered])),
        format_func=lambda folder: folder or NO_FOLDER,
        accept_new_options=True,
        **_bound("folders", list(now.folders), tuple),
    )
    return True


def _others(store: Store, now: Filters) -> None:
    columns = st.columns(2, gap="medium")
    with columns[0]:
        shown = int(_folders(store, now))
    for field, title in NAMED.items():
        chosen: tuple[str, ...] = getattr(now, field)
        offered = list(store.counts(field, now, top=MOST_NAMES)["name"])
        if offered or chosen:
            with columns[shown % 2]:
                _names(field, title, offered, chosen)
            shown += 1
