"""A picture on which a box is drawn, with the pointer or by four numbers."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.ui.components.widgets import browser_component

FOLDER = Path(__file__).parent


def choose_box(key: str, image: str, name: str) -> list[float] | None:
    """Draw it.

    Args:
        image: its address below the page's own, or a ``data:`` address.
        name: of the picture, for screen readers; may be hostile text.

    Returns:
        Left, top, width and height in per cent of the picture, as the browser sends them; None
        for all of it.
    """
    earlier = st.session_state.get(key, {}).get("box")
    drawn = browser_component("contact_sheet_box", FOLDER, "box.css", "box.js")(
        key=key,
        data={"image": image, "name": name, "box": earlier},
        on_box_change=lambda: None,
    )
    return list(drawn.box) if isinstance(drawn.box, (list, tuple)) else None
