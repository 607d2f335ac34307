"""Explore's panel of near-duplicates: groups of pictures that look the same, and what they cost."""

from __future__ import annotations

import hashlib

import pandas as pd
import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report
from core.results.analysis.near_duplicates import DISTANCE, MOST_DISTANCE, comparable, groups
from core.results.analysis.picture_hashes import HashCache, PictureHashes
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.ui.components.chart_card import show_heading
from core.ui.components.pictures.thumbnail_row import ROW, show_row
from core.ui.components.widgets import page_number, result_of

MOST_PICTURES = 20_000
GROUPS_PAGE = 6
TITLE = "Near-duplicates"


def show_duplicates(hub: Hub, store: Store, now: Filters) -> None:
    """A button first, since every picture has to be looked at; then the groups."""
    pictures = comparable(store, now, MOST_PICTURES)
    if len(pictures) < 2:
        return
    ids = pictures["picture"].to_numpy()
    shown = f"{hash(store.tables.shards)} {hashlib.sha256(ids.tobytes()).hexdigest()}"
    asked: set[str] = st.session_state.setdefault("duplicates_asked", set())
    if shown not in asked:
        show_heading(TITLE, None, "duplicates")
        st.caption(f"Pictures that look the same although their files differ.{_cap(store, now)}")
        label = f"Compare {len(pictures):,} pictures"
        st.button(label, icon=":material/compare:", on_click=asked.add, args=(shown,))
        return
    wanted = list(zip(*(column.to_pylist() for column in pictures.columns), strict=True))
    key = f"duplicates {hashlib.sha256(repr(wanted).encode(errors='replace')).hexdigest()}"

    def work(report: Report) -> PictureHashes:
        home = hub.settings.home / "thumbnails-hashes.sqlite3"
        return HashCache(home, hub.gallery.thumbnails).of(_visible(hub, wanted), report)

    hashes = result_of(hub.tasks.start(key, work), "Looking at the pictures")
    if hashes is not None:
        _show_groups(hub, store, now, hashes)


def _visible(hub: Hub, wanted: list[tuple[int, str, int]]) -> list[tuple[int, str, int]]:
    """Without what the visitor may not see: a shard may name a picture of anybody's."""
    folders = {uri.rpartition("/")[0] for _, uri, _ in wanted}
    seen = {folder for folder in folders if hub.may_see(f"{folder}/")}
    return [found for found in wanted if found[1].rpartition("/")[0] in seen]


def _cap(store: Store, now: Filters) -> str:
    count = store.count(now)
    return f" Only the first {MOST_PICTURES:,} of {count:,}." if count > MOST_PICTURES else ""


@st.fragment
def _show_groups(hub: Hub, store: Store, now: Filters, hashes: PictureHashes) -> None:
    distance = st.session_state.get("duplicates_distance", DISTANCE)
    hash_bytes = b"".join(part.tobytes() for part in hashes[:3])
    groups = _grouped(hashlib.sha256(hash_bytes).hexdigest(), distance, hashes)
    show_heading(TITLE, _table(store, groups), "duplicates")
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
    st.text(
        f"{len(groups):,} group{'s' * (len(groups) != 1)}; "
        f"{spared:,} of {len(hashes.pictures):,} pictures could be spared."
    )
    _say_left_out(hashes, _cap(store, now))
    if not groups:
        st.info("No two pictures look the same.", icon=":material/check:")
        return
    first = (page_number(len(groups), GROUPS_PAGE, "duplicates_page") - 1) * GROUPS_PAGE
    for group in groups[first : first + GROUPS_PAGE]:
        _show_group(hub, store, group)


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


def _table(store: Store, groups: list[list[int]]) -> pd.DataFrame:
    ids = [picture for group in groups for picture in group]
    by_id = {of.picture: of for of in store.annotations_of(ids)}
    rows = [
        (n, of.title, of.folder, of.uri, of.picture == group[0])
        for n, group in enumerate(groups, 1)
        for of in (by_id[picture] for picture in group)
    ]
    return pd.DataFrame(rows, columns=["group", "picture", "folder", "uri", "kept"])


def _show_group(hub: Hub, store: Store, group: list[int]) -> None:
    shown = store.annotations_of(group[:ROW])
    with st.container(border=True):
        rest = len(group) - len(shown)
        more = f", {rest:,} more stand in the table" if rest else ""
        st.caption(f"{len(group):,} pictures{more}")
        show_row(hub, shown)
