"""Submit page: the pictures are seen before they are sent, a strip for each folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core.app.hub import Hub
from core.jobs.batch.amounts import counted, in_bytes
from core.jobs.batch.sources import LocalPicture, Picture, wanted_pages
from core.jobs.sending.preflight.preflight import Looked
from core.ui.components.pictures.strip import MOST, show_strip
from core.ui.components.widgets import escape_markdown

MOST_FOLDERS = 4  # with a strip of their own; the others are named below
LINES_ALONE = 5  # of a batch without folders
LEFT_FOLDERS = "left_folders"


def show_heading(looked: Looked, chosen: Sequence[Picture], first: bool) -> None:
    """How many pictures and pages, of which formats, and how many bytes.

    Args:
        first: nothing was sent yet, and these are the sample's.
    """
    files = [len(wanted_pages(picture)) for picture in chosen if picture.pages]
    formats = Counter(picture.format for picture in chosen if picture.format)
    parts = [f"{count:,} {name}" for name, count in formats.most_common()]
    if size := sum(picture.size or 0 for picture in chosen):
        parts.append(in_bytes(size))
    with st.container(key="submit_heading", horizontal=True, vertical_alignment="center"):
        start = " to start with" if first else ""
        title = f"### {counted(len(chosen) - len(files), sum(files))}{start}"
        st.markdown(title, width="content")
        st.space("stretch")
        st.caption(" · ".join(parts), width="content")
    if first:
        st.caption(
            "Photographs, papers and charts that come with Contact Sheet. Send them, and see what "
            "a batch tells you."
        )
    if looked.unchecked:
        st.caption(f"{looked.unchecked:,} pictures were not opened, since there are so many.")


def choose_folders(
    hub: Hub, pictures: Sequence[Picture], opened: Callable[[Picture], None]
) -> tuple[Picture, ...]:
    """Strips of the largest folders, each with a tick; returns the pictures of those ticked.

    Args:
        opened: called with a picture that is pressed.
    """
    folders: dict[str, list[Picture]] = {}
    for picture in pictures:
        folders.setdefault(_folder(picture), []).append(picture)
    if len(folders) < 2:
        if pictures:
            _show(hub, list(pictures), "strip_all", "All pictures", opened, LINES_ALONE)
        return tuple(pictures)
    ordered = sorted(folders, key=lambda name: (-len(folders[name]), name))
    left = [
        name
        for number, name in enumerate(ordered[:MOST_FOLDERS])
        if not _show_folder(hub, number, name, folders[name], opened)
    ]
    left += _leave_out(ordered[MOST_FOLDERS:], folders)
    return tuple(picture for picture in pictures if _folder(picture) not in set(left))


def _show_folder(
    hub: Hub, number: int, name: str, there: list[Picture], opened: Callable[[Picture], None]
) -> bool:
    """Draw a folder's strip; returns whether it is ticked."""
    shown, count = escape_markdown(name.rpartition("/")[2]) or "Top folder", _count(there)
    ticked = st.checkbox(
        f"**{shown}** :gray[{count}]",
        value=True,
        key=f"folder_{name}",
        help=escape_markdown(name) if "/" in name else None,
        persist_state="page",
    )
    _show(hub, there, f"strip_{number}", f"{name} {count}", opened, 1)
    return ticked


def _leave_out(names: Sequence[str], folders: dict[str, list[Picture]]) -> list[str]:
    """The folders without a strip: all are sent but those that are chosen here."""
    if not names:
        return []
    pictures = [picture for name in names for picture in folders[name]]
    st.caption(f"{len(names):,} more folders with {_count(pictures)} are sent too.")
    return st.multiselect(
        "Folders to leave out",
        names,
        key=LEFT_FOLDERS,
        placeholder="Leave folders out",
        label_visibility="collapsed",
        persist_state="page",
    )


def _count(pictures: Sequence[Picture]) -> str:
    files = [len(wanted_pages(picture)) for picture in pictures if picture.pages]
    return counted(len(pictures) - len(files), sum(files))


def _show(
    hub: Hub,
    there: Sequence[Picture],
    key: str,
    label: str,
    opened: Callable[[Picture], None],
    lines: int,
) -> None:
    rows = [row(hub, picture) for picture in there[:MOST]]
    total = len(there)
    show_strip(
        rows, key, label=label, total=total, lines=lines, opened=lambda at: opened(there[at])
    )


def _folder(picture: Picture) -> str:
    name = picture.name if isinstance(picture, LocalPicture) else picture.uri
    return name.removeprefix("gs://").rpartition("/")[0]


def row(hub: Hub, picture: Picture) -> dict[str, Any]:
    """A picture as ``show_strip`` wants it; its name is hostile text."""
    facts = [picture.format, f"{picture.width:,} x {picture.height:,}" if picture.width else ""]
    pages = f"{picture.pages:,} page{'s' * (picture.pages != 1)}" if picture.pages else ""
    facts.append(pages)
    facts.append(f"{picture.frames:,} frames" if picture.frames else "")
    facts.append(in_bytes(picture.size) if picture.size else "")
    return {
        "name": picture.name.rpartition("/")[2],
        "pages": pages,
        "about": " · ".join(fact for fact in facts if fact),
        "thumbnail": thumbnail(hub, picture),
    }


def thumbnail(hub: Hub, picture: Picture) -> str:
    """Address of a picture's thumbnail, below the page's own."""
    scope = hub.visitor.scope
    base = f"gallery/{hub.gallery.token(scope)}"
    if isinstance(picture, LocalPicture):
        return f"{base}/local/{hub.gallery.local_address(picture.path, scope)}"
    page = 1 if picture.pages else 0
    return f"{base}/thumbnail/{hub.gallery.address(picture.uri, page, scope)}"
