"""The pictures that changed most: both sides' boxes, and what differs in words."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from core.app.hub import Hub
from core.app.picture_links import picture_params
from core.errors import ContactSheetError, PictureError
from core.results.analysis.sentence import amount
from core.results.compare.comparison import FEATURES, OVERALL, SAME, Comparison
from core.results.compare.matching import HOW
from core.results.compare.pair_text import NameChange, PairChange, describe
from core.results.figures.tiles import words
from core.results.pictures.overlays import draw
from core.results.query.picture.annotations import Annotations, picture_title
from core.results.query.store import Store
from core.ui.compare.choice import SIDES, Names, named, ranked_by, set_view, signature
from core.ui.compare.numbers import MOST_ROWS
from core.ui.components.chart_card import show_table
from core.ui.components.url_state import RUN, policy, run_param
from core.ui.components.widgets import escape_markdown, page_number

PER_PAGE = 12
CARDS = 4  # of them with both pictures
THUMBNAIL, SMALL = 520, 80  # pixels on the longer side, of cards and of rows
ORDERS = {"change": "Most changed", "name": "Name", "folder": "Folder"}
THREADS = 4
MOST_NAMES, MOST_IN_LINE = 12, 2  # of what differs in a card, and in a row
KINDS = {  # boxes of the feature looked at; all of them for any other
    "objects": ("object",),
    "faces": ("face",),
    "text": ("word",),
    "crops": ("crop_hint",),
    "logos": ("logo",),
    "landmarks": ("landmark",),
}


class _Shown(NamedTuple):
    """One side of one row: whose annotations, and its picture or why there is none.

    ``borrowed`` says that the picture is the other side's.
    """

    annotations: Annotations
    image: bytes | ContactSheetError
    borrowed: bool = False


def show_changed(
    hub: Hub, sides: tuple[Store, Store], comparison: Comparison, names: Names
) -> None:
    """One page of pairs, most changed first: the first ones as cards, then rows to be opened."""
    by = ranked_by(comparison)
    name = named(by)
    ranked = _arranged(comparison.ranked(by, name))
    what = "" if by == OVERALL else f" in {FEATURES[by][0].lower()}"
    _show_bar(ranked, amount(sides[0], len(comparison.pairs)), what)
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
    pairs = st.container(key="compare_pairs")
    first = (page_number(len(ranked), PER_PAGE, "shown", bind="query-params") - 1) * PER_PAGE
    with pairs:
        rows = ranked.iloc[first : first + PER_PAGE].to_dict("records")
        _show_pairs(hub, sides, rows, comparison.features, names, KINDS.get(by))


def _show_pairs(
    hub: Hub,
    sides: tuple[Store, Store],
    rows: list[dict[Any, Any]],
    features: Sequence[str],
    names: Names,
    kinds: tuple[str, ...] | None,
) -> None:
    """One page of pairs: cards, two in a row, then lines; one that is opened stands in a dialog."""
    boxes, flagged = (st.session_state[f"compare_{name}"] for name in ("boxes", "flagged"))
    kinds = kinds if boxes else ()
    cards = _drawn(hub, sides, rows[:CARDS], kinds, flagged=flagged)
    for start in range(0, len(cards), 2):
        for n, column in enumerate(st.columns(2, gap="small"), start):
            if n < len(cards):
                with column:
                    _show_card(n, rows[n], cards[n], features, names)
    small = _drawn(hub, sides, rows[CARDS:], (), flagged=flagged, size=SMALL)
    for n, (row, pair) in enumerate(zip(rows[CARDS:], small, strict=True), CARDS):
        if _show_line(n, row, pair, features):
            large = _drawn(hub, sides, [row], kinds, flagged=flagged)[0]
            _open(row, large, features, names)


def _show_bar(ranked: pd.DataFrame, pairs: str, what: str) -> None:
    with st.container(key="compare_bar", horizontal=True, vertical_alignment="center"):
        st.subheader(f"{len(ranked):,} of {pairs} changed{what}", anchor=False, width="content")
        st.space("stretch")
        st.toggle("Boxes", value=True, key="compare_boxes")
        st.toggle("Show flagged", key="compare_flagged")
        st.segmented_control(
            "Order",
            list(ORDERS),
            default=_order(),
            required=True,
            format_func=ORDERS.__getitem__,
            key="compare_order",
            on_change=lambda: set_view(order=st.session_state["compare_order"]),
            label_visibility="collapsed",
        )
        with st.popover("Table", icon=":material/table:", type="tertiary"):
            table = ranked.drop(columns=["left", "right", "by"])
            table["how"] = np.array(HOW)[table["how"]]
            show_table(f"Pictures that changed most{what}", table, "ranked", most=MOST_ROWS)


def _order() -> str:
    """How the URL wants the pairs sorted, of ``ORDERS``."""
    wanted = st.query_params.get("order", "")
    return wanted if wanted in ORDERS else "change"


def _arranged(ranked: pd.DataFrame) -> pd.DataFrame:
    """Pairs, as ``Comparison.ranked`` gives them, in the chosen order."""
    columns = {"name": ["name", "folder"], "folder": ["folder", "name"]}.get(_order())
    return ranked if columns is None else ranked.sort_values(columns, kind="stable")


def _drawn(
    hub: Hub,
    sides: tuple[Store, Store],
    rows: Sequence[dict[Any, Any]],
    kinds: tuple[str, ...] | None,
    *,
    flagged: bool,
    size: int = THUMBNAIL,
) -> list[tuple[_Shown, _Shown]]:
    """Both pictures of every row.

    One that cannot be read is taken from the other side, and that is said, unless its own bytes are
    bad: then the other side's is another file.
    """
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
        key = (version, SIDES[side], own.picture, kinds, blur, size)
        places = ((own.uri, own.page), (other.uri, other.page))
        try:
            return _Shown(own, *_thumbnail(key, places, own, hub))
        except ContactSheetError as error:
            return _Shown(own, error)

    with ThreadPoolExecutor(THREADS) as pool:
        left = list(pool.map(lambda pair: thumbnail(0, pair), pairs))
        right = list(pool.map(lambda pair: thumbnail(1, pair), pairs))
    return list(zip(left, right, strict=True))


_Key = tuple[str, str, int, tuple[str, ...] | None, bool, int]
_Places = tuple[tuple[str, int], tuple[str, int]]  # address and page on either side


@st.cache_data(max_entries=500, show_spinner=False, ttl=3600)
def _thumbnail(
    key: _Key, places: _Places, _annotations: Annotations, _hub: Hub
) -> tuple[bytes, bool]:
    """A PNG of the picture with its boxes, and whether it is the other side's."""
    *_, kinds, blur, size = key
    own, other = places
    borrowed = False
    try:
        seen = _hub.upright(*own, size)
    except ContactSheetError as error:
        if isinstance(error, PictureError) or not other[0] or other == own:
            raise
        borrowed, seen = True, _hub.upright(*other, size)
    return draw(seen, _annotations, blur=blur, kinds=kinds), borrowed


