"""How a tab is laid out: charts on the left, the sheet beside them, each with its own scroll."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from core.app.hub import Hub
from core.results.charts.chart import Chart, Form
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.ui.components import url_state
from core.ui.components.chart_card import set_ground, show_figure, show_heading
from core.ui.components.style import theme
from core.ui.explore.sheet.sheet import show_sheet

if TYPE_CHECKING:
    import pandas as pd

    from core.results.figures.drawing import Drawing

NARROW, WIDE = [448, 920], [760, 608]  # pixels of 1,440, with 24 between


def beside_sheet(
    hub: Hub,
    what: url_state.Subject,
    store: Store,
    now: Filters,
    charts: Callable[[], None],
    *,
    widths: list[int] | None = None,
    shown: Filters | None = None,
    **options: Any,
) -> None:
    """Charts, and beside them the pictures.

    Args:
        charts: draws the left part.
        shown: the filters of the sheet, where it does not show what passes.
        options: for ``show_sheet``.
    """
    panes = st.container(key="panes_sheet" if widths is NARROW else "panes")
    left, right = panes.columns(widths or WIDE, gap="medium")
    with left.container(key="pane_charts"):
        with st.container(key="charts_anchor"):
            st.header("Charts", anchor="charts")
        charts()
    # One ``with`` alone: a fragment copies each one it is in with all of its parents, at every run.
    with right.container(key="pane_sheet"):
        show_sheet(hub, what, store, shown or now, **options)


def show_chart(chart: Chart, store: Store, now: Filters) -> bool:
    """A chart of the catalogue; whether there is anything to show."""

    def draw(look: str) -> Drawn:
        frame = chart.ask(store, now, chart.group)
        if chart.is_empty(frame):
            return Drawn(None, frame)
        return Drawn(chart.figure(frame, look, chart.chosen(store, now)), frame)

    figure, frame, _ = drawn(store, (chart.key, now), draw, chosen=chart.clickable)
    if figure is not None:
        show_drawn(chart, store, figure, frame, note=chart.left_out(frame))
    note = chart.note(store)
    if note and (figure is not None or chart.form is Form.TILES):
        st.caption(note)
    return figure is not None


def show_drawn(
    chart: Chart, store: Store, figure: Drawing, frame: pd.DataFrame, *, note: str = ""
) -> None:
    """A chart that is drawn already, under its title; a click on a mark changes the filters.

    Args:
        note: stands small beside the title.
    """
    show_heading(chart.title, frame, chart.key, note=note)
    name = f"chart_{chart.key}"
    changed: Callable[[], None] | None = None
    if chart.clickable:
        changed = url_state.on_click(
            name, lambda current, value: chart.clicked(store, current, value)
        )
    if chart.form is Form.POINTS:  # as high as its place, which is lower on telephones
        with st.container(key="points_figure", height=figure.layout.height, border=False):
            show_figure(figure, chart.title, name, chosen=changed, stretched=True)
    else:
        show_figure(figure, chart.title, name, chosen=changed)


class Drawn(NamedTuple):
    """A figure, its numbers, and what stands small beside its title. Shared: not to be changed."""

    figure: Drawing | None
    frame: pd.DataFrame
    note: str = ""


def drawn(
    store: Store, question: Hashable, draw: Callable[[str], Drawn], *, chosen: bool = True
) -> Drawn:
    """A chart, counted and drawn once for all sessions that ask for the same.

    Args:
        question: all that it depends on besides the store and the theme.
        draw: gets the theme.
        chosen: whether its marks can be pressed.
    """
    look = theme()

    def make() -> Drawn:
        made = draw(look)
        if made.figure is not None:
            set_ground(made.figure, look, chosen=chosen)
            made.figure.finish()
        return made

    return store.answer(("chart", look, question), make)
