"""A strip of pictures in a line or several: what is about to be sent, or how far a batch is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.ui.components.widgets import browser_component

MOST = 300  # pictures that the browser gets; of more, only how many there are
FOLDER = Path(__file__).parent


def show_strip(
    rows: Sequence[dict[str, Any]],
    key: str,
    *,
    label: str,
    total: int = 0,
    height: int = 112,
    lines: int = 1,
    whole: bool = False,
    opened: Callable[[int], None] | None = None,
    pressed: Callable[[int], None] | None = None,
) -> None:
    """Draw it.

    Args:
        rows: {thumbnail: address below the page's own, name, about, state}; names are hostile text,
            ``state`` is "", "waiting", "working" or "failed".
        label: what it is, for screen readers.
        total: pictures in all, if there are more than rows.
        height: of a line, pixels.
        lines: most of them; what has no room is one press away.
        whole: pictures are seen to their edges, and do not fill the line.
        opened: called with the place of a picture that is pressed.
        pressed: the same, before anything is drawn again: for what is drawn above the strip.
    """

    def take() -> None:
        at = st.session_state[key].opened
        if pressed is not None and isinstance(at, int) and 0 <= at < len(rows):
            pressed(at)

    clicked = browser_component("contact_sheet_strip", FOLDER, "strip.css", "strip.js")(
        key=key,
        data={
            "rows": list(rows[:MOST]),
            "total": max(total, len(rows)),
            "height": height,
            "lines": lines,
            "whole": whole,
            "label": label,
        },
        on_opened_change=take,
    )
    if opened is not None and isinstance(clicked.opened, int) and 0 <= clicked.opened < len(rows):
        opened(clicked.opened)
