"""Runs a dialog again while it waits: a fragment within it could only run the whole page."""

from __future__ import annotations

from pathlib import Path

from core.ui.components.widgets import browser_component


def show_ticker(key: str, every_ms: int) -> None:
    """Have the browser run what this stands in again every so many milliseconds."""
    component = browser_component("contact_sheet_ticker", Path(__file__).parent, "ticker.js")
    component(key=key, data={"every": every_ms}, on_tick_change=lambda: None)
