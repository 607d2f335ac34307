"""A button that copies a text to the clipboard."""

from __future__ import annotations

from pathlib import Path

from core.ui.components.widgets import browser_component

_FILES = ("copy_button.css", "copy_button.js")


def show_copy_button(text: str, label: str, key: str) -> None:
    """Draw it; nothing runs again when it is pressed.

    Args:
        text: what is copied; may be hostile.
        label: of the button, for screen readers and as its tooltip.
    """
    component = browser_component("contact_sheet_copy", Path(__file__).parent, *_FILES)
    component(key=key, data={"text": text, "label": label}, height="content", width="content")
