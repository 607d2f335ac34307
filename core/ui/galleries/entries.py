"""Gallery page: what is there, who added it, and removing it."""

from __future__ import annotations

import base64
from collections import Counter

import streamlit as st

from core.app.own_galleries import Entry, EntryPicture, OwnGalleries
from core.errors import ContactSheetError
from core.ui.components import times
from core.ui.components.pictures.strip import show_strip
from core.ui.components.widgets import (
    empty_state,
    escape_markdown,
    page_number,
    page_number_below,
    show_error,
)

A_PAGE = 12
SHOWN = 24  # pictures of an entry
_FAULT = "gallery_remove_fault"
_EMPTY = {
    "logos": "Batches with *Logos* find nothing yet: the engine knows no logo by itself.",
    "landmarks": "Batches with *Landmarks* find nothing yet: the engine knows no place by itself.",
}


def show_entries(galleries: OwnGalleries, kind: str) -> None:
    """All of one gallery, a page at a time."""
    if fault := st.session_state.pop(_FAULT, None):
        show_error(fault)
    entries = galleries.entries(kind)
    if not entries:
        empty_state(":material/interests:", f"No {kind} yet", _EMPTY[kind])
        return
    pictures = sum(len(entry.pictures) for entry in entries)
    noun = kind if len(entries) > 1 else kind.rstrip("s")
    st.caption(f"{len(entries):,} {noun}, {pictures:,} picture{'s' * (pictures > 1)}")
    page = page_number(len(entries), A_PAGE, f"gallery_page_{kind}")
    for entry in entries[(page - 1) * A_PAGE : page * A_PAGE]:
        _show_entry(galleries, kind, entry)
    page_number_below(len(entries), A_PAGE, f"gallery_page_{kind}")


def _show_entry(galleries: OwnGalleries, kind: str, entry: Entry) -> None:
    with st.container(border=True, key=f"gallery_entry_{entry.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape_markdown(entry.name)}**", width="content")
            st.caption(_about(entry), width="content")
            st.space("stretch")
            if galleries.writable:
                st.button(
                    "Remove",
                    icon=":material/delete:",
                    type="tertiary",
                    key=f"gallery_remove_{kind}_{entry.id}",
                    on_click=_ask_to_remove,
                    args=(galleries, kind, entry),
                )
        rows = [_row(galleries, kind, entry, one) for one in entry.pictures[:SHOWN]]
        show_strip(
            rows,
            f"gallery_strip_{kind}_{entry.id}",
            label=f"Pictures of {entry.name}",
            total=len(entry.pictures),
            height=96,
            whole=True,
            opened=(lambda n: _open(galleries, kind, entry, n)) if galleries.writable else None,
        )


def _about(entry: Entry) -> str:
    parts = []
    if entry.position is not None:
        parts.append(f"{entry.position[0]:.5f}, {entry.position[1]:.5f}")
    count = len(entry.pictures)
    parts.append(f"{count} picture{'s' * (count > 1)}")
    people = Counter(one.by for one in entry.pictures if one.by)
    if people:
        parts.append(f"added by {', '.join(escape_markdown(name[:40]) for name in people)}")
    times_added = [one.at for one in entry.pictures if one.at is not None]
    if times_added:
        parts.append(times.day(max(times_added)))
    elif not people:
        parts.append("put in by hand")
    return " · ".join(parts)


def _row(galleries: OwnGalleries, kind: str, entry: Entry, one: EntryPicture) -> dict[str, str]:
    small = galleries.thumbnail(kind, entry, one)
    said = f"added by {one.by}" if one.by else ""
    row = {"name": entry.name, "about": f"{said} {times.day(one.at) if one.at else ''}".strip()}
    if small:
        row["thumbnail"] = f"data:image/webp;base64,{base64.b64encode(small).decode()}"
    return row


def _ask_to_remove(galleries: OwnGalleries, kind: str, entry: Entry) -> None:
    st.dialog(f"Remove a {kind.rstrip('s')}")(_confirm)(galleries, kind, entry)


def _confirm(galleries: OwnGalleries, kind: str, entry: Entry) -> None:
    count = len(entry.pictures)
    st.markdown(
        f"**{escape_markdown(entry.name)}** with {count} picture{'s' * (count > 1)} goes for "
        "everybody, for good. Batches that are done keep what they found."
    )
    _buttons(galleries, kind, entry, "", "Remove it")


def _open(galleries: OwnGalleries, kind: str, entry: Entry, place: int) -> None:
    st.dialog("Picture of the gallery")(_show_one)(galleries, kind, entry, entry.pictures[place])


def _show_one(galleries: OwnGalleries, kind: str, entry: Entry, one: EntryPicture) -> None:
    st.markdown(f"**{escape_markdown(entry.name)}**")
    small = galleries.thumbnail(kind, entry, one)
    if small:
        st.image(small, alt=entry.name)
    by = f"Added by {escape_markdown(one.by)}" if one.by else "Added"
    st.caption(f"{by}, {times.moment(one.at)}" if one.at else "Put in by hand")
    last = len(entry.pictures) == 1
    st.markdown("It goes for everybody, for good." + " It is the only one." * last)
    _buttons(galleries, kind, entry, one.file, "Remove this picture")


def _buttons(galleries: OwnGalleries, kind: str, entry: Entry, file: str, label: str) -> None:
    with st.container(horizontal=True):
        pressed = st.button(
            label,
            type="primary",
            icon=":material/delete:",
            key="gallery_remove_now",
            on_click=_remove,
            args=(galleries, kind, entry, file),
        )
        if st.button("Keep it", key="gallery_keep") or pressed:
            st.rerun()  # of the whole page, without the dialog


def _remove(galleries: OwnGalleries, kind: str, entry: Entry, file: str) -> None:
    try:
        galleries.remove(kind, entry.id, file)
    except ContactSheetError as error:
        st.session_state[_FAULT] = error