def _title(row: dict[Any, Any], pair: tuple[_Shown, _Shown]) -> str:
    folder = str(row["folder"]).rstrip("/").rpartition("/")[2]
    shown = pair[0].annotations
    name = picture_title(str(row["name"]), shown.page, shown.number)
    return f"{folder}/{name}"[-60:] if folder else name[-60:]


def _agreeing(row: dict[Any, Any], features: Sequence[str]) -> str:
    known = [row[name] for name in features if not np.isnan(row[name])]
    same = sum(value > 1 - SAME for value in known)
    verb = f"agree{'s' * (1 in (same, len(known)))}"
    return f"{same} of {len(known)} feature{'s' * (len(known) != 1)} {verb}"


def _show_card(
    n: int,
    row: dict[Any, Any],
    pair: tuple[_Shown, _Shown],
    features: Sequence[str],
    names: Names,
) -> None:
    with st.container(border=True, key=f"compare_card_{n}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{escape_markdown(_title(row, pair))}**", width="content")
            st.space("stretch")
            st.caption(_agreeing(row, features), width="content")
        _show_pair(row, pair, names)
        _show_words(describe(pair[0].annotations, pair[1].annotations), names)


def _show_line(
    n: int, row: dict[Any, Any], pair: tuple[_Shown, _Shown], features: Sequence[str]
) -> bool:
    """A pair in one line; whether it is to be opened."""
    with st.container(
        border=True,
        key=f"compare_line_{n}",
        horizontal=True,
        vertical_alignment="center",
        gap="small",
    ):
        image = pair[1].image if isinstance(pair[1].image, bytes) else pair[0].image
        if isinstance(image, bytes):
            st.image(image, width=40, alt="")
        st.markdown(f"**{escape_markdown(_title(row, pair))}**", width="content")
        st.caption(_agreeing(row, features), width="content")
        badges = _badges(describe(pair[0].annotations, pair[1].annotations), MOST_IN_LINE)
        st.markdown(" ".join(badges), width="content")
        st.space("stretch")
        return st.button(
            "Open", icon=":material/chevron_right:", icon_position="right", type="tertiary",
            key=f"compare_open_{n}",
        )  # fmt: skip


