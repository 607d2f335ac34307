"""The pictures behind the filters: a page of thumbnails with their boxes, and one picture large."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import ContactSheetError
from core.results import figures
from core.results.annotations import Annotations
from core.results.filters import Filters
from core.results.overlays import draw
from core.results.store import Store
from core.ui import view
from core.ui.charts import theme
from core.ui.flagged import is_flagged
from core.ui.hub import Hub
from core.ui.widgets import plain

if TYPE_CHECKING:
    import pandas as pd

PER_PAGE = 24
COLUMNS = 4
THUMBNAIL = 420  # pixels on the longer side
THREADS = 4


def show_gallery(hub: Hub, store: Store, now: Filters) -> None:
    """One page of the pictures that pass."""
    count = store.count(now)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"{count:,} picture{'s' if count != 1 else ''}")
        boxes = st.toggle("Boxes", value=True, key="gallery_boxes")
        flagged = st.toggle("Show flagged pictures", key="gallery_flagged")
    if not count:
        st.info("No picture passes the filters.", icon=":material/filter_alt:")
        return
    pages = -(-count // PER_PAGE)
    number = _page_number(pages)
    frame = store.pictures(now, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    _show_grid(hub, store, frame, boxes=boxes, flagged=flagged)
    _show_palettes(store, frame)


def _page_number(pages: int) -> int:
    if st.session_state.get("gallery_page", 1) > pages:
        st.session_state["gallery_page"] = pages
    return st.pagination(pages, key="gallery_page") if pages > 1 else 1


def _show_grid(hub: Hub, store: Store, frame: pd.DataFrame, *, boxes: bool, flagged: bool) -> None:
    shown = store.annotations_of([int(n) for n in frame["picture"]])

    def thumbnail(annotations: Annotations) -> bytes | ContactSheetError:
        try:
            blur = is_flagged(annotations) and not flagged
            return _thumbnail(annotations.uri, boxes, blur, annotations, hub)
        except ContactSheetError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        images = list(pool.map(thumbnail, shown))
    for row in range(0, len(shown), COLUMNS):
        cells = zip(
            st.columns(COLUMNS), shown[row : row + COLUMNS], images[row : row + COLUMNS],
            strict=False,
        )  # fmt: skip
        for column, of_picture, image in cells:
            with column:
                _show_cell(of_picture, image)


def _show_palettes(store: Store, frame: pd.DataFrame) -> None:
    colors = store.palettes([int(n) for n in frame["picture"]])
    if colors.empty:
        return
    with st.expander("Dominant colours of each of these pictures", icon=":material/palette:"):
        st.plotly_chart(
            figures.palettes(colors, theme()),
            theme=None,
            config={"displayModeBar": False},
            alt="One strip of dominant colours a picture; the same stands in each picture's panel.",
        )


def _show_cell(annotations: Annotations, image: bytes | ContactSheetError) -> None:
    name = annotations.uri.rsplit("/", 1)[-1] or f"Picture {annotations.number}"
    with st.container(border=True, height="stretch"):
        if isinstance(image, bytes):
            st.image(image, width="stretch", alt=name)
        else:
            st.caption(f":material/broken_image: {plain(image.what)}")
        st.page_link(
            "pages/picture.py",
            label=plain(name[-40:]),
            query_params=view.params()
            | view.picture_params(annotations.uri, annotations.page, annotations.picture),
        )
        if annotations.error_code:
            st.caption(f":material/error: {plain(annotations.error_message[:120])}")
        elif annotations.labels:
            st.caption(plain(", ".join(label for label, _ in annotations.labels[:3])))


@st.cache_data(max_entries=1_000, show_spinner=False, ttl=3600)
def _thumbnail(uri: str, boxes: bool, blur: bool, _annotations: Annotations, _hub: Hub) -> bytes:
    """A PNG of the picture with its boxes."""
    kinds = None if boxes else ()
    return draw(_hub.buckets.read(uri), _annotations, THUMBNAIL, blur=blur, kinds=kinds)
