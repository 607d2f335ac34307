"""Explore's panel of near-duplicates: groups of pictures that look the same, one of each kept."""

from __future__ import annotations

import hashlib
from functools import partial

import pandas as pd
import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report
from core.results.analysis.near_duplicates import DISTANCE, MOST_DISTANCE, comparable, groups
from core.results.analysis.picture_hashes import HashCache, PictureHashes
from core.results.export.zip_archives import csv_of
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.ui.components.chart_card import file_stem, show_heading
from core.ui.components.pictures.thumbnail_row import ROW, show_row
from core.ui.components.widgets import page_number, result_of

MOST_PICTURES = 20_000
AT_ONCE = 500  # pictures that are read without being asked for
GROUPS_PAGE = 6
TITLE = "Near-duplicates"


def looked_at(hub: Hub, store: Store, now: Filters) -> PictureHashes | None:
    """What the pictures look like; None, with a button or progress shown, until it is known.

    Every picture has to be read: of more than ``AT_ONCE`` somebody has to ask for it.
    """
    pictures = comparable(store, now, MOST_PICTURES)
    if not len(pictures):
        show_heading(TITLE, None, "duplicates")
        st.caption("There is no annotated picture to compare.")
        return None
    ids = pictures["picture"].to_numpy()
    shown = f"{hash(store.tables.shards)} {hashlib.sha256(ids.tobytes()).hexdigest()}"
    asked: set[str] = st.session_state.setdefault("duplicates_asked", set())
    if shown not in asked and len(pictures) > AT_ONCE:
        show_heading(TITLE, None, "duplicates")
        st.caption(
            "Sizes, proportions and sharpness, and pictures that look the same although their "
            f"files differ.{_cap(store, now)}"
        )
        label = f"Look at {len(pictures):,} pictures"
        st.button(label, icon=":material/compare:", on_click=asked.add, args=(shown,))
        return None
    wanted = list(zip(*(column.to_pylist() for column in pictures.columns), strict=True))
    key = f"duplicates {hashlib.sha256(repr(wanted).encode(errors='replace')).hexdigest()}"

    def work(report: Report) -> PictureHashes:
        home = hub.settings.home / "thumbnails-hashes.sqlite3"
        return HashCache(home, hub.gallery.thumbnails).of(_visible(hub, wanted), report)

    return result_of(hub.tasks.start(key, work), "Looking at the pictures")


def _visible(hub: Hub, wanted: list[tuple[int, str, int]]) -> list[tuple[int, str, int]]:
    """Without what the visitor may not see: a shard may name a picture of anybody's."""
    folders = {uri.rpartition("/")[0] for _, uri, _ in wanted}
    seen = {folder for folder in folders if hub.may_see(f"{folder}/")}
    return [pair for pair in wanted if pair[1].rpartition("/")[0] in seen]


def _cap(store: Store, now: Filters) -> str:
    count = store.count(now)
    return f" Only the first {MOST_PICTURES:,} of {count:,}." if count > MOST_PICTURES else ""


@st.fragment
def show_groups(hub: Hub, store: Store, now: Filters, hashes: PictureHashes) -> None:
    """Groups of pictures that look the same, and the list without repeats."""
    distance = st.session_state.get("duplicates_distance", DISTANCE)
    hash_bytes = b"".join(part.tobytes() for part in hashes[:3])
    groups = _grouped(hashlib.sha256(hash_bytes).hexdigest(), distance, hashes)
    show_heading(TITLE, _table(store, groups, hashes), "duplicates")
    st.slider(
        "How different they may be",
        0,
        MOST_DISTANCE,
        value=DISTANCE,
        key="duplicates_distance",
        help="Bits of a 64-bit perceptual hash (pHash) that may differ. 0 finds copies that were "
        "only re-encoded; from 12 on different pictures may be taken for the same.",
    )
    spared = sum(len(group) - 1 for group in groups)
    if groups:
        st.text(
            f"{len(groups):,} group{'s' * (len(groups) != 1)}; "
            f"{spared:,} of {len(hashes.pictures):,} pictures could be spared."
        )
    _say_left_out(hashes, _cap(store, now))
    if not groups:
        st.info("No two pictures look the same.", icon=":material/check:")
        return
    _offer_lists(store, groups, hashes)
    first = (page_number(len(groups), GROUPS_PAGE, "duplicates_page") - 1) * GROUPS_PAGE
    for group in groups[first : first + GROUPS_PAGE]:
        _show_group(hub, store, group, hashes)


def _offer_lists(store: Store, groups: list[list[int]], hashes: PictureHashes) -> None:
    """The batch with one picture of each group, and the others, as lists."""
    largest = {hashes.measures.largest(group) for group in groups}
    spared = {picture for group in groups for picture in group} - largest
    rest = [id for id in hashes.measures.pictures.tolist() if id not in spared]
    with st.container(horizontal=True, vertical_alignment="center"):
        for title, ids in (("Keep one of each", rest), ("The others", sorted(spared))):
            st.download_button(
                f"{title}: {len(ids):,} picture{'s' * (len(ids) != 1)}",
                partial(_list_of, store, ids),
                f"{file_stem(title)}.csv",
                "text/csv",
                icon=":material/download:",
                on_click="ignore",
                key=f"duplicates_{'kept' if ids is rest else 'spared'}",
            )
        st.caption("Of each group the picture with most pixels is kept.", width="content")


def _list_of(store: Store, ids: list[int]) -> bytes:
    rows = [(of.title, of.folder, of.uri) for of in store.annotations_of(ids)]
    return csv_of(pd.DataFrame(rows, columns=["picture", "folder", "uri"]))


@st.cache_data(max_entries=20, show_spinner=False)
def _grouped(key: str, distance: int, _hashes: PictureHashes) -> list[list[int]]:
    """Groups, worked out once: 20,000 pictures take more than a second.

    Args:
        key: stands for the hashes.
    """
    return groups(_hashes, distance)


def _say_left_out(hashes: PictureHashes, cap: str) -> None:
    notes = [
        f"{count:,} pictures {why}."
        for count, why in (
            (hashes.plain, "of one plain tone were left out: they show nothing to compare"),
            (hashes.unread, "could not be read"),
        )
        if count
    ]
    if text := " ".join([*notes, cap.strip()]).strip():
        st.caption(text)


def _table(store: Store, groups: list[list[int]], hashes: PictureHashes) -> pd.DataFrame:
    ids = [picture for group in groups for picture in group]
    by_id = {of.picture: of for of in store.annotations_of(ids)}
    rows = [
        (n, of.title, of.folder, of.uri, of.picture == hashes.measures.largest(group))
        for n, group in enumerate(groups, 1)
        for of in (by_id[picture] for picture in group)
    ]
    return pd.DataFrame(rows, columns=["group", "picture", "folder", "uri", "kept"])


def _show_group(hub: Hub, store: Store, group: list[int], hashes: PictureHashes) -> None:
    largest = hashes.measures.largest(group)
    ordered = [largest, *(picture for picture in group if picture != largest)]
    shown = store.annotations_of(ordered[:ROW])
    with st.container(border=True):
        rest = len(group) - len(shown)
        more = f", {rest:,} more stand in the table" if rest else ""
        st.caption(f"{len(group):,} pictures; the first one is kept{more}")
        show_row(hub, shown)