@st.dialog("Both sides", width="large")
def _open(
    row: dict[Any, Any], pair: tuple[_Shown, _Shown], features: Sequence[str], names: Names
) -> None:
    """A pair large, with its agreements."""
    st.markdown(f"**{escape_markdown(_title(row, pair))}**")
    _show_pair(row, pair, names)
    parts = [f"{FEATURES[name][0]} {row[name]:.0%}" for name in features if not np.isnan(row[name])]
    st.caption("Agreement: " + " · ".join(parts))
    _show_words(describe(pair[0].annotations, pair[1].annotations), names)


def _show_pair(row: dict[Any, Any], pair: tuple[_Shown, _Shown], names: Names) -> None:
    columns = st.columns(2, gap="small", wrap=False)
    for side, name, column, shown in zip(SIDES, names, columns, pair, strict=True):
        with column:
            _show_side(side, name, row, shown)


def _show_side(side: str, name: str, row: dict[Any, Any], shown: _Shown) -> None:
    annotations, image, borrowed = shown
    if isinstance(image, bytes):
        st.image(image, width="stretch", alt=f"{name}: {row['name']}")
        if borrowed:
            st.caption("Cannot be read here: the picture of the other side")
    else:
        st.caption(f":material/broken_image: {escape_markdown(image.what)}")
    source = st.query_params.get(side, "")
    with st.container(key=f"compare_{side}_{annotations.picture}"):
        st.page_link(
            "pages/picture.py",
            label=escape_markdown(name),
            help="See it large, with everything that is known about it",
            query_params={"prefix" if "/" in source else "job": source}
            | ({RUN: run} if (run := st.query_params.get(run_param(side), "")) else {})
            | picture_params(annotations.uri, annotations.page, annotations.picture),
        )


def _show_words(change: PairChange, names: Names) -> None:
    for name, error in zip(names, change.errors, strict=True):
        if error:
            st.markdown(
                f":material/error: Failed in {escape_markdown(name)}: "
                f"{escape_markdown(error[:200])}"
            )
    if badges := _badges(change, MOST_NAMES):
        st.markdown(" ".join(badges))
    if change.texts is not None:
        with st.popover("Text of both sides", icon=":material/text_fields:", type="tertiary"):
            for name, text in zip(names, change.texts, strict=True):
                st.caption(escape_markdown(name))
                st.code(text or "(none)", language=None, wrap_lines=True)


def _badges(change: PairChange, most: int) -> list[str]:
    """What differs, each in a few words: amber for the left side alone, blue for the right."""
    said = [badge for names in change.names for badge in _of_names(names)]
    if change.faces[0] != change.faces[1]:
        said.append(f":blue-badge[faces: {change.faces[0]} → {change.faces[1]}]")
    for category, *levels in change.safe:
        before, after = (words(level).lower() for level in levels)
        said.append(f":blue-badge[{category}: {before} → {after}]")
    more = [f"and {len(said) - most:,} more"] if len(said) > most else []
    return [*said[:most], *more]


def _of_names(names: NameChange) -> list[str]:
    kind = "" if names.title == "Labels" else f"{names.title.lower().removesuffix('s')} "
    return [
        f":{color}-badge[{sign} {kind}{escape_markdown(name[:40])}]"
        for color, sign, side in (("orange", "−", names.lost), ("blue", "+", names.gained))
        for name in side
    ]
