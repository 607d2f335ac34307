"""The first tab: labels, colours and safe search in a third, the contact sheet beside them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.app.hub import Hub
from core.results.charts.catalogue import BY_KEY
from core.results.charts.chart import Chart
from core.results.figures.sheet import label_bars, palette_strip, safe_tiles
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.vocabulary import SAFE_CATEGORIES
from core.ui.components import url_state
from core.ui.components.chart_card import show_heading
from core.ui.components.small_chart.small_chart import show_small_chart
from core.ui.explore.tabs.panes import NARROW, Drawn, beside_sheet, drawn, show_chart

if TYPE_CHECKING:
    from core.results.figures.drawing import Drawing

LABELS = 12
FEWER_LABELS = 8  # where safe search needs the room of several categories
MAIN = ("labels", "colors", "safe_search")  # tables of the three charts
# Charts that take the place of those of the three that a batch has no answers for.
OTHERS = (
    "objects", "faces", "languages", "products", "landmarks", "logos", "web", "crops", "errors"
)  # fmt: skip


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""

    def charts() -> None:
        there = store.features(Filters.empty())
        room = len(MAIN) - sum(bool(there[table]) for table in MAIN)
        if room == len(MAIN):
            _show_others(store, now, room, live=what.live)
            return
        safe = _safe(store, now)
        several = there["safe_search"] and safe["category"].nunique() > 1
        rows = FEWER_LABELS if several else LABELS
        _show_labels(store, now, rows, live=what.live)
        _show_colours(store, now, live=what.live)
        _show_safe(store, now, safe, live=what.live)
        if not what.live:
            _show_others(store, now, room)

    beside_sheet(hub, what, store, now, charts, widths=NARROW)


def _show_others(store: Store, now: Filters, room: int, *, live: bool = False) -> None:
    """In place of the three charts, or of some of them, what else the batch is about."""
    if live and not store.tables.pictures:
        st.caption("Charts appear with the first results and grow from there.")
        return
    left = room
    for key in OTHERS:
        if left and show_chart(BY_KEY[key], store, now):
            left -= 1
    if left == len(MAIN):
        st.caption("There is nothing to count in these results.")


def _note(store: Store, now: Filters, without: str | None, *, live: bool) -> str:
    count = store.count(now, without)
    if live:
        return f"so far, of {count:,}"
    return "" if count == store.tables.pictures else f"of the {count:,}"


def _show(
    chart: Chart,
    store: Store,
    figure: Drawing,
    frame: pd.DataFrame,
    chosen: Collection[Any],
    *,
    note: str,
    live: bool,
) -> None:
    """A chart under its title; a running job's numbers still change, and are no table yet."""
    show_heading(chart.title, None if live else frame, chart.key, note=note)

    def change(current: Filters, value: Any) -> Filters:
        return chart.clicked(store, current, value)

    show_small_chart(
        figure,
        chart.title,
        f"chart_{chart.key}",
        pressed=partial(url_state.change_filters, change),
        chosen=chosen,
    )


def _show_labels(store: Store, now: Filters, rows: int, *, live: bool) -> None:
    if not store.tables["labels"].num_rows:
        return

    def draw(theme: str) -> Drawn:
        mask, specific = store.mask(now, None), store.specific()
        frame = specific.count(mask, now.score, rows, now.labels)
        there = specific.present(mask, now.score)
        note = f"most specific, {min(rows, there)} of {there:,}"
        return Drawn(label_bars(frame, theme, now.labels, grows=live), frame, note)

    figure, frame, said = drawn(store, ("sheet labels", now, rows, live), draw)
    assert figure is not None
    note = _note(store, now, None, live=True) if live else said
    _show(BY_KEY["specific"], store, figure, frame, now.labels, note=note, live=live)


def _show_colours(store: Store, now: Filters, *, live: bool) -> None:
    def draw(theme: str) -> Drawn:
        frame = store.palette_batch(now)
        everything = replace(Filters.empty(), palette_no_greys=now.palette_no_greys)
        whole = store.palette_batch(everything)
        if whole.empty:
            return Drawn(None, frame)
        return Drawn(palette_strip(frame, whole, theme, now.color), frame)

    figure, frame, _ = drawn(store, ("sheet colours", now), draw)
    if figure is None:
        return
    note = _note(store, now, "color", live=live)
    pairs = zip(frame["hex"], frame["tolerance"], strict=True)
    chosen = [list(pair) for pair in pairs if pair[0] == now.color]
    _show(BY_KEY["palette"], store, figure, frame, chosen, note=note, live=live)
    about = "~" if live else ""
    swatches = [
        f"<span><i style='background:{color}'></i><code>{color}</code> {about}{share:.0%}</span>"
        for color, share in zip(frame["hex"], frame["share"], strict=True)
    ]
    said = "".join(swatches) or "<span>No colours in these pictures.</span>"
    st.html(f"<div class='swatches'>{said}</div>")  # of our own tables' numbers


def _safe(store: Store, now: Filters) -> pd.DataFrame:
    """Judged categories by likelihood. Columns: category, likelihood, pictures, whole."""

    def count() -> pd.DataFrame:
        chart = BY_KEY["safe"]
        whole = store.once("whole safe search", lambda: chart.ask(store, Filters.empty(), None))
        return chart.ask(store, now, None).assign(whole=whole["pictures"])

    return store.answer(("judged", now), count)


def _show_safe(store: Store, now: Filters, frame: pd.DataFrame, *, live: bool) -> None:
    if not store.tables["safe_search"].num_rows:
        return
    judged = list(dict.fromkeys(frame["category"]))

    def draw(theme: str) -> Drawn:
        row = 40 if len(judged) == 1 else 30
        return Drawn(safe_tiles(frame, theme, now.safe_is, row=row, grows=live), frame)

    figure = drawn(store, ("sheet safe", now, live), draw).figure
    assert figure is not None
    note = _note(store, now, None, live=live)
    chosen = [list(pair) for pair in now.safe_is]
    _show(BY_KEY["safe"], store, figure, frame, chosen, note=note, live=live)
    if missing := [name for name in SAFE_CATEGORIES if name not in judged]:
        st.caption(f"Not judged in this batch: {', '.join(missing)}.")
