"""Charts by keyboard: the tabulator reaches each, arrows its marks, Enter presses one."""

from __future__ import annotations

from pathlib import Path

from core.ui.components.widgets import browser_component


def show_chart_keys() -> None:
    """Draw it, unseen, once a page; it serves every chart there that can be pressed."""
    folder = Path(__file__).parent
    component = browser_component("contact_sheet_keys", folder, "chart_keys.css", "chart_keys.js")
    component(key="chart_keys", data={}, height="content")
