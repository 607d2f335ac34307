"""Submit page: the pictures are seen before they are sent, a strip for each folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.app.hub import Hub
from core.jobs.batch.sources import LocalPicture, Picture
from core.ui.components.strip import MOST, show_strip
from core.ui.components.widgets import escape_markdown

MOST_FOLDERS = 6


def show_previews(hub: Hub, pictures: Sequence[Picture]) -> None:
    """Strips of the largest folders; names are hostile text."""
    folders: dict[str, list[Picture]] = {}
    for picture in pictures:
        folders.setdefault(_folder(picture), []).append(picture)
    shown = sorted(folders.items(), key=lambda pair: -len(pair[1]))[:MOST_FOLDERS]
    for number, (folder, folder_pictures) in enumerate(shown):
        count = f"{len(folder_pictures):,} picture{'s' * (len(folder_pictures) != 1)}"
        if len(folders) > 1:
            st.markdown(f"**{escape_markdown(folder) or 'Top folder'}** :gray[{count}]")
        rows = [_row(hub, picture) for picture in folder_pictures[:MOST]]
        show_strip(rows, f"strip_{number}", label=f"{folder} {count}", total=len(folder_pictures))
    if len(folders) > MOST_FOLDERS:
        st.caption(f"{len(folders) - MOST_FOLDERS:,} more folders are sent too.")


def _folder(picture: Picture) -> str:
    name = picture.name if isinstance(picture, LocalPicture) else picture.uri
    return name.removeprefix("gs://").rpartition("/")[0]


def _row(hub: Hub, picture: Picture) -> dict[str, Any]:
    scope = hub.visitor.scope
    base = f"gallery/{hub.gallery.token(scope)}"
    if isinstance(picture, LocalPicture):
        address = f"{base}/local/{hub.gallery.local_address(picture.path, scope)}"
    else:
        address = f"{base}/thumbnail/{hub.gallery.address(picture.uri, 0, scope)}"
    size = f"{picture.size / 1000:,.0f} kB" if picture.size else ""
    return {"name": picture.name.rpartition("/")[2], "about": size, "thumbnail": address}
