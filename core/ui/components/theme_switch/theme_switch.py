"""Light or dark, one press away in the menu's line; Streamlit's own choice is deep in a menu."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.ui.components.style import theme
from core.ui.components.widgets import browser_component


def show_theme_switch(pages: Sequence[str]) -> None:
    """Draw it.

    Args:
        pages: paths of the pages: Streamlit remembers a theme for each address apart.
    """
    folder = Path(__file__).parent
    component = browser_component(
        "contact_sheet_theme", folder, "theme_switch.css", "theme_switch.js"
    )
    with st.container(key="theme_switch", width="content"):
        component(
            key="theme_switch_component",
            data={"theme": theme(), "pages": list(pages)},
            on_changed_change=lambda: None,
        )
