"""A small chart of bars: there at once, since it does not wait for plotly's scripts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.ui.components.chart_card import file_stem
from core.ui.components.small_chart.geometry import geometry
from core.ui.components.widgets import browser_component

if TYPE_CHECKING:
    import plotly.graph_objects as go


def show_small_chart(
    figure: go.Figure,
    title: str,
    key: str,
    *,
    pressed: Callable[[Any], None],
    chosen: Collection[Any] = (),
) -> None:
    """Draw a figure that ``geometry`` can read.

    Args:
        title: what the chart is called; also the name of its picture.
        key: of the chart on its page.
        pressed: gets the ``customdata`` of a mark that is pressed, before the page runs again.
        chosen: the values of the marks that are chosen.
    """
    folder = Path(__file__).parent
    component = browser_component(
        "contact_sheet_small_chart", folder, "small_chart.css", "small_chart.js"
    )

    def take() -> None:
        value = st.session_state[key].pressed
        if value is not None:
            pressed(value)

    data = geometry(figure) | {"title": title, "key": key, "file": file_stem(title)}
    component(key=key, data=data | {"chosen": list(chosen)}, on_pressed_change=take)
