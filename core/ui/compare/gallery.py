"""The pictures that changed most: both sides' boxes, and what differs in words."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from core.app.hub import Hub
from core.app.picture_links import picture_params
from core.errors import ContactSheetError
from core.results.compare.comparison import FEATURES, OVERALL, Comparison
from core.results.compare.matching import HOW
from core.results.compare.pair_text import NameChange, PairChange, describe
from core.results.pictures.overlays import draw
from core.results.query.picture.annotations import Annotations
from core.results.query.store import Store
from core.ui.compare.choice import SIDES, named, set_view, signature
from core.ui.compare.numbers import MOST_ROWS
from core.ui.components.chart_card import show_table
from core.ui.components.url_state import RUN, policy, run_param
from core.ui.components.widgets import escape_markdown, page_number

PER_PAGE = 6
THUMBNAIL = 520  # pixels on the longer side
THREADS = 4
MOST_NAMES = 12  # of one kind in a row
KINDS = {  # boxes of the feature looked at; all of them for any other
    "objects": ("object",),
    "faces": ("face",),
    "text": ("word",),
    "crops": ("crop_hint",),
    "logos": ("logo",),
    "landmarks": ("landmark",),
}


class _Shown(NamedTuple):
    """One side of one row: whose annotations, and its picture or why there is none."""

    annotations: Annotations
    image: bytes | ContactSheetError


def show_most_changed(
    hub: Hub, sides: tuple[Store, Store], comparison: Comparison, by: str
) -> None:
    """One page of pairs, most changed first."""
    name = named(by)
    ranked = comparison.ranked(by, name)
    what = "" if by == OVERALL else f" in {FEATURES[by][0].lower()}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"Pictures that changed most{what}")
        boxes = st.toggle("Boxes", value=True, key="compare_boxes")
        flagged = st.toggle("Show flagged pictures", key="compare_flagged")
        with st.popover("Table", icon=":material/table:", type="tertiary"):
            table = ranked.drop(columns=["left", "right", "by"])
            table["how"] = np.array(HOW)[table["how"]]
            show_table(f"Pictures that changed most{what}", table, "ranked", most=MOST_ROWS)
    if name:
        st.button(
            escape_markdown(f"{FEATURES[by][0]}: {name[:80]}"),
            icon=":material/close:",
            on_click=set_view,
            kwargs={"name": ""},
            key="compare_name",
            help="Show all pictures again",
        )
    if ranked.empty:
        st.success("No picture differs.", icon=":material/check_circle:")
        return
    first = (page_number(len(ranked), PER_PAGE, "shown", bind="query-params") - 1) * PER_PAGE
    rows = ranked.iloc[first : first + PER_PAGE].to_dict("records")
    kinds = KINDS.get(by) if boxes else ()
    shown = _drawn(hub, sides, rows, kinds, flagged=flagged)
    for row, pair in zip(rows, shown, strict=True):
        _show_row(row, pair, comparison.features)


def _drawn(
    hub: Hub,
    sides: tuple[Store, Store],
    rows: Sequence[dict[Any, Any]],
    kinds: tuple[str, ...] | None,
    *,
    flagged: bool,
) -> list[tuple[_Shown, _Shown]]:
    """Both pictures of every row. A picture that cannot be read is taken from the other side."""
    images = [
        side.annotations_of([int(row[name]) for row in rows])
        for side, name in zip(sides, SIDES, strict=True)
    ]
    pairs = list(zip(*images, strict=True))
    version = f"{signature(sides)} {hub.visitor.scope}"  # others may see less of them
    rule = policy()

    def thumbnail(side: int, pair: tuple[Annotations, Annotations]) -> _Shown:
        own, other = pair[side], pair[1 - side]
        # Either side's judgement is enough to spare a viewer.
        blur = (rule.flags(own.safe) or rule.flags(other.safe)) and not flagged
        key = (version, SIDES[side], own.picture, kinds, blur)
        places = ((own.uri, own.page), (other.uri, other.page))
        try:
            return _Shown(own, _thumbnail(key, places, own, hub))
        except ContactSheetError as error:
            return _Shown(own, error)

    with ThreadPoolExecutor(THREADS) as pool:
        left = list(pool.map(lambda pair: thumbnail(0, pair), pairs))
        right = list(pool.map(lambda pair: thumbnail(1, pair), pairs))
    return list(zip(left, right, strict=True))


_Key = tuple[str, str, int, tuple[str, ...] | None, bool]
_Places = tuple[tuple[str, int], tuple[str, int]]  # address and page on either side


@st.cache_data(max_entries=500, show_spinner=False, ttl=3600)
def _thumbnail(key: _Key, places: _Places, _annotations: Annotations, _hub: Hub) -> bytes:
    """A PNG of the picture with its boxes."""
    _, _, _, kinds, blur = key
    own, other = places
    try:
        seen = _hub.upright(*own, THUMBNAIL)
    except ContactSheetError:
        if not other[0] or other == own:
            raise
        seen = _hub.upright(*other, THUMBNAIL)
    return draw(seen, _annotations, blur=blur, kinds=kinds)


def _show_row(row: dict[Any, Any], pair: tuple[_Shown, _Shown], features: Sequence[str]) -> None:
    with st.container(border=True):
        left, right, words = st.columns([3, 3, 4], gap="medium")
        for side, column, shown in zip(SIDES, (left, right), pair, strict=True):
            with column:
                _show_side(side, row, shown)
        with words:
            st.markdown(f"**{escape_markdown(str(row['name'])[-60:])}**")
            if row["folder"]:
                st.caption(escape_markdown(str(row["folder"])[-80:]))
            parts = [
                f"{FEATURES[name][0]} {row[name]:.0%}"
                for name in features
                if not np.isnan(row[name])
            ]
            st.caption("Agreement: " + " · ".join(parts))
            _show_words(describe(pair[0].annotations, pair[1].annotations))


def _show_side(side: str, row: dict[Any, Any], shown: _Shown) -> None:
    annotations, image = shown
    if isinstance(image, bytes):
        st.image(image, width="stretch", alt=f"{side.capitalize()}: {row['name']}")
    else:
        st.caption(f":material/broken_image: {escape_markdown(image.what)}")
    source = st.query_params.get(side, "")
    st.page_link(
        "pages/picture.py",
        label=side.capitalize(),
        help="See it large, with everything that is known about it",
        query_params={"prefix" if "/" in source else "job": source}
        | ({RUN: run} if (run := st.query_params.get(run_param(side), "")) else {})
        | picture_params(annotations.uri, annotations.page, annotations.picture),
    )


def _show_words(change: PairChange) -> None:
    for side, error in zip(SIDES, change.errors, strict=True):
        if error:
            st.markdown(f":material/error: Failed on the {side}: {escape_markdown(error[:200])}")
    for names in change.names:
        st.markdown(_name_line(names))
    if change.faces[0] != change.faces[1]:
        st.markdown(f"**Faces** {change.faces[0]} → {change.faces[1]}")
    for category, before, after in change.safe:
        levels = " → ".join(level.replace("_", " ").lower() for level in (before, after))
        st.markdown(f"**{category.capitalize()}** {levels}")
    if change.texts is not None:
        with st.expander("Text, left and right", icon=":material/text_fields:"):
            for text in change.texts:
                st.code(text or "(none)", language=None, wrap_lines=True)


def _name_line(names: NameChange) -> str:
    """Only left in amber, only right in blue."""
    badges = [f":orange-badge[− {escape_markdown(name[:40])}]" for name in names.lost[:MOST_NAMES]]
    badges += [f":blue-badge[+ {escape_markdown(name[:40])}]" for name in names.gained[:MOST_NAMES]]
    hidden = sum(max(0, len(side) - MOST_NAMES) for side in (names.lost, names.gained))
    more = f" and {hidden} more" if hidden else ""
    return f"**{names.title}** {' '.join(badges)}{more}"
