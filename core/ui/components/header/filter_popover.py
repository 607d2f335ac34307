"""All filters as widgets in one popover of the batch header, and the search beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from core.results.columns.palettes import GREY_CHROMA, hex_to_lab, is_grey
from core.results.columns.text_query import HELP, TextQuery
from core.results.query.facets import Facets, facets
from core.results.query.filter_url import FACES
from core.results.query.filters import Filters
from core.results.query.picture_order import NO_FOLDER
from core.results.query.store import Store
from core.results.vocabulary import LIKELIHOODS, MARKED, SAFE_CATEGORIES
from core.ui.components.header.facet_widgets import (
    ANY_OF,
    all_meant,
    bound,
    mute_empty,
    said_of,
    show_names,
    show_title,
)
from core.ui.components.url_state import filters, set_filters

NAMED = {
    "objects": "Objects",
    "landmarks": "Landmarks",
    "logos": "Logos",
    "languages": "Languages",
    "web": "Web entities",
    "products": "Products",
    "crops": "Crop hints",
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
        counted = facets(store, now)
        left, right = st.columns(2, gap="medium")
        with left:
            _labels(counted, now)
            _safe(counted, now)
        with right:
            show_color(now)
            _text(store, counted, now)
        _others(counted, now)
        mute_empty()


def show_search(now: Filters) -> None:
    """Words in pictures, in the header itself."""
    st.text_input(
        "Words in pictures",
        placeholder="Words in pictures",
        icon=":material/search:",
        type="search",
        label_visibility="collapsed",
        width=200,
        **bound("text", now.text, str.strip, key="header_search"),
    )
    if now.text and TextQuery.parse(now.text).is_empty:
        st.caption("There is no letter or digit in it, so nothing is found.")


def _labels(counted: Facets, now: Filters) -> None:
    options = counted.names["labels"]
    show_title("Labels", "labels", now, ANY_OF if now.match == "any" else "all of those chosen")
    show_names("labels", "Labels", options, now.labels)
    if len(now.labels) > 1:
        st.segmented_control(
            "Pictures with",
            ["any", "all"],
            format_func={"any": "any of them", "all": "all of them"}.__getitem__,
            required=True,
            **bound("match", now.match, str),
        )
    st.multiselect(
        "Without labels",
        [*dict.fromkeys([*(option.value for option in options), *now.not_labels])],
        format_func=said_of(options),
        accept_new_options=True,
        help="None of these may be there; the number is that of the pictures with it.",
        **bound("not_labels", list(now.not_labels), partial(all_meant, options)),
    )
    st.slider("Score at least", 0.0, 1.0, step=0.05, **bound("score", now.score, float))


def show_color(now: Filters) -> None:
    """Search by colour, and whether greys count."""
    st.toggle(
        "Palette without greys",
        help="The palette of the whole batch shows its colours alone. Narrows nothing.",
        **bound("palette_no_greys", now.palette_no_greys, bool),
    )
    st.toggle(
        "Pictures near a colour",
        **bound("color", now.color is not None, lambda on: FIRST_COLOR if on else None),
    )
    if now.color is None:
        return
    st.color_picker("Near this colour", **bound("color", now.color, str, key="filter_hex"))
    st.slider(
        "Tolerance",
        2.0,
        60.0,
        help="Distance in CIELAB: 2.3 is just noticeable, 20 is a family of colours.",
        **bound("tolerance", min(60.0, max(2.0, now.tolerance)), float),
    )
    st.toggle(
        "Ignore greys",
        help="A picture's greys, blacks and whites, also tinted ones, are no match: colours with "
        f"a CIELAB chroma below {GREY_CHROMA:g}.",
        **bound("no_greys", now.no_greys, bool),
    )
    if now.no_greys and is_grey(np.array([hex_to_lab(now.color)]))[0]:
        st.caption("The colour itself is a grey: only coloured neighbours of it can be found.")


def _safe(counted: Facets, now: Filters) -> None:
    least = dict(now.safe)
    if not any(counted.safe[category]["UNKNOWN"] for category in SAFE_CATEGORIES) and not least:
        return
    show_title("Safe search at least", "safe", now, ANY_OF)
    with st.expander("Categories and likelihoods", expanded=bool(least)):
        for category in SAFE_CATEGORIES:
            key = f"filter_safe_{category}"
            st.session_state[key] = least.get(category, ANY)
            st.selectbox(
                category.capitalize(),
                [ANY, *LIKELIHOODS[2:]],
                format_func=partial(_level, counted.safe[category]),
                key=key,
                on_change=_safe_changed,
                args=(category, key),
            )


def _level(reached: Mapping[str, int], level: str) -> str:
    name = level.replace("_", " ").lower()
    return name if level == ANY else f"{name} · {reached[level]:,}"


def _safe_changed(category: str, key: str) -> None:
    now, level = filters(), st.session_state[key]
    others = tuple(pair for pair in now.safe if pair[0] != category)
    set_filters(replace(now, safe=others if level == ANY else (*others, (category, level))))


def _text(store: Store, counted: Facets, now: Filters) -> None:
    st.text_input(
        "Text in the picture", type="search", help=HELP, **bound("text", now.text, str.strip)
    )
    st.text_input(
        "Part of the name, folder or address", type="search", **bound("uri", now.uri, str.strip)
    )
    if store.marks.version or now.marks:
        show_title("Marked", "marks", now, ANY_OF)
        st.pills(
            "Marked",
            sorted(MARKED, key=lambda mark: not counted.marks[mark]),
            format_func=lambda mark: f"{MARK_NAMES[mark]} · {counted.marks[mark]:,}",
            selection_mode="multi",
            label_visibility="collapsed",
            **bound("marks", list(now.marks), tuple),
        )
    show_title("Answers", "errors", now)
    st.segmented_control(
        "Answers",
        list(STATUS),
        format_func=lambda status: f"{STATUS[status]} · {counted.status[status]:,}",
        required=True,
        label_visibility="collapsed",
        **bound("status", now.status, str),
    )
    if counted.names["errors"] or now.errors:
        show_names("errors", "Failures", counted.names["errors"], now.errors, typed=False)


def _faces(counted: Facets, now: Filters) -> None:
    options = counted.names["faces"]
    show_title("Faces", "faces", now)
    st.pills(
        "Faces",
        [*dict.fromkeys([*(o.value for o in options), *([now.faces] if now.faces else [])])],
        format_func=said_of(options, FACES.show),
        label_visibility="collapsed",
        **bound("faces", now.faces, lambda value: value, key="facet_faces"),
    )


def _others(counted: Facets, now: Filters) -> None:
    columns = st.columns(2, gap="medium")
    shown = 0
    folders = counted.names["folders"]
    if len(folders) > 1 or now.folders:
        with columns[0]:
            show_title("Folders", "folder", now, ANY_OF)
            named = [option._replace(name=option.name or NO_FOLDER) for option in folders]
            show_names("folders", "Folders", named, now.folders)
        shown += 1
    if counted.names["faces"] or now.faces:
        with columns[shown % 2]:
            _faces(counted, now)
        shown += 1
    for field, title in NAMED.items():
        chosen: tuple[str, ...] = getattr(now, field)
        if counted.names[field] or chosen:
            with columns[shown % 2]:
                show_title(title, field, now, ANY_OF)
                show_names(field, title, counted.names[field], chosen, typed=field != "crops")
            shown += 1
