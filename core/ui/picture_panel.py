"""One picture large, with everything that is known about it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import streamlit as st

from core.errors import ContactSheetError
from core.results.annotations import SHAPE_KINDS, Annotations
from core.results.overlays import draw
from core.ui.hub import Hub
from core.ui.widgets import plain, show_error

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

LARGE = 1_200  # pixels on the longer side
KINDS = {
    "crop_hint": "Crop hints",
    "landmark": "Landmarks",
    "object": "Objects",
    "product": "Products",
    "logo": "Logos",
    "word": "Words",
    "face": "Faces",
    "face_point": "Face points",
}


def show_picture(hub: Hub, annotations: Annotations, *, blur: bool) -> None:
    """Open the dialog; it closes by its cross, by Escape or by a click beside it."""
    st.dialog("Picture", width="large", on_dismiss=_closed)(_show)(hub, annotations, blur)


def _closed() -> None:
    st.session_state.pop("open_picture", None)


def _show(hub: Hub, annotations: Annotations, blur: bool) -> None:
    st.code(annotations.uri or f"Picture {annotations.number}: no address", language=None)
    if annotations.error_code:
        st.error(plain(annotations.error_message), icon=":material/error:")
    present = [kind for kind in SHAPE_KINDS if any(s.kind == kind for s in annotations.shapes)]
    kinds = present
    if present:
        kinds = st.pills(
            "Drawn on the picture",
            present,
            selection_mode="multi",
            default=present,
            format_func=KINDS.__getitem__,
            key=f"kinds_{annotations.picture}",
        )
    try:
        image = draw(hub.buckets.read(annotations.uri), annotations, LARGE, blur, kinds)
        st.image(image, width="stretch", alt=annotations.uri)
    except ContactSheetError as error:
        show_error(error)
    _show_tables(annotations)


def _show_tables(annotations: Annotations) -> None:
    left, right = st.columns(2)
    for title, rows in {
        "Labels": annotations.labels,
        "Objects": annotations.objects,
        "Landmarks": annotations.landmarks,
        "Logos": annotations.logos,
        "Web entities": annotations.web,
    }.items():
        if rows:
            left.markdown(f"**{title}**")
            left.dataframe(
                [{"name": name, "score": score} for name, score in rows], hide_index=True
            )
    if annotations.colors:
        right.markdown("**Dominant colours**")
        _swatches(right, annotations)
    if annotations.safe:
        right.markdown("**Safe search**")
        right.dataframe(
            [
                {"category": name, "likelihood": level.replace("_", " ").lower()}
                for name, level in annotations.safe.items()
            ],
            hide_index=True,
        )
    if annotations.text:
        st.markdown("**Text**")
        st.code(annotations.text, language=None, wrap_lines=True)


def _swatches(place: DeltaGenerator, annotations: Annotations) -> None:
    """The palette as coloured rows, each with its numbers."""
    colors = [name for name, _, _ in annotations.colors]
    place.dataframe(
        [
            {"colour": _swatch(name), "hex": name, "score": score, "part of the picture": part}
            for name, score, part in annotations.colors
        ],
        hide_index=True,
        column_config={"colour": st.column_config.ImageColumn(width="small")},
        alt=f"Dominant colours: {', '.join(colors)}",
    )


def _swatch(color: str) -> str:
    """A picture of one colour; ``color`` comes from our own tables as "#rrggbb"."""
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='48' height='20'>"
        f"<rect width='48' height='20' fill='{color}'/></svg>"
    )
    return f"data:image/svg+xml;utf8,{quote(svg)}"
