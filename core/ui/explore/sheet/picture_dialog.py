"""One picture large over the sheet: neighbours by arrow keys, boxes, what was found, raw JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.app.gallery_cells import said_of
from core.app.hub import Hub
from core.errors import ContactSheetError
from core.results.columns.text_query import TextQuery
from core.results.pictures.overlays import is_named
from core.results.query.filters import Filters
from core.results.query.picture.annotations import SHAPE_KINDS, Annotations
from core.results.query.picture.read_annotations import with_face_points
from core.results.query.picture.text_hits import with_hits
from core.results.query.store import Store
from core.results.shards.limits import read_picture, read_shard
from core.results.theme import FEATURE_COLORS, LOOKS
from core.ui.components import url_state as view
from core.ui.components.pictures.gallery_link import show_gallery_link
from core.ui.components.pictures.overlays import NAMES, choose_kinds, show_response
from core.ui.components.pictures.picture_facts import facts_of, shapes_of
from core.ui.components.style import theme
from core.ui.components.widgets import browser_component, escape_markdown, show_error, show_step

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

AT = "dialog_at"  # place of the picture that is open, on its sheet
LEFT = "sheet_left"  # (view, place, how often): where the sheet goes on when the dialog is closed
WIDTH = 1280


@dataclass(frozen=True, slots=True)
class _Opened:
    """What the dialog walks through: a sheet's pictures in their order, -1 and below not done.

    Attributes:
        begin: place of the picture that it was opened at, and what that one is called by.
    """

    hub: Hub
    store: Store
    now: Filters
    pictures: Sequence[int]
    view: str
    begin: tuple[int, Annotations | None]

    def at(self, place: int) -> Annotations | None:
        """All about the picture at a place."""
        begin, first = self.begin
        return first if place == begin else self.store.annotations(int(self.pictures[place]))


def component() -> ComponentRenderer:
    """A picture with its shapes, or what was found on it: by the data that it gets."""
    files = ("marking.css", "picture.css", "marking.js", "picture.js")
    return browser_component("contact_sheet_picture", Path(__file__).parent, *files)


def registered(
    hub: Hub,
    what: view.Subject,
    store: Store,
    now: Filters,
    pictures: Sequence[int],
    waiting: Sequence[str] = (),
) -> str:
    """Name by which the browser fetches these pictures and sends their marks.

    Args:
        waiting: names of those that are still to come, as in ``GalleryCells.register``.
    """
    return hub.gallery.register(
        store,
        pictures,
        view.policy(),
        TextQuery.parse(now.text),
        scope=hub.visitor.scope,
        waiting=waiting,
        batch=what.batch,
    )


def open_at(
    hub: Hub, store: Store, now: Filters, pictures: Sequence[int], place: int, view_name: str
) -> None:
    """Open the picture at a place of a sheet."""
    if not 0 <= place < len(pictures):
        return
    st.session_state[AT] = place
    first = store.annotations(int(pictures[place]))
    opened = _Opened(hub, store, now, pictures, view_name, (place, first))
    name = escape_markdown(first.title) if first is not None else "Picture"
    st.dialog(name, width=WIDTH, on_dismiss=_closed(view_name))(_show)(opened)


def open_alone(
    hub: Hub,
    what: view.Subject,
    store: Store,
    now: Filters,
    pictures: Sequence[int],
    place: int,
) -> None:
    """Open the picture at a place of a list that has no sheet of its own; it can be marked, too."""
    open_at(hub, store, now, pictures, place, registered(hub, what, store, now, pictures))


def _closed(view_name: str) -> Callable[[], None]:
    def close() -> None:
        times = st.session_state.get(LEFT, ("", 0, 0))[2] + 1
        st.session_state[LEFT] = (view_name, st.session_state.get(AT, 0), times)

    return close


def _show(opened: _Opened) -> None:
    with st.container(key="dialog_picture"):
        _show_picture(opened)


def _show_picture(opened: _Opened) -> None:
    at = min(st.session_state.get(AT, 0), len(opened.pictures) - 1)
    annotations = opened.at(at)
    if annotations is None:
        st.info("This picture is not among the results.", icon=":material/hide_image:")
        return
    hub, flagged = opened.hub, view.policy().flags(annotations.safe)
    shard = _shard(hub, annotations.source("faces")[0]) if annotations.faces else None
    shown = with_hits(annotations, TextQuery.parse(opened.now.text))
    if shard is not None:
        shown = with_face_points(shown, shard)
    _show_title(shown)
    with st.container(key="dialog_bar", horizontal=True, vertical_alignment="center"):
        _show_arrows(opened, at)
        kinds = choose_kinds(_present(shown), compact=True)
        veiled = flagged and not st.toggle("Show it all the same", key=f"dialog_flagged_{at}")
        st.space("stretch")
        _show_ways_out(hub, annotations)
    if annotations.error_code:
        st.error(escape_markdown(annotations.error_message), icon=":material/error:")
    left, right = st.columns([760, 448], gap="medium")
    with left:
        show_stage(hub, shown, kinds, veiled=veiled, marking=_marking(opened, at))
    with right, st.container(key="dialog_facts"):
        component()(
            key="picture_facts",
            data={"facts": facts_of(shown), "muted": LOOKS[theme()].dimmed},
        )
        _show_raw(hub, annotations)


def _show_title(of: Annotations) -> None:
    with st.container(key="dialog_title", horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {escape_markdown(of.title)}", width="content")
        if of.folder:
            st.caption(escape_markdown(of.folder), width="content")


def _show_arrows(opened: _Opened, at: int) -> None:
    for step in (-1, 1):
        target = at + step
        while 0 <= target < len(opened.pictures) and opened.pictures[target] < 0:
            target += step  # not annotated yet
        show_step("dialog", step, 0 <= target < len(opened.pictures), _go, target)
    st.markdown(f"**{at + 1:,}** of {len(opened.pictures):,}", width="content")


def _go(place: int) -> None:
    st.session_state[AT] = place


def _present(of: Annotations) -> list[str]:
    drawn = {shape.kind for shape in of.shapes}
    kinds = [kind for kind in SHAPE_KINDS if kind in drawn]
    named = any(map(is_named, of.shapes))
    return [*kinds, NAMES] if named else kinds


def _show_ways_out(hub: Hub, of: Annotations) -> None:
    st.page_link(
        "pages/picture.py",
        label="Own page",
        icon=":material/open_in_new:",
        query_params=view.picture_query(of),
    )
    show_gallery_link(hub, of)
    if of.uri and not of.page and hub.may_see(of.uri):
        st.download_button(
            "Download",
            lambda: read_picture(hub.buckets, of.uri),
            of.title,
            "application/octet-stream",
            key="dialog_download",
            icon=":material/download:",
            on_click="ignore",
        )


def _marking(opened: _Opened, at: int) -> dict[str, object] | None:
    """What the large picture needs to mark it; None where this visitor may not."""
    hub, picture = opened.hub, int(opened.pictures[at])
    if not hub.marks.writable:
        return None
    base = f"gallery/{hub.gallery.token(hub.visitor.scope)}"
    return {"base": base, "view": opened.view, "place": at, **said_of(opened.store, picture)}


def show_stage(
    hub: Hub,
    of: Annotations,
    kinds: list[str],
    *,
    veiled: bool,
    marking: dict[str, object] | None = None,
    key: str = "picture_stage",
    palette: bool = True,
) -> None:
    """The picture with shapes of some kinds and its colours, or why it is not shown."""
    if not of.uri:
        st.info("The answer does not say which picture it is of.", icon=":material/hide_image:")
        return
    if not hub.may_see(of.uri):
        st.info("This picture is not yours to see.", icon=":material/lock:")
        return
    try:
        placing = hub.gallery.thumbnails.placing(of.uri, of.page)
    except ContactSheetError as error:
        show_error(error)
        return
    scope = hub.visitor.scope
    address = hub.gallery.address(of.uri, of.page, scope)
    base = f"gallery/{hub.gallery.token(scope)}"
    component()(
        key=key,
        data={
            "thumbnail": f"{base}/thumbnail/{address}" + "&veiled=1" * veiled,
            "large": f"{base}/large/{address}" + "&veiled=1" * veiled,
            "size": [placing.width, placing.height],
            "shapes": shapes_of(of, placing),
            "kinds": [kind for kind in kinds if kind != NAMES],
            "names": NAMES in kinds,
            "colors": FEATURE_COLORS,
            "palette": [[c, part or score] for c, score, part in of.colors if palette],
            "name": of.title,
            "marking": marking,
        },
    )


def _shard(hub: Hub, uri: str) -> bytes | None:
    try:
        return read_shard(hub.buckets, uri)
    except ContactSheetError:
        return None  # points of faces are missing then; the raw answer says why


def _show_raw(hub: Hub, of: Annotations) -> None:
    """Each response that the picture's answers are taken from; read when it is opened."""
    for number, ((uri, entry), features) in enumerate(of.responses().items()):
        part = f": {', '.join(features)}" if features else ""
        panel = st.expander(
            f"Raw answer (JSON){part}",
            icon=":material/data_object:",
            key=f"dialog_raw_{number}",
            on_change="rerun",
        )
        if not panel.open:
            continue
        with panel:
            try:
                show_response(read_shard(hub.buckets, uri), uri, entry)
            except ContactSheetError as error:
                show_error(error)
