"""One picture large: overlays, neighbours within the filters, and everything known about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import streamlit as st

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.results.columns.text_query import TextQuery
from core.results.pictures.overlays import draw, is_named
from core.results.query.filters import Filters
from core.results.query.picture.annotations import SHAPE_KINDS, Annotations
from core.results.query.picture.read_annotations import with_face_points
from core.results.query.picture.text_hits import with_hits
from core.results.query.store import Store
from core.results.shards.limits import read_shard
from core.results.vocabulary import said_unknown
from core.ui.components import url_state
from core.ui.components.chart_card import show_table
from core.ui.components.pictures.gallery_link import show_gallery_link
from core.ui.components.pictures.overlays import NAMES, choose_kinds, show_response
from core.ui.components.widgets import escape_markdown, show_error

LARGE = 1_600  # pixels on the longer side


def show_picture(hub: Hub, store: Store, now: Filters, picture: int) -> None:
    """The whole page for a picture's id."""
    annotations = store.annotations(picture)
    if annotations is None:
        st.info("This picture is not among the results.", icon=":material/hide_image:")
        _show_way_back()
        return
    _show_neighbours(store, now, picture)
    _show_title(hub, annotations)
    st.code(
        annotations.uri or f"Picture {annotations.number}: no address",
        language=None,
        wrap_lines=True,
    )
    if annotations.error_code:
        st.error(escape_markdown(annotations.error_message), icon=":material/error:")
    shards = {uri: _shard(hub, uri) for uri, _ in annotations.responses()}
    left, right = st.columns([3, 2], gap="large")
    with left:
        _show_image(hub, with_hits(annotations, TextQuery.parse(now.text)), shards)
        if annotations.text:
            st.markdown("**Text**")
            st.code(annotations.text, language=None, wrap_lines=True)
    with right:
        _show_tables(store, annotations)
    for (uri, entry), features in annotations.responses().items():
        if (shard := shards[uri]) is not None:
            _show_raw(shard, uri, entry, features)


def _show_title(hub: Hub, annotations: Annotations) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {escape_markdown(annotations.title)}", width="content")
        if annotations.folder:
            st.caption(escape_markdown(annotations.folder), width="content")
        show_gallery_link(hub, annotations)


def _show_raw(shard: bytes, uri: str, entry: int, features: list[str]) -> None:
    """One response; ``features`` names what is taken from it, if there are several."""
    part = f": {', '.join(features)}" if features else ""
    with st.expander(f"The response as it came{part}", icon=":material/data_object:"):
        show_response(shard, uri, entry)


def _show_way_back() -> None:
    st.page_link(
        "pages/explore.py",
        label="All pictures",
        icon=":material/arrow_back:",
        query_params=url_state.params(),
    )


def _show_neighbours(store: Store, now: Filters, picture: int) -> None:
    sort, group = url_state.arranged()
    ids = store.order().arrange(store.passing(now), sort, group)[0].tolist()
    place = ids.index(picture) if picture in ids else None
    with st.container(horizontal=True, vertical_alignment="center"):
        _show_way_back()
        for label, step, key in (("Previous", -1, "Left"), ("Next", 1, "Right")):
            target = None if place is None else place + step
            exists = target is not None and 0 <= target < len(ids)
            st.button(
                label,
                icon=f":material/chevron_{key.lower()}:",
                icon_position="left" if step < 0 else "right",
                shortcut=key,
                disabled=not exists,
                on_click=_go,
                args=(store, ids[target] if exists and target is not None else picture),
            )
        text = "not within the filters" if place is None else f"{place + 1:,} of {len(ids):,}"
        st.markdown(text, width="content")


def _go(store: Store, picture: int) -> None:
    annotations = store.annotations(picture)
    if annotations is not None:
        url_state.set_picture(annotations)


def _shard(hub: Hub, uri: str) -> bytes | None:
    try:
        return read_shard(hub.buckets, uri)
    except ContactSheetError as error:
        show_error(error)
        return None


def _show_image(hub: Hub, annotations: Annotations, shards: Mapping[str, bytes | None]) -> None:
    try:
        shard = shards.get(annotations.source("faces")[0])
        if annotations.faces and shard is not None:
            annotations = with_face_points(annotations, shard)
    except ContactSheetError as error:
        show_error(error)
    present = [kind for kind in SHAPE_KINDS if any(s.kind == kind for s in annotations.shapes)]
    if any(map(is_named, annotations.shapes)):
        present.append(NAMES)
    flagged = url_state.policy().flags(annotations.safe)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kinds = choose_kinds(present)
        shown = st.toggle("Show it all the same", key="show_flagged") if flagged else True
    if flagged and not shown:
        st.caption("Safe search finds it likely that some viewers would not want to see this.")
    try:
        page = annotations.page
        following = [page + 1] if page else []  # for who walks through a file by the arrow keys
        seen = hub.upright(annotations.uri, page, LARGE, following)
        image = draw(seen, annotations, blur=not shown, kinds=kinds, names=NAMES in kinds)
        st.image(image, width="stretch", alt=annotations.title)
    except ContactSheetError as error:
        show_error(error)


def _show_tables(store: Store, annotations: Annotations) -> None:
    tables: dict[str, list[dict[str, Any]]] = {
        title: [{"name": name, "score": score} for name, score in pairs]
        for title, pairs in _named(annotations).items()
    }
    unjudged = {table: store.unjudged(table) for table in ("faces", "safe_search")}
    tables["Faces"] = [
        {name: value for name, value in face.items() if name not in unjudged["faces"]}
        for face in annotations.faces
    ]
    tables["Dominant colours"] = [
        {"colour": _swatch(name), "hex": name, "score": score, "part of the picture": part}
        for name, score, part in annotations.colors
    ]
    tables["Safe search"] = [
        {"category": name, "likelihood": level.replace("_", " ").lower()}
        for name, level in annotations.safe.items()
        if name not in unjudged["safe_search"]
    ]
    notes = {
        "Faces": said_unknown("faces", unjudged["faces"]),
        "Safe search": said_unknown("safe_search", unjudged["safe_search"]),
    }
    for title, rows in tables.items():
        if rows:
            show_table(
                title,
                rows,
                f"picture_{title}",
                hidden=["colour"] if title == "Dominant colours" else (),
                heading=True,
                about=annotations.title,
                column_config={"colour": st.column_config.ImageColumn(width="small")},
            )
            if note := notes.get(title):
                st.caption(f":material/help: {note}")


def _named(annotations: Annotations) -> dict[str, tuple[tuple[str, float], ...]]:
    return {
        "Labels": annotations.labels,
        "Objects": annotations.objects,
        "Landmarks": annotations.landmarks,
        "Logos": annotations.logos,
        "Web entities": annotations.web,
    }


def _swatch(color: str) -> str:
    """A picture of one colour; ``color`` comes from our own tables as "#rrggbb"."""
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='48' height='20'>"
        f"<rect width='48' height='20' fill='{color}'/></svg>"
    )
    return f"data:image/svg+xml;utf8,{quote(svg)}"
