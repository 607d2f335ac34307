"""The pages' frame: what Streamlit has no option for, as one style sheet."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from core.results.theme import LOOKS, SIDES

_SHEET = Path(__file__).with_name("page.css")
_AMBER = {"light": "#a04a06", "dark": "#d87a2e"}  # the primary colours of config.toml
# In the dark Streamlit writes white on the amber of buttons and chosen values, at 3.1:1, and makes
# that amber darker on dark for a button without a ground that is open.
_DARK = f"""
[data-testid^="stBaseButton-primary"]:not(:disabled),
.st-key-header_report a *, .st-key-header_new a *,
[data-testid="stMultiSelectTagsContainer"] [data-tag] * {{
  color: {LOOKS["dark"].paper} !important;
}}
button[kind="tertiary"]:is(:hover, :active, [aria-expanded="true"]) {{
  color: {_AMBER["dark"]};
}}"""


@cache
def _style(theme: str) -> str:
    look = LOOKS[theme]
    colors = f":root {{ --line: {look.line}; --muted: {look.muted}; --blank: {look.blank};"
    colors += f" --accent: {look.accent}; --paper: {look.paper}; --amber: {_AMBER[theme]};"
    colors += f" --left: {SIDES[theme][0]}; --right: {SIDES[theme][1]}; }}"
    dark = _DARK if theme == "dark" else ""
    return f"<style>{colors}{_SHEET.read_text(encoding='utf-8')}{dark}</style>"


def theme() -> str:
    """ "light" or "dark", as the browser shows the page."""
    return "dark" if st.context.theme.type == "dark" else "light"


def set_style() -> None:
    """Mend what Streamlit has no option for; above all take its own CSV button off every table:
    see ``chart_card.show_csv``."""
    st.html(_style(theme()))


def set_title(tab: str, heading: str) -> None:
    """The browser tab's title, and the page's heading for screen readers.

    Args:
        tab: what the browser's tab is called; plain text.
        heading: of the page; ours.
    """
    st.set_page_config(page_title=tab)
    with st.container(key="page_title"):
        st.title(heading, anchor=False)
